/**
 * A thread that trains: a worker, and what it was told last.
 *
 * @module
 */

import { UsageError } from "../../base/errors.ts";
import type { Config } from "../../config/config.ts";
import { isSameModule, modulesIn } from "../../config/used.ts";
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
  #worker: Worker | undefined;
  // The extensions that it has.
  #has = "";

  /**
   * A thread, which starts with its first run.
   *
   * @param program The name of the program, for the manifests of its runs.
   * @param exactly Whether runs are gone on with only by the extensions that they
   * were begun with, to the byte, whatever the process allows.
   * @throws {UsageError} if a thread cannot load an extension that is in use.
   */
  constructor(program: string, exactly = false) {
    const extensions = loadable();
    if (!extensions) {
      throw new UsageError(
        "Cannot train side by side with an extension that is written in the " +
          "program's main module: put it into a file of its own, which threads " +
          "can load",
      );
    }
    this.#program = program;
    this.#extensions = exactly ? { ...extensions, changed: false } : extensions;
  }

  // A worker that has the extensions of a config, in its order, and no other: what
  // nobody takes away again would be in the config of the next run.
  #workerFor(config: Config): Worker {
    const wanted = modulesIn(config);
    const has = JSON.stringify(wanted);
    if (this.#worker && has === this.#has) return this.#worker;
    this.#worker?.terminate();
    const worker = new Worker(new URL("./worker.ts", import.meta.url), {
      type: "module",
      name: this.#program,
    });
    const { modules, changed } = this.#extensions;
    const extensions: Loadable = {
      modules: wanted.flatMap((each) =>
        modules.find(({ used }) => isSameModule(each, used)) ?? []
      ),
      changed,
    };
    if (extensions.modules.length > 0) {
      worker.postMessage({ kind: "use", extensions } satisfies TrainingOrder);
    }
    [this.#worker, this.#has] = [worker, has];
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
    this.#worker?.postMessage({ kind: "stop" } satisfies TrainingOrder);
  }

  /** Ends the thread. */
  [Symbol.dispose](): void {
    this.#worker?.terminate();
  }

  #do(
    order: Extract<TrainingOrder, { config: Config }>,
    { onProgress, onWarning }: Watcher,
  ): Promise<TrainingEnd> {
    const worker = this.#workerFor(order.config);
    return new Promise((resolve, reject) => {
      worker.onerror = (event) => {
        event.preventDefault();
        // The thread has ended: what comes next is another's.
        worker.terminate();
        this.#worker = undefined;
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
