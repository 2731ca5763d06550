/**
 * What is drawn of a network: the plane of each strong frequency, and its answers.
 *
 * @module
 */

import type * as tf from "../../base/tfjs.ts";
import { type Tree, treeOf } from "../../base/tree.ts";
import type { Experiment } from "../../experiment/experiment.ts";
import type { HostTensor } from "../../numeric/tensor.ts";
import { permutation, randomKey } from "../../numeric/random.ts";
import { compile } from "../../onnx/runtime/compile.ts";
import type { SessionOptions } from "../../onnx/runtime/options.ts";
import type { Session } from "../../onnx/runtime/session.ts";
import { type ProbedTask, taskOfConfig } from "../../probes/context/task.ts";
import { cyclicTask } from "../../probes/fourier/cyclic.ts";
import { hostBatch } from "../../../models/batch.ts";
import { type HostState, modelTensors } from "../../../models/buffers.ts";
import { noHook } from "../../../models/model.ts";
import { circleOf, spectrumOf } from "./circles.ts";
import type { Answers, Frame } from "./messages.ts";

// Planes that are drawn.
const PLANES = 5;
// Train rows whose logits are given.
const SAMPLE = 256;
// The class whose logits are drawn.
const CLASS = 0;
// Rows at once: their activations stay in a processor's cache.
const AT_ONCE = 4096;

/** Looks at the states of one training. */
export class Pictures {
  readonly #residues: Int32Array;
  readonly #modulus: number;
  readonly #classes: number;
  // The place in p × p of each row, and in the sample of those that are in it.
  readonly #places: Int32Array;
  readonly #sampled: ReadonlyMap<number, number>;
  readonly #batches: readonly HostTensor[];
  readonly #session: Session;

  private constructor(
    task: ProbedTask,
    batches: readonly HostTensor[],
    session: Session,
  ) {
    const modular = task.modular();
    const { a, b, modulus } = modular;
    this.#session = session;
    this.#batches = batches;
    this.#modulus = modulus;
    this.#classes = task.dataset.classes;
    this.#residues = cyclicTask(modular).residues;
    this.#places = a.map((value, i) => value * modulus + b[i]!);
    const { rows } = task.split().train;
    const some = permutation(rows.length, randomKey(0)("sample"));
    this.#sampled = new Map(
      some.slice(0, SAMPLE).map((i, place) => [rows[i]!, place]),
    );
  }

  /**
   * Prepares the pictures of an experiment.
   *
   * @param experiment Of a modular task.
   * @param state Of it types and shapes matter.
   * @param options Where the network runs.
   * @throws {NotApplicableError} if its task is no operation modulo p, or one of
   * products modulo a composite number.
   */
  static async of(
    { config, model }: Experiment,
    state: HostState,
    options: SessionOptions,
  ): Promise<Pictures> {
    const task = taskOfConfig(config);
    cyclicTask(task.modular());
    const { inputs, labels } = task.dataset;
    const size = Math.min(AT_ONCE, labels.length);
    const batches = Array.from(
      { length: Math.ceil(labels.length / size) },
      (_, i) => {
        // The last one is filled up: all have the shape that is compiled.
        const rows = Array.from(
          { length: size },
          (_, j) => inputs[i * size + j] ?? inputs[0]!,
        );
        return hostBatch({ inputs: rows, labels: rows.map(() => 0) }, model)
          .inputs;
      },
    );
    const session = await compile(
      ({ params, inputs }) => ({
        logits: model.apply(
          params as unknown as Tree<tf.Tensor>,
          inputs as unknown as tf.Tensor,
          noHook,
        ),
      }),
      {
        params: treeOf(Object.entries(modelTensors(state))),
        inputs: batches[0]!,
      } as Tree<HostTensor>,
      options,
    );
    return new Pictures(task, batches, session);
  }

  /** The first weights by frequency, and the planes of the strongest. */
  weights(state: HostState): Pick<Frame, "spectrum" | "circles"> {
    const table = state["params.W_E"] ?? state["params.layers.0.W"]!;
    const width = table.shape[1]!;
    const data = table.data as Float32Array;
    const cyclic = {
      rows: Array.from(
        this.#residues,
        (residue) => data.subarray(residue * width, (residue + 1) * width),
      ),
    };
    const spectrum = spectrumOf(cyclic);
    const strongest = spectrum.toSorted((a, b) => b.share - a.share)
      .slice(0, PLANES);
    return {
      spectrum,
      circles: strongest.map(({ frequency }) => ({
        frequency,
        points: circleOf(cyclic, frequency),
      })),
    };
  }

  /** What the network says of every pair, and of some train rows. */
  async answers(state: HostState): Promise<Answers> {
    const [p, classes] = [this.#modulus, this.#classes];
    const picture = new Float32Array(p * p).fill(NaN);
    const sample = new Float64Array(this.#sampled.size * classes);
    const params = Object.fromEntries(
      Object.entries(modelTensors(state))
        .map(([path, tensor]) => [`params.${path}`, tensor]),
    );
    let row = 0;
    for (const inputs of this.#batches) {
      const { logits } = await this.#session.run({ ...params, inputs });
      const data = logits!.data as Float32Array;
      for (let i = 0; i < inputs.shape[0]!; i++, row++) {
        if (row === this.#places.length) break;
        picture[this.#places[row]!] = data[i * classes + CLASS]!;
        const place = this.#sampled.get(row);
        if (place === undefined) continue;
        sample.set(
          data.subarray(i * classes, (i + 1) * classes),
          place * classes,
        );
      }
    }
    return { modulus: p, picture, class: CLASS, sample, classes };
  }

  /** Gives the memory back. */
  close(): Promise<void> {
    return this.#session.close();
  }
}
