/**
 * The `similarity` probe: how alike the representations of a run's checkpoints
 * are.
 *
 * @module
 */

import * as tf from "../../base/tfjs.ts";
import { short, table } from "../../base/terminal.ts";
import { type Matrix, tensorOf } from "../../numeric/matrix.ts";
import { finite } from "../../numeric/statistics.ts";
import type { HostTensor } from "../../numeric/tensor.ts";
import { compile } from "../../onnx/runtime/compile.ts";
import type { SessionOptions } from "../../onnx/runtime/options.ts";
import type { Session } from "../../onnx/runtime/session.ts";
import { NotApplicableError } from "../context/not_applicable.ts";
import { activationsOfRows } from "../context/train_rows.ts";
import { neuronHooksOf } from "../fourier/anatomy.ts";
import type { RunProbe } from "../probe.ts";
import { evenlyChosen } from "./trajectory.ts";

/** How many checkpoints are compared, each with each. */
const MOST_CHECKPOINTS = 8;

// How many train rows go through the networks at once.
const ROWS_AT_ONCE = 1024;

/** The result. */
export interface SimilarityResult {
  /** The checkpoints that are compared, oldest first. */
  readonly steps: readonly number[];
  /** Train rows that the representations are of: all. */
  readonly samples: number;
  /** CKA of each with each, by hook: [checkpoint][checkpoint]. */
  readonly cka: Readonly<
    Record<string, readonly (readonly (number | null)[])[]>
  >;
}

/**
 * Linear CKA of the hidden activations (`hook_post`) of up to eight checkpoints,
 * each with each, on all train rows. They go through the networks in parts, of
 * which only sums of products are kept.
 *
 * Formula and source: {@link CkaSums}.
 */
export const similarity: RunProbe<"similarity", SimilarityResult> = {
  of: "run",
  name: "similarity",
  describe: "Linear CKA of the hidden activations between checkpoints",
  needs: "a run with two checkpoints or more, and hidden activations",

  async compute(run) {
    const chosen = evenlyChosen(run, MOST_CHECKPOINTS);
    const { rows } = run.task.split().train;
    const cka = await run.together(
      "similarity",
      chosen,
      async (contexts, tell) => {
        const hooks = neuronHooksOf(contexts[0]!);
        if (hooks.length === 0) {
          throw new NotApplicableError(
            `${contexts[0]!.model.source} has no hidden activations ` +
              "(hook_post)",
          );
        }
        const sums = new Map(
          hooks.map((name) => [name, new CkaSums(contexts[0]!.host)]),
        );
        try {
          for (let at = 0; at < rows.length; at += ROWS_AT_ONCE) {
            tell(at, rows.length);
            const part = rows.subarray(at, at + ROWS_AT_ONCE);
            const found = [];
            for (const context of contexts) {
              found.push(await activationsOfRows(context, hooks, part));
            }
            for (const [name, own] of sums) {
              await own.add(found.map((matrices) => matrices[name]!));
            }
          }
          tell(rows.length, rows.length);
          return Object.fromEntries(
            [...sums].map(([name, own]) => [name, own.cka()]),
          );
        } finally {
          for (const own of sums.values()) await own.close();
        }
      },
    );
    return {
      steps: chosen.map(({ step }) => step),
      samples: rows.length,
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
 * It needs no more than the sums of products XᵀY, [width, width], and of rows: so
 * the rows may come in parts. They are taken less the very first, of which a
 * constant column leaves 0; Σ(x − x̄)(y − ȳ)ᵀ = Σxyᵀ − (Σx)(Σy)ᵀ/n.
 *
 * Source: Kornblith et al. (arXiv 1905.00414), Eq. 2 and 3 with linear kernels.
 */
export class CkaSums {
  readonly #options: SessionOptions;
  #session: Session | undefined;
  // Rows of a part as the session takes them; fewer are filled up with zeros.
  #most = 0;
  #rows = 0;
  #first: readonly Float64Array[] = [];
  #sums: Float64Array[] = [];
  // Of each representation its products with those up to it, [width, widths].
  #products: Float64Array[] = [];

  /**
   * Nothing yet.
   *
   * @param options Where products are multiplied.
   */
  constructor(options: SessionOptions = {}) {
    this.#options = options;
  }

  /**
   * Takes a part of the rows; the first is the largest.
   *
   * @param parts Of each representation, [rows, width].
   * @throws {RangeError} if they have not the same number of rows.
   */
  async add(parts: readonly Matrix[]): Promise<void> {
    const { rows } = parts[0]!;
    const different = parts.find((part) => part.rows !== rows);
    if (different) {
      throw new RangeError(
        `Cannot compare representations of ${rows} and of ` +
          `${different.rows} rows: they must be of the same ones`,
      );
    }
    if (!this.#session) await this.#begin(parts);
    const shifted = parts.map((part, i) => this.#shifted(part, i));
    shifted.forEach(({ columns, data }, i) => {
      const sums = this.#sums[i]!;
      for (let k = 0; k < data.length; k++) sums[k % columns]! += data[k]!;
    });
    const made = await this.#session!.run(named(shifted.map(tensorOf)));
    this.#products.forEach((own, i) => {
      const { data } = made[`products${i}`]!;
      for (let k = 0; k < own.length; k++) own[k]! += Number(data[k]!);
    });
    this.#rows += rows;
  }

  // The first part says how wide the representations are.
  async #begin(parts: readonly Matrix[]): Promise<void> {
    this.#most = parts[0]!.rows;
    this.#first = parts.map(({ columns, data }) => data.slice(0, columns));
    this.#sums = parts.map(({ columns }) => new Float64Array(columns));
    let width = 0;
    this.#products = parts.map(({ columns }) => {
      width += columns;
      return new Float64Array(columns * width);
    });
    this.#session = await compile(
      (x) => {
        const all = Object.values(x) as tf.Tensor2D[];
        return Object.fromEntries(
          all.map((one, i) => {
            const others = i === 0 ? one : tf.concat(all.slice(0, i + 1), 1);
            return [`products${i}`, tf.matMul(one, others, true)];
          }),
        );
      },
      named(parts.map(tensorOf)),
      this.#options,
    );
  }

  // Less the first row of all, filled up with zeros.
  #shifted({ columns, data }: Matrix, i: number): Matrix {
    const first = this.#first[i]!;
    const own = new Float64Array(this.#most * columns);
    for (let k = 0; k < data.length; k++) {
      own[k] = data[k]! - first[k % columns]!;
    }
    return { rows: this.#most, columns, data: own };
  }

  /** CKA of each with each. */
  cka(): (number | null)[][] {
    const widths = this.#sums.map(({ length }) => length);
    const squares = widths.map((_, i) => {
      const length = widths.slice(0, i + 1).reduce((a, b) => a + b, 0);
      let from = 0;
      return widths.slice(0, i + 1).map((width, j) => {
        let sum = 0;
        for (let r = 0; r < widths[i]!; r++) {
          for (let c = 0; c < width; c++) {
            const mean = this.#sums[i]![r]! * this.#sums[j]![c]! / this.#rows;
            sum += (this.#products[i]![r * length + from + c]! - mean) ** 2;
          }
        }
        from += width;
        return sum;
      });
    });
    return widths.map((_, i) =>
      widths.map((_, j) => {
        const between = squares[Math.max(i, j)]![Math.min(i, j)]!;
        return finite(between / Math.sqrt(squares[i]![i]! * squares[j]![j]!));
      })
    );
  }

  /** Gives the memory back. */
  async close(): Promise<void> {
    await this.#session?.close();
  }
}

const named = (tensors: readonly HostTensor[]): Record<string, HostTensor> =>
  Object.fromEntries(tensors.map((x, i) => [`x${i}`, x]));

/**
 * Linear CKA of representations that are there whole; see {@link CkaSums}.
 *
 * ```ts
 * import { ckaMatrix } from "@groklab/groklab/probes";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const data = Float64Array.of(1, 0, 0, 1, 2, 3);
 * const twice = data.map((x) => 2 * x); // CKA does not see a factor
 * const similar = await ckaMatrix([
 *   { rows: 3, columns: 2, data },
 *   { rows: 3, columns: 2, data: twice },
 * ]);
 * assertAlmostEquals(similar[0]![1]!, 1, 1e-6);
 * ```
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
  const sums = new CkaSums(options);
  try {
    await sums.add(matrices);
    return sums.cka();
  } finally {
    await sums.close();
  }
}
