/**
 * `deno task setup`: sets up what not everybody needs.
 *
 * @module
 */

import { UsageError } from "../lib/base/errors.ts";
import type { OptionalBackend } from "../lib/devices/tfjs/backends.ts";
import { command, EXIT, main, nameOutOf, path } from "./shared/cli.ts";
import { cuda } from "./setup/cuda.ts";
import { mnist } from "./setup/mnist.ts";

// Named here again so that --help need not load TensorFlow.js.
const BACKENDS = [
  "node",
  "node-gpu",
  "wasm",
  "webgpu",
] as const satisfies OptionalBackend[];

const task = command("setup", "Set up what not everybody needs.")
  .addCommand(cuda)
  .addCommand(mnist);

task.command("tensorflow")
  .description("a backend of TensorFlow.js, for train --engine tfjs --backend")
  .option(
    "--backend <name>",
    `which, out of ${BACKENDS.join(", ")} (default: node)`,
    nameOutOf(BACKENDS),
  )
  .option("--gpu", "the same as --backend node-gpu")
  .option(
    "--libtensorflow <dir>",
    "use the libtensorflow in a folder (default: fetch the official wheel)",
    path,
  )
  .option("--stock", "use what the package downloads itself, TensorFlow 2.9.1")
  .option("--remove", "remove the backend, without --backend and --gpu all")
  .option("--json", "print the result as JSON")
  .action(async ({ gpu, json, remove, ...options }) => {
    const { setUpBackend } = await import("./setup/tensorflow.ts");
    const stopped = await setUpBackend({ gpu, json, remove, ...options });
    if (stopped) Deno.exitCode = EXIT.interrupted;
  });

task.argument("[what]").action((what) => {
  const names = task.commands.map((each) => each.name()).join(", ");
  throw new UsageError(`Cannot set up ${what}: choose from ${names}`);
});

// Without a subcommand there is nothing to do but say which there are.
if (import.meta.main) {
  await main(task, Deno.args.length > 0 ? Deno.args : ["--help"]);
}
