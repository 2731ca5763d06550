/**
 * The `similarity` probe: how alike the representations of a run's checkpoints
 * are.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs-core";
import type { SessionOptions } from "../onnx/session.ts";
import { toNumbers } from "../onnx/tensor.ts";
import { compile } from "../trace/run.ts";
import { short, table } from "../text.ts";
import { neuronHooksOf, rowsAt } from "./anatomy.ts";
import type { Matrix } from "./context.ts";
import { centred, evenPlaces, tensorOf } from "./matrices.ts";
import { finite, NotApplicableError, type RunProbe } from "./probe.ts";
import { trainActivation } from "./train_rows.ts";
import { evenlyChosen } from "./trajectory.ts";

/** How many checkpoints are compared, each with each. */
const MOST_CHECKPOINTS = 8;

/** How many train rows a representation is of, at most. */
const MOST_ROWS = 2000;

/** The result. */
export interface SimilarityResult {
  /** The checkpoints that are compared, oldest first. */
  readonly steps: readonly number[];
  /** Train rows that the representations are of, evenly chosen. */
  readonly samples: number;
  /** CKA of each with each, by hook: [checkpoint][checkpoint]. */
  readonly cka: Readonly<
    Record<string, readonly (readonly (number | null)[])[]>
  >;
}

/**
 * Linear CKA of the hidden activations (`hook_post`) of up to eight checkpoints,
 * each with each, on up to 2,000 train rows.
 *
 * Formula and source: {@link ckaMatrix}.
 */
export const similarity: RunProbe<"similarity", SimilarityResult> = {
  of: "run",
  name: "similarity",
  describe: "Linear CKA of the hidden activations between checkpoints",
  needs: "a run with two checkpoints or more, and hidden activations",

  async compute(run) {
    const chosen = evenlyChosen(run, MOST_CHECKPOINTS);
    const found = await run.each(
      "similarity",
      async (context) => {
        const hooks = neuronHooksOf(context);
        if (hooks.length === 0) {
          throw new NotApplicableError(
            `${context.model.source} has no hidden activations (hook_post)`,
          );
        }
        const matrices: Record<string, Matrix> = {};
        for (const name of hooks) {
          const matrix = await trainActivation(context, name);
          const places = evenPlaces(matrix.rows, MOST_ROWS);
          matrices[name] = rowsAt(matrix, places);
        }
        return { matrices, host: context.host };
      },
      chosen,
    );
    const cka: Record<string, (number | null)[][]> = {};
    for (const name of Object.keys(found[0]!.matrices)) {
      cka[name] = await ckaMatrix(
        found.map(({ matrices }) => matrices[name]!),
        found[0]!.host,
      );
    }
    return {
      steps: chosen.map(({ step }) => step),
      samples: Object.values(found[0]!.matrices)[0]!.rows,
      cka,
    };
  },

  text: ({ steps, samples, cka }) => [
    `linear CKA on ${samples} train rows`,
    ...Object.entries(cka).flatMap(([name, rows]) =>
      table([
        [name, ...steps.map(String)],
        ...rows.map((row, i) => [String(steps[i]), ...row.map(short)]),
      ])
    ),
  ],
};

/**
 * Linear CKA of representations of the same n rows, with columns centred:
 *
 *     CKA(X, Y) = ‖XᵀY‖²_F / (‖XᵀX‖_F ‖YᵀY‖_F)
 *
 * 1 where one is a rotation and a scaling of the other, 0 where no column of one is
 * correlated with any of the other; null where one of them is constant. Of few rows
 * it is above 0 of unrelated ones too.
 *
 * Source: Kornblith et al. (arXiv 1905.00414), Eq. 2 and 3 with linear kernels.
 *
 * @param matrices Representations, each [n, width].
 * @param options Where products are multiplied.
 * @returns Each with each.
 * @throws {RangeError} if they have not the same number of rows.
 */
export async function ckaMatrix(
  matrices: readonly Matrix[],
  options: SessionOptions = {},
): Promise<(number | null)[][]> {
  const different = matrices.find(({ rows }) => rows !== matrices[0]!.rows);
  if (different) {
    throw new RangeError(
      `Cannot compare representations of ${matrices[0]!.rows} and of ` +
        `${different.rows} rows: they must be of the same ones`,
    );
  }
  const tensors = matrices.map((matrix) => tensorOf(centred(matrix)));
  const sessions = new Map<string, Awaited<ReturnType<typeof compile>>>();
  const norm = async (i: number, j: number) => {
    const [a, b] = [tensors[i]!, tensors[j]!];
    const key = `${a.shape} ${b.shape}`;
    const session = sessions.get(key) ?? await compile(
      ({ a, b }) => ({
        squares: tf.sum(
          tf.square(tf.matMul(a as tf.Tensor2D, b as tf.Tensor2D, true)),
        ),
      }),
      { a, b },
      options,
    );
    sessions.set(key, session);
    const { squares } = await session.run({ a, b });
    return Math.sqrt(toNumbers(squares!)[0]!);
  };
  const norms: number[][] = [];
  for (let i = 0; i < tensors.length; i++) {
    norms.push([]);
    for (let j = 0; j <= i; j++) norms[i]!.push(await norm(i, j));
  }
  for (const session of sessions.values()) await session.close();
  return tensors.map((_, i) =>
    tensors.map((_, j) => {
      const between = norms[Math.max(i, j)]![Math.min(i, j)]!;
      return finite(between ** 2 / (norms[i]![i]! * norms[j]![j]!));
    })
  );
}
