/**
 * What `deno task setup tensorflow` does and shows.
 *
 * @module
 */

import { printJson } from "../shared/cli.ts";
import { onSignals } from "../shared/signals.ts";
import { UsageError } from "../../lib/base/errors.ts";
import {
  removeTensorflow,
  setupTensorflow,
} from "../../lib/setup/tensorflow/tensorflow.ts";
import { taskLine } from "../../lib/base/shell.ts";
import type { OptionalBackend } from "../../lib/devices/tfjs/backends.ts";

/** The flags. */
export interface Flags {
  readonly backend?: OptionalBackend | undefined;
  readonly gpu?: true | undefined;
  readonly libtensorflow?: string | undefined;
  readonly stock?: true | undefined;
  readonly remove?: true | undefined;
  readonly json?: true | undefined;
}

/**
 * Sets a backend up or removes it.
 *
 * @returns Whether the user stopped it.
 */
export async function setUpBackend(flags: Flags): Promise<boolean> {
  const { gpu, json, remove, libtensorflow, stock } = flags;
  if (gpu && flags.backend !== undefined && flags.backend !== "node-gpu") {
    throw new UsageError(
      `Cannot set up --gpu and --backend ${flags.backend} at once: give one`,
    );
  }
  const backend = gpu ? "node-gpu" : flags.backend;
  if (remove && (stock || libtensorflow !== undefined)) {
    throw new UsageError(
      "Cannot set up and remove at once: give " +
        `${stock ? "--stock" : "--libtensorflow"} or --remove`,
    );
  }
  if (remove) {
    const removed = await removeTensorflow(backend);
    if (json) printJson({ removed });
    else if (removed.length === 0) console.log("nothing was set up");
    else console.log(removed.map((path) => `removed ${path}`).join("\n"));
    return false;
  }
  const stop = new AbortController();
  using _ = onSignals(() => stop.abort());
  try {
    const result = await setupTensorflow({
      backend: backend ?? "node",
      libtensorflow,
      stock,
      signal: stop.signal,
      log: (line) => console.error(line),
    });
    if (json) printJson(result);
    else {
      console.log(
        `${result.already ? "was set up before" : "set up"}: ` +
          `${result.backend}, in ${result.folder}\n${result.detail}\n` +
          "train on it: " + taskLine(
            ...["train", "--engine", "tfjs", "--backend", result.backend],
          ),
      );
    }
    return false;
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    console.error((error as Error).message);
    return true;
  }
}
