/**
 * Cases of the rules that reduce, multiply, move or make tensors. One table, so that
 * a rule's cases are found under its name: longer than other files.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs-core";
import { type HostTensor, toNumbers } from "../../../lib/numeric/tensor.ts";
import type { Case } from "./_elementwise_cases.ts";
import {
  bool,
  f32,
  i32,
  numbers,
  type TensorFunction,
  vector,
} from "../_run.ts";

const cube = numbers([2, 3, 2]);
const intCube = i32([2, 3, 2], [3, -1, 4, 1, -5, 9, 2, 6, -5, 3, 5, 8]);
const flags = bool([2, 3, 2], [1, 1, 1, 1, 0, 1, 0, 0, 0, 1, 0, 1]);
const matrix = numbers([2, 3]);

type Reduction = (
  x: tf.Tensor,
  axis?: number | number[],
  keepDims?: boolean,
) => tf.Tensor;

const reduction = (fn: Reduction, ...inputs: HostTensor[]): Case[] =>
  inputs.flatMap((x): Case[] => {
    const of = `of ${x.dtype}`;
    return [
      [`over all ${of}`, (x) => fn(x!), x],
      [`over all ${of}, kept`, (x) => fn(x!, undefined, true), x],
      [`over the first axis ${of}`, (x) => fn(x!, 0), x],
      [`over the last axis ${of}, kept`, (x) => fn(x!, -1, true), x],
      [`over two axes ${of}`, (x) => fn(x!, [0, -1]), x],
      [`over two axes ${of}, kept`, (x) => fn(x!, [1, 0], true), x],
      [`over no axis ${of}`, (x) => fn(x!, []), x],
    ];
  });

const argument = (fn: (x: tf.Tensor, axis?: number) => tf.Tensor): Case[] => [
  ["ties", (x) => fn(x!), vector(1, 3, 3, -2, -2)],
  ["ties of integers", (x) => fn(x!), i32([5], [1, 3, 3, -2, -2])],
  ["first axis", (x) => fn(x!), cube],
  ["middle axis", (x) => fn(x!, 1), cube],
  ["last axis", (x) => fn(x!, -1), cube],
];

// Ids of rows, half of them in segment 1, the others spread.
const uneven = (rows: number, segments: number) =>
  Array.from({ length: rows }, (_, i) => i % 2 ? 1 : i % segments);

const onOff = [false, true];
const running = (fn: typeof tf.cumsum) =>
  onOff.flatMap((exclusive) =>
    onOff.flatMap((reverse) =>
      [0, 1, 2].map((axis): Case => [
        `axis ${axis}${exclusive ? ", exclusive" : ""}${
          reverse ? ", reverse" : ""
        }`,
        (x) => fn(x!, axis, exclusive, reverse),
        cube,
      ])
    )
  );

// Whole numbers of eighths: their products and sums are exact in float32, so
// that the order of summation, which differs, does not show.
const eighths = (shape: number[], seed = 1) =>
  f32(shape, toNumbers(numbers(shape, seed)).map((x) => Math.round(8 * x) / 8));

const matMul = onOff.flatMap((tA) =>
  onOff.flatMap((tB): Case[] => {
    const fn: TensorFunction = (a, b) => tf.matMul(a!, b!, tA, tB);
    const what = `${tA ? "aᵀ" : "a"}·${tB ? "bᵀ" : "b"}`;
    const a = tA ? [3, 2] : [2, 3];
    const b = tB ? [4, 3] : [3, 4];
    const of = (aBatch: number[], bBatch: number[], m = 2, inner = 3) =>
      [
        eighths([...aBatch, ...(tA ? [inner, m] : [m, inner])]),
        eighths([...bBatch, ...(tB ? [4, inner] : [inner, 4])], 2),
      ] as const;
    const ints = (shape: number[]) =>
      i32(shape, toNumbers(eighths(shape)).map((x) => 8 * x));
    return [
      [`${what} of rank 2`, fn, ...of([], [])],
      [`${what} of rank 3`, fn, ...of([2], [2])],
      [`${what} of rank 4`, fn, ...of([2, 2], [2, 2])],
      [`${what}, a repeated`, fn, ...of([1], [3])],
      [`${what}, b repeated`, fn, ...of([3], [1])],
      [`${what} of rows`, fn, ...of([2, 3], [2, 3], 1)],
      [`${what} of rows, b repeated`, fn, ...of([2, 3], [1, 3], 1)],
      [`${what} of outer products`, fn, ...of([2, 3], [2, 3], 2, 1)],
      [`${what} of one product`, fn, ...of([3], [3], 1, 1)],
      [`${what} of integers`, fn, ints(a), ints(b)],
    ];
  })
);

const biased: TensorFunction = (a, b, c) => tf.add(tf.matMul(a!, b!), c!);

const three = [1, 2, 3].map((seed) => numbers([2, 3], seed));

export const shapeCases = {
  // Reductions
  Sum: reduction(tf.sum, cube, intCube),
  Mean: reduction(tf.mean, cube, intCube, flags),
  Prod: reduction(tf.prod, cube, intCube),
  Min: reduction(tf.min, cube, intCube),
  Max: reduction(tf.max, cube, intCube),
  All: reduction(tf.all, flags),
  Any: reduction(tf.any, flags),
  ArgMax: argument(tf.argMax),
  TopK: [1, 3, 5].map((k): Case => [
    `the largest ${k}`,
    (x) => Object.values(tf.topk(x!, k)),
    f32([2, 5], [3, -1, 4, -2, 5, 9, 2, 6, -5, 0.5]),
  ]),
  ArgMin: argument(tf.argMin),
  Cumsum: [
    ...running(tf.cumsum),
    ["integers", (x) => tf.cumsum(x!, 1), intCube],
  ],
  Cumprod: [
    ...running(tf.cumprod),
    ["integers", (x) => tf.cumprod(x!, 1), intCube],
  ],

  // Matrices
  BatchMatMul: [
    ...matMul,
    ["and a bias", biased, eighths([2, 3]), eighths([3, 4]), eighths([4])],
    ["and one for all", biased, eighths([2, 3]), eighths([3, 4]), eighths([1])],
    ["and a wider sum", biased, eighths([2, 3]), eighths([3, 1]), eighths([4])],
  ],

  // Shapes and types
  Identity: [["floats", tf.clone, cube], ["flags", tf.clone, flags]],
  Cast: [
    [
      "float to integer",
      (x) => tf.cast(x!, "int32"),
      vector(-2.7, -0.5, 0.9, 3),
    ],
    ["float to bool", (x) => tf.cast(x!, "bool"), vector(-2, -0, 0, 0.1, NaN)],
    ["integer to float", (x) => tf.cast(x!, "float32"), intCube],
    ["integer to bool", (x) => tf.cast(x!, "bool"), i32([3], [0, -1, 2])],
    ["bool to integer", (x) => tf.cast(x!, "int32"), flags],
    ["bool to float", (x) => tf.cast(x!, "float32"), flags],
  ],
  Reshape: [
    ["a length left open", (x) => tf.reshape(x!, [3, -1]), cube],
    ["to rank 0", (x) => tf.reshape(x!, []), vector(5)],
    ["twice", (x) => tf.reshape(tf.reshape(x!, [12]), [6, 2]), cube],
    [
      "there and back",
      (x) => tf.reshape(tf.reshape(x!, [12]), [2, 3, 2]),
      cube,
    ],
  ],
  ExpandDims: [
    ["in front", (x) => tf.expandDims(x!), matrix],
    ["at the end", (x) => tf.expandDims(x!, -1), matrix],
    ["before the last", (x) => tf.expandDims(x!, -2), matrix],
  ],
  Transpose: [
    ["reversed", (x) => tf.transpose(x!), cube],
    ["permuted", (x) => tf.transpose(x!, [1, 2, 0]), cube],
    ["as it was", (x) => tf.transpose(x!, [0, 1, 2]), cube],
    [
      "axes of length 1",
      (x) => tf.transpose(x!, [0, 3, 1, 2]),
      numbers([2, 3, 2, 1]),
    ],
    [
      "axes of length 1 and others",
      (x) => tf.transpose(x!, [2, 3, 1, 0]),
      numbers([2, 3, 2, 1]),
    ],
  ],
  Tile: [
    ["floats", (x) => tf.tile(x!, [2, 3]), matrix],
    ["flags", (x) => tf.tile(x!, [2, 1, 2]), flags],
    ["by broadcastTo", (x) => tf.broadcastTo(x!, [4, 2, 3]), matrix],
  ],
  Concat: [
    ["first axis", (...x) => tf.concat(x), ...three],
    ["last axis", (...x) => tf.concat(x, -1), numbers([2, 1]), matrix],
    [
      "more than ten",
      (x) => tf.concat(Array.from({ length: 12 }, (_, i) => tf.mul(x!, i))),
      vector(1, 2),
    ],
    [
      "integers",
      (x) => tf.concat([x!, tf.tensor1d([7], "int32")]),
      i32([2], [1, 2]),
    ],
  ],
  Pack: [
    ["first axis", (...x) => tf.stack(x), ...three],
    ["middle axis", (...x) => tf.stack(x, 1), ...three],
    ["new last axis", (...x) => tf.stack(x, -1), ...three],
    ["before the last", (...x) => tf.stack(x, -2), ...three],
    ["only one", (x) => tf.stack([x!], 1), matrix],
    ["scalars", (...x) => tf.stack(x), f32([], [1]), f32([], [2])],
  ],
  Unpack: [
    ["first axis", (x) => tf.unstack(x!), cube],
    ["last axis", (x) => tf.unstack(x!, -1), cube],
    ["middle axis", (x) => tf.unstack(x!, -2), cube],
  ],
  SplitV: [
    ["in equal parts", (x) => tf.split(x!, 2, 1), numbers([3, 4])],
    ["by lengths", (x) => tf.split(x!, [1, 3], -1), numbers([3, 4])],
    [
      "one length left open",
      (x) => tf.split(x!, [2, -1, 1], 1),
      numbers([3, 4]),
    ],
  ],
  Slice: [
    [
      "of a constant",
      (x) =>
        tf.add(
          x!,
          tf.slice(
            tf.tensor3d([[[1, 2, 3], [4, 5, 6]], [[7, 8, 9], [0, -1, -2]]]),
            [1, 0, 1],
            [1, -1, 2],
          ),
        ),
      numbers([2, 2]),
    ],
    ["to the end", (x) => tf.slice(x!, [0, 1, 0], [-1, -1, 1]), cube],
    ["of fewer axes", (x) => tf.slice(x!, 1), cube],
    ["of one element", (x) => tf.slice(x!, [1, 2, 0], [1, 1, 1]), intCube],
    ["of all", (x) => tf.slice(x!, [0, 0, 0], [2, 3, 2]), cube],
  ],
  PadV2: [
    ["with zeros", (x) => tf.pad(x!, [[1, 0], [0, 2]]), matrix],
    ["with a constant", (x) => tf.pad(x!, [[1, 2], [2, 1]], -0.5), matrix],
    ["of integers", (x) => tf.pad(x!, [[1, 1]], 7), i32([2], [1, 2])],
    ["with nothing", (x) => tf.pad(x!, [[0, 0], [0, 0]]), matrix],
  ],
  GatherV2: [
    ["rows", (x, i) => tf.gather(x!, i!), cube, i32([3], [1, 0, 1])],
    [
      "by a matrix",
      (x, i) => tf.gather(x!, i!, 1),
      cube,
      i32([2, 2], [2, 0, 1, 1]),
    ],
    ["last axis", (x, i) => tf.gather(x!, i!, -1), cube, i32([3], [1, 1, 0])],
    [
      "by what argMax gives",
      (x) => tf.gather(x!, tf.argMax(x!, 0)),
      vector(1, 5, 2),
    ],
    [
      "of batches",
      (x, i) => tf.gather(x!, i!, 1, 1),
      cube,
      i32([2, 2], [2, 0, 1, 1]),
    ],
    [
      "of batches of batches",
      (x, i) => tf.gather(x!, i!, 2, -1),
      cube,
      i32([2, 3, 2], [1, 0, 0, 0, 1, 1, 0, 1, 1, 0, 0, 0]),
    ],
    ["integers", (x, i) => tf.gather(x!, i!), intCube, i32([1], [1])],
  ],
  TensorScatterUpdate: [
    [
      "elements",
      (x, i) => tf.tensorScatterUpdate(x!, i!, tf.tensor1d([7, -8])),
      numbers([3, 2]),
      i32([2, 2], [0, 1, 2, 0]),
    ],
    [
      "rows",
      (x, i, rows) => tf.tensorScatterUpdate(x!, i!, rows!),
      numbers([3, 2]),
      i32([2, 1], [2, 0]),
      numbers([2, 2]),
    ],
  ],
  OneHot: [
    ["beyond both ends", (i) => tf.oneHot(i!, 3), i32([5], [-1, 0, 2, 3, 7])],
    [
      "of a matrix",
      (i) => tf.oneHot(i!, 2, 1, 0, "float32"),
      i32([2, 2], [1, 0, 0, 1]),
    ],
    [
      "other values",
      (i) => tf.oneHot(i!, 3, 0.25, -1, "float32"),
      i32([2], [2, 0]),
    ],
    ["other integers", (i) => tf.oneHot(i!, 3, 4, -1), i32([2], [2, 0])],
    ["flags", (i) => tf.oneHot(i!, 3, 1, 0, "bool"), i32([2], [2, 0])],
  ],
  UnsortedSegmentSum: [
    [
      "rank 1",
      (x, i) => tf.unsortedSegmentSum(x!, i! as tf.Tensor1D, 3),
      numbers([5]),
      i32([5], [2, 0, 2, 0, 0]),
    ],
    [
      "rank 3",
      (x, i) => tf.unsortedSegmentSum(x!, i! as tf.Tensor1D, 2),
      cube,
      i32([2], [1, 1]),
    ],
    [
      "beyond both ends",
      (x, i) => tf.unsortedSegmentSum(x!, i! as tf.Tensor1D, 2),
      numbers([4, 2]),
      i32([4], [-1, 0, 2, 1]),
    ],
    ...([
      ["of two tensors, one after the other", [2, 0, 2, 0, 0], [1, 1, -1]],
      ["of two tensors, enough for pieces", uneven(120, 9), uneven(50, 7)],
    ] as const).map(([title, first, second]): Case => [
      title,
      (x, y) => {
        const sums = (x: tf.Tensor, ids: readonly number[]) =>
          tf.unsortedSegmentSum(x, tf.tensor1d([...ids], "int32"), 9);
        return tf.add(sums(x!, first), sums(y!, second));
      },
      eighths([first.length, 3]),
      eighths([second.length, 3]),
    ]),
    ...([
      ["known ids", [2, 0, 2, 0, 0], 3],
      ["known ids beyond both ends", [-1, 0, 2, 1, 5], 2],
      ["known ids, a segment without rows", [0, 0, 3, 3, 3], 5],
      ["known ids, most in one segment", [7, 7, 7, 7, 7], 30],
      ["known ids, enough for pieces", uneven(120, 9), 9],
      ["known ids, enough for pieces of pieces", uneven(700, 100), 100],
    ] as const).map(([title, ids, segments]): Case => [
      title,
      (x) =>
        tf.unsortedSegmentSum(x!, tf.tensor1d([...ids], "int32"), segments),
      eighths([ids.length, 3]),
    ]),
  ],

  // Constants
  Fill: [
    ["floats", () => tf.fill([2, 3], -0.1)],
    ["a scalar", () => tf.fill([], 3)],
    ["integers", () => tf.fill([2], -3, "int32")],
    ["flags", () => tf.fill([2], 1, "bool")],
  ],
  ZerosLike: [cube, intCube, flags].map((
    x,
  ): Case => [x.dtype, tf.zerosLike, x]),
  OnesLike: [cube, intCube, flags].map((x): Case => [x.dtype, tf.onesLike, x]),
} satisfies Record<string, Case[]>;
