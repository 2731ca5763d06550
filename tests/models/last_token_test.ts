/** A transformer that nobody looks at computes less, and the same. */

import { assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs-core";
import { leavesOf, treeOf } from "../../lib/base/tree.ts";
import { runTraced } from "../../lib/onnx/runtime/compile.ts";
import type { Params } from "../../lib/optim/mod.ts";
import { type Hook, type Model, noHook } from "../../models/model.ts";
import type { Mode } from "../../models/training_mode.ts";
import {
  transformer,
  type TransformerOptions,
} from "../../models/transformer.ts";
import { assertClose, tensorOf, valuesOf } from "../_golden.ts";
import { numbers, withFloats } from "../trace/_run.ts";

const SIZES = {
  vocabulary: 4,
  length: 3,
  classes: 5,
  dModel: 6,
  heads: 2,
  dMlp: 7,
} as const;

// More rows than there are pairs of token and position: 4 · 3.
const TOKENS = Array.from({ length: 20 }, (_, i) => [i % 3, (i >> 1) % 4, 3]);

const CASES: Record<string, Partial<TransformerOptions>> = {
  "Nanda's": {},
  "without positions": { positions: "none" },
  "with biases, a norm before": { attentionBiases: true, norm: "pre" },
  "with a norm behind, StableMax": { norm: "post", attention: "stablemax" },
  "of two layers": { layers: 2 },
  "of no layer": { layers: 0 },
  "with dropout": { dropout: 0.5 },
};

for (const [name, options] of Object.entries(CASES)) {
  Deno.test(`logits and gradients of rows looked up: ${name}`, async () => {
    const found = async (hook: Hook, lastToken?: number) => {
      const model: Model = transformer({
        ...SIZES,
        ...options,
        ...(lastToken !== undefined && { lastToken }),
      });
      const params = treeOf(
        Object.entries(model.shapes!).map(([path, shape], i) =>
          [path, withFloats(numbers(shape, i + 1), "float64")] as const
        ),
      );
      const weights = withFloats(
        numbers([TOKENS.length, SIZES.classes], 99),
        "float64",
      );
      return await runTraced(
        ({ params, tokens, weights }) => {
          const leaves = leavesOf<tf.Tensor>(params);
          const logits = (params: Params) =>
            model.apply(params, tokens as tf.Tensor, hook, MODE);
          const { grads } = tf.valueAndGrads((...own: tf.Tensor[]) =>
            tf.sum(tf.mul(
              logits(treeOf(
                leaves.map(([path], i) => [path, own[i]!] as const),
              ) as Params),
              weights as tf.Tensor,
            ))
          )(leaves.map(([, leaf]) => leaf));
          return {
            logits: logits(params as Params),
            ...Object.fromEntries(
              leaves.map(([path], i) => [`of ${path}`, grads[i]!]),
            ),
          };
        },
        { params, tokens: tensorOf("int64", TOKENS), weights },
      );
    };
    const expected = await found((_name, x) => x);
    for (const lastToken of [3, undefined]) {
      const actual = await found(noHook, lastToken);
      assertEquals(Object.keys(actual), Object.keys(expected));
      for (const [what, tensor] of Object.entries(expected)) {
        assertEquals(actual[what]!.shape, tensor.shape);
        // Some dozens of sums of numbers up to 2, in another order.
        assertClose(
          valuesOf(actual[what]),
          valuesOf(tensor),
          { relative: 1e-11, absolute: 1e-11 },
          what,
        );
      }
    }
  });
}

// Masks that differ along the last axis, and so are those of all positions alike.
const MODE: Mode = {
  mask: (_name, _rate, shape) => {
    const size = shape.reduce((product, d) => product * d, 1);
    const values = Float32Array.from(
      { length: size },
      (_, i) => 0.5 + i % shape.at(-1)!,
    );
    return tf.tensor(values, [...shape]);
  },
  update: () => {},
};
