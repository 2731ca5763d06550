/**
 * A graph's runs through ONNX Runtime: a session for each set of outputs, kept until
 * it is closed.
 *
 * @module
 */

import { only } from "../../base/options.ts";
import type { HostTensor } from "../../numeric/tensor.ts";
import { encodeModel, type ModelProto } from "../file/model.ts";
import { runInBatches } from "../runtime/batches.ts";
import { SESSION } from "../runtime/options.ts";
import { openSession, type Session } from "../runtime/session.ts";
import type { Aliases } from "./aliases.ts";
import type { ProbeModelOptions } from "./options.ts";
import { withOutputs } from "./outputs.ts";
import { giveTensors } from "./weight_edits.ts";

type Tensors = Readonly<Record<string, HostTensor>>;

/** Runs of one graph. */
export class GraphRuns {
  readonly #model: ModelProto;
  readonly #source: string;
  readonly #options: ProbeModelOptions;
  readonly #aliases: Aliases;
  readonly #sessions = new Map<string, Promise<Session>>();

  /**
   * Prepares runs; nothing is opened before the first.
   *
   * @param model The graph, which stays as it is.
   * @param source What to call it in messages.
   * @param options How to run it.
   * @param aliases Other names of its weights.
   */
  constructor(
    model: ModelProto,
    source: string,
    options: ProbeModelOptions,
    aliases: Aliases,
  ) {
    this.#model = model;
    this.#source = source;
    this.#options = options;
    this.#aliases = aliases;
  }

  /**
   * Runs the graph, many rows in batches.
   *
   * @param inputs A tensor for each input.
   * @param names Values of the graph.
   * @param whole Other weights for this run.
   * @throws {UsageError} if the graph has no value of a name.
   * @throws {SyntaxError} if ONNX Runtime refuses the file.
   */
  async run(
    inputs: Tensors,
    names: readonly string[],
    whole: Tensors,
  ): Promise<Record<string, HostTensor>> {
    const session = await this.session(names, Object.keys(whole));
    const { rowsAtOnce } = this.#options;
    return await runInBatches(session, inputs, [...new Set(names)], {
      whole,
      ...(rowsAtOnce !== undefined && { rowsAtOnce }),
    }).catch((error) => {
      const { message } = error as Error;
      throw new Error(`Cannot run ${this.#source} on its rows: ${message}`, {
        cause: error,
      });
    });
  }

  /**
   * The session for some outputs.
   *
   * @param outputs Values of the graph.
   * @param given Weights that every run gives.
   * @throws {UsageError} if the graph has no value of a name.
   * @throws {SyntaxError} if ONNX Runtime refuses the file.
   */
  session(
    outputs: readonly string[],
    given: readonly string[] = [],
  ): Promise<Session> {
    const names = [...new Set(outputs)];
    const key = JSON.stringify([names, given]);
    let session = this.#sessions.get(key);
    if (!session) {
      const model = withOutputs(this.#model, names);
      giveTensors(given)(model.graph!, this.#aliases);
      session = openSession(encodeModel(model), only(this.#options, SESSION))
        .catch((error) => {
          throw new SyntaxError(
            `Cannot run ${this.#source}: ONNX Runtime refuses it: ` +
              (error as Error).message,
            { cause: error },
          );
        });
      this.#sessions.set(key, session);
    }
    return session;
  }

  /** Gives the sessions' memory back. */
  async close(): Promise<void> {
    for (const session of this.#sessions.values()) {
      await (await session.catch(() => undefined))?.close();
    }
    this.#sessions.clear();
  }
}
