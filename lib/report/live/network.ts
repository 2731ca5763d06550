/**
 * The checkpoint, running in the page through onnxruntime-web.
 *
 * @module
 */

/// <reference lib="dom" />
import * as ort from "onnxruntime-web/wasm";
import type { CyclicRows, LiveData } from "./data.ts";

/** What is turned. */
export interface Turned {
  /** Every weight is multiplied by this. */
  readonly alpha: number;
  /** What is switched off, by the input that does it. */
  readonly off: ReadonlyMap<string, ReadonlySet<number>>;
}

/** Rows through the network. */
export interface Result {
  /** Row by row, a number for each class. */
  readonly logits: Float32Array | Float64Array;
  /** Activations of the neurons by hook, of the last place of each row. */
  readonly activations: Readonly<Record<string, Float32Array | Float64Array>>;
}

/** A network that can be run. */
export class Network {
  readonly #session: ort.InferenceSession;
  readonly #data: LiveData;

  private constructor(session: ort.InferenceSession, data: LiveData) {
    this.#session = session;
    this.#data = data;
  }

  /**
   * Starts ONNX Runtime and reads the model, both out of the page's memory.
   *
   * @param runtime The runtime's .wasm file.
   * @param model The .onnx file.
   * @param data What the page says of it.
   */
  static async open(
    runtime: ArrayBuffer,
    model: ArrayBuffer,
    data: LiveData,
  ): Promise<Network> {
    ort.env.wasm.numThreads = 1; // Threads need headers that a file lacks.
    ort.env.wasm.wasmBinary = runtime;
    const session = await ort.InferenceSession.create(new Uint8Array(model), {
      executionProviders: ["wasm"],
      // It keeps a factor in float32, whatever the type of the product.
      extra: {
        optimization: { disable_specified_optimizers: "MatMulScaleFusion" },
      },
    });
    return new Network(session, data);
  }

  /**
   * Runs rows.
   *
   * @param rows Rows, one after the other.
   * @param turned What is turned.
   * @param activations Whether the neurons are wanted too.
   */
  async run(
    rows: ArrayLike<number>,
    turned: Turned,
    activations = false,
  ): Promise<Result> {
    const { input, places } = this.#data;
    const count = rows.length / places.length;
    const values = input.dtype === "int64"
      ? BigInt64Array.from(Array.from(rows, BigInt))
      : Float32Array.from(rows);
    const feeds: Record<string, ort.Tensor> = {
      [input.name]: new ort.Tensor(values, [count, places.length]),
      "live.alpha": this.#tensor([turned.alpha], []),
    };
    for (const group of this.#data.switches) {
      const off = turned.off.get(group.input) ?? new Set();
      const { unit, from, size, filter } = group;
      if (filter) {
        const removed = new Set([...off].map((i) => i + from));
        const matrix = filterMatrix(filter, removed);
        feeds[group.input] = this.#tensor(matrix, [filter.rows, filter.rows]);
        continue;
      }
      const mask = Float64Array.from({ length: size }, (_, i) => +!off.has(i));
      const shape = unit === "head" ? [size, 1] : [size];
      feeds[group.input] = this.#tensor(mask, shape);
    }
    const hooks = this.#data.switches.filter(({ unit }) => unit === "neuron");
    const { logits, ...hidden } = await this.#session.run(feeds, [
      "logits",
      ...(activations ? hooks.map(({ of }) => of) : []),
    ]);
    const array = (t: ort.Tensor) => t.data as Float32Array | Float64Array;
    return {
      logits: array(logits!),
      activations: Object.fromEntries(
        hooks.filter(({ of }) => of in hidden).map(({ of, size }) => [
          of,
          array(hidden[of]!).slice(-size),
        ]),
      ),
    };
  }

  #tensor(values: ArrayLike<number>, shape: readonly number[]): ort.Tensor {
    return this.#data.precision === "float64"
      ? new ort.Tensor("float64", Float64Array.from(values), [...shape])
      : new ort.Tensor("float32", Float32Array.from(values), [...shape]);
  }
}

/**
 * What removes frequencies from functions on a cyclic group of order n: the
 * identity less the projections (2/n) cos(2πk(i − j)/n), i and j indices of the
 * group, in each block of rows; k = n/2, which has no sine, counts half.
 *
 * @param filter Which rows are which elements.
 * @param removed The frequencies.
 * @returns [rows, rows].
 */
export function filterMatrix(
  { rows, parts, stride, elements }: CyclicRows,
  removed: ReadonlySet<number>,
): Float64Array {
  const n = elements.length;
  const circle = Float64Array.from({ length: n }, (_, d) => {
    let sum = 0;
    for (const k of removed) {
      const angle = 2 * Math.PI * ((k * d) % n) / n;
      sum += (2 * k === n ? 1 : 2) / n * Math.cos(angle);
    }
    return sum;
  });
  const matrix = new Float64Array(rows * rows);
  for (let i = 0; i < rows; i++) matrix[i * rows + i] = 1;
  for (let part = 0; part < parts; part++) {
    const from = part * stride;
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        const at = (from + elements[i]!) * rows + from + elements[j]!;
        matrix[at]! -= circle[Math.abs(i - j)]!;
      }
    }
  }
  return matrix;
}
