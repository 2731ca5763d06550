/**
 * The backends of TensorFlow.js that the eager engine can compute on. `cpu` is
 * always there; the others are set up by `deno task setup tensorflow`, each in
 * a folder of its own, and loaded from there when one is asked for. They all
 * share the one tfjs-core that the project imports: packages in those folders
 * find it by walking up to the project's own node_modules.
 *
 * @module
 */

import * as tf from "../../base/tfjs.ts";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { UsageError } from "../../base/errors.ts";
import { isAbsent } from "../../base/files.ts";
import { taskLine } from "../../base/shell.ts";
import { type BackendName, backendNames } from "../../settings/devices.ts";
import { BackendError, type Loaded } from "./backend.ts";
import { loadNode } from "./node.ts";
import { loadWasm } from "./wasm.ts";
import { loadWebgpu } from "./webgpu.ts";

/** A backend that `deno task setup tensorflow` sets up. */
export type OptionalBackend = Exclude<BackendName, "cpu">;

/** A backend that a computation runs on. */
export interface OpenBackend {
  /** What it computes on, in a few words. */
  readonly detail: string;
  /** Makes it the one that TensorFlow.js computes on from here. */
  use(): void;
  /** Throws what went wrong on the device behind TensorFlow.js's back. */
  check(): void;
}

// Where the optional backends lie, a folder each.
const root = fileURLToPath(new URL("../../../.tensorflow", import.meta.url));

/** The folder that holds what was set up, a subfolder for each backend. */
export const setupRoot: string = root;

/** The folder of a backend. */
export function folderOf(backend: OptionalBackend): string {
  return join(root, backend);
}

/** The file whose presence says that a backend was set up, and from what. */
export const RECEIPT = "installed.json";

/** Whether a backend was set up here. */
export async function isInstalled(backend: BackendName): Promise<boolean> {
  if (backend === "cpu") return true;
  try {
    return (await Deno.stat(join(folderOf(backend), RECEIPT))).isFile;
  } catch (error) {
    if (isAbsent(error)) return false;
    throw error;
  }
}

/** The command that sets a backend up. */
export function setupCommand(backend: OptionalBackend): string {
  const flags: Partial<Record<OptionalBackend, string[]>> = {
    "node": [],
    "node-gpu": ["--gpu"],
  };
  const flag = flags[backend] ?? ["--backend", backend];
  return taskLine("setup", "tensorflow", ...flag);
}

const loaders: {
  readonly [name in BackendName]: (folder: string) => Promise<Loaded>;
} = {
  "cpu": async () => {
    await import("@tensorflow/tfjs-backend-cpu");
    return { registered: "cpu", detail: "JavaScript" };
  },
  "wasm": loadWasm,
  "webgpu": loadWebgpu,
  "node": (folder) => loadNode(folder, "node"),
  "node-gpu": (folder) => loadNode(folder, "node-gpu"),
};

// At most one of these in a process. Of two libtensorflows the second is given
// the first's functions, for their files have one name; and graphics drivers and
// TensorFlow each bring an LLVM, whose shared symbols clash in a crash.
const ALONE: ReadonlySet<BackendName> = new Set(["node", "node-gpu", "webgpu"]);

const opened = new Map<BackendName, OpenBackend>();

/**
 * Loads a backend and makes it the one that TensorFlow.js computes on.
 *
 * @param name Which.
 * @param folder Where it lies; by default where it is set up.
 * @throws {BackendError} if it is not set up, or cannot be used on this machine.
 */
export async function openBackend(
  name: string,
  folder?: string,
): Promise<OpenBackend> {
  if (!Object.hasOwn(loaders, name)) {
    throw new UsageError(
      `Cannot compute on the TensorFlow.js backend ${name}: ` +
        `there are ${backendNames.join(", ")}`,
    );
  }
  const backend = name as BackendName;
  const known = opened.get(backend);
  if (known) {
    known.use();
    return known;
  }
  if (backend !== "cpu" && !folder && !await isInstalled(backend)) {
    throw new BackendError(
      backend,
      "it is not set up here",
      setupCommand(backend),
    );
  }
  const rival = backendNames.find((name) =>
    opened.has(name) && ALONE.has(name) && ALONE.has(backend)
  );
  if (rival) {
    throw new BackendError(
      backend,
      `this process computes on ${rival}, which suffers no other beside it`,
      "use one of them in a process",
    );
  }
  const { registered, detail, fault } = await load(backend, folder);
  tf.enableProdMode(); // No advertisement on stderr.
  if (!await tf.setBackend(registered)) {
    throw new Error(`Cannot start the TensorFlow.js backend ${backend}`);
  }
  const open: OpenBackend = {
    detail,
    // Once a backend has started, this takes effect before it returns.
    use: () => {
      if (tf.getBackend() !== registered) tf.setBackend(registered);
    },
    check: () => {
      const found = fault?.();
      if (found !== undefined) {
        throw new Error(
          `Computing on the TensorFlow.js backend ${backend} failed, ` +
            `and its results are worthless: ${found}`,
        );
      }
    },
  };
  opened.set(backend, open);
  return open;
}

async function load(backend: BackendName, folder?: string): Promise<Loaded> {
  if (backend === "cpu") return loaders.cpu("");
  try {
    return await loaders[backend](folder ?? folderOf(backend));
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new BackendError(
      backend,
      `it cannot be loaded (${reason})`,
      setupCommand(backend),
    );
  }
}
