/**
 * Trying a backend of TensorFlow.js in a process of its own.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import type { BackendName, Finding } from "../../settings/devices.ts";
import { LAUNCHER, launcherOf } from "../../base/shell.ts";
import { setupCommand } from "./backends.ts";
import { NODE_VARIABLES } from "./node.ts";

// What the process of its own runs: a training step, held against the cpu
// backend's.
const TRIAL = fileURLToPath(
  new URL("../../engine/tfjs/trial.ts", import.meta.url),
);

/**
 * Looks whether a backend can be used here, in a process of its own: drivers and
 * TensorFlow each bring an LLVM, and two of them in one process crash it.
 *
 * @param backend The backend.
 * @param folder Where it lies, if not where it is set up.
 */
export async function checkApart(
  backend: BackendName,
  folder?: string,
): Promise<Finding> {
  const command = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-prompt",
      "--allow-read",
      "--allow-ffi",
      `--allow-env=${[...NODE_VARIABLES, LAUNCHER].join(",")}`,
      TRIAL,
      backend,
      ...folder === undefined ? [] : [folder],
    ],
    // What it says to type is for the user of this program.
    env: { [LAUNCHER]: launcherOf() },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
  let output: Deno.CommandOutput;
  try {
    output = await command.output();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotCapable)) throw error;
    return {
      usable: false,
      missing: "this program may not start the one that tries it",
      mend: "run it with --allow-run",
    };
  }
  const { success, code, signal, stdout, stderr } = output;
  if (success) return JSON.parse(new TextDecoder().decode(stdout));
  const said = new TextDecoder().decode(stderr).trim().split("\n").at(-1);
  return {
    usable: false,
    missing: `trying it ended with ${signal ?? `code ${code}`}: ${said}`,
    mend: backend === "cpu" ? "report it" : setupCommand(backend),
  };
}
