/**
 * The checkpoint, running in the page through onnxruntime-web.
 *
 * @module
 */

/// <reference lib="dom" />
import * as ort from "onnxruntime-web/wasm";
import type { LiveData } from "./data.ts";

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
        const matrix = filterMatrix(this.#data.modulus!, filter, removed);
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
 * What removes frequencies from functions on Z_p: the identity less the
 * projections (2/p) cos(2πk(i − j)/p), in each block of p rows; k = p/2, which
 * has no sine, counts half.
 *
 * @param p The modulus.
 * @param size Rows of the weight, and how many blocks it has.
 * @param removed The frequencies.
 * @returns [rows, rows].
 */
export function filterMatrix(
  p: number,
  { rows, parts }: { readonly rows: number; readonly parts: number },
  removed: ReadonlySet<number>,
): Float64Array {
  const circle = Float64Array.from(
    { length: p },
    (_, n) =>
      [...removed].reduce(
        (sum, k) =>
          sum + (2 * k === p ? 1 : 2) / p *
            Math.cos(2 * Math.PI * ((k * n) % p) / p),
        0,
      ),
  );
  const matrix = new Float64Array(rows * rows);
  for (let i = 0; i < rows; i++) matrix[i * rows + i] = 1;
  for (let from = 0; from < parts * p; from += p) {
    for (let i = 0; i < p; i++) {
      for (let j = 0; j < p; j++) {
        matrix[(from + i) * rows + from + j]! -= circle[Math.abs(i - j)]!;
      }
    }
  }
  return matrix;
}
