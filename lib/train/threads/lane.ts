/**
 * A thread that trains: a worker, and what it was told last.
 *
 * @module
 */

import { UsageError } from "../../base/errors.ts";
import type { Config } from "../../config/config.ts";
import { DamagedError } from "../../base/sums.ts";
import { type Loadable, loadable } from "../../extensions/use.ts";
import type {
  TrainingAnswer,
  TrainingEnd,
  TrainingOrder,
  TrainingWay,
} from "./orders.ts";

/** Who is told what a lane does. */
export interface Watcher {
  /** How far the run is. */
  onProgress?(step: number, ms: number): void;
  /** Something that the user may want to know. */
  onWarning?(text: string): void;
}

/** A thread that trains one run at a time. */
export class Lane implements Disposable {
  readonly #program: string;
  readonly #extensions: Loadable;
  #worker: Worker;

  /**
   * Starts the thread.
   *
   * @param program The name of the program, for the manifests of its runs.
   * @throws {UsageError} if a thread cannot load an extension that is in use.
   */
  constructor(program: string) {
    const extensions = loadable();
    if (!extensions) {
      throw new UsageError(
        "Cannot train side by side with an extension that is written in the " +
          "program's main module: put it into a file of its own, which threads " +
          "can load",
      );
    }
    this.#program = program;
    this.#extensions = extensions;
    this.#worker = this.#started();
  }

  #started(): Worker {
    const worker = new Worker(new URL("./worker.ts", import.meta.url), {
      type: "module",
      name: this.#program,
    });
    const extensions = this.#extensions;
    if (extensions.modules.length > 0) {
      worker.postMessage({ kind: "use", extensions } satisfies TrainingOrder);
    }
    return worker;
  }

  /**
   * Trains a run, to its end or until it is told to stop.
   *
   * @param config Its config.
   * @param run Its folder; what is there is gone on with.
   * @param how Whether to begin again instead, and what to leave out.
   * @param watcher Who is told.
   * @throws {DamagedError} if what lies in the folder is damaged.
   * @throws {Error} saying why else it could not be trained.
   */
  train(
    config: Config,
    run: string,
    how: TrainingWay,
    watcher: Watcher = {},
  ): Promise<TrainingEnd> {
    return this.#do({ kind: "train", config, run, how }, watcher);
  }

  /** Milliseconds a step, from a moment's training in a folder. */
  async trial(config: Config, run: string): Promise<number> {
    return (await this.#do({ kind: "trial", config, run }, {})).ms;
  }

  /** Has it stop after the running steps. */
  stop(): void {
    this.#worker.postMessage({ kind: "stop" } satisfies TrainingOrder);
  }

  /** Ends the thread. */
  [Symbol.dispose](): void {
    this.#worker.terminate();
  }

  #do(
    order: TrainingOrder,
    { onProgress, onWarning }: Watcher,
  ): Promise<TrainingEnd> {
    const worker = this.#worker;
    return new Promise((resolve, reject) => {
      worker.onerror = (event) => {
        event.preventDefault();
        // The thread has ended: what comes next is another's.
        worker.terminate();
        this.#worker = this.#started();
        reject(new Error(event.message));
      };
      worker.onmessage = ({ data }: { data: TrainingAnswer }) => {
        if (data.kind === "progress") onProgress?.(data.step, data.ms);
        else if (data.kind === "warning") onWarning?.(data.text);
        else if (data.kind === "ended") resolve(data.end);
        else if (data.damaged) reject(new DamagedError(data.text));
        else reject(new Error(data.text));
      };
      worker.postMessage(order);
    });
  }
}
