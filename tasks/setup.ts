/**
 * `deno task setup`: installs what training on other devices needs.
 *
 * @module
 */

import { UsageError } from "../lib/errors.ts";
import { command, main } from "./cli.ts";
import { cuda } from "./setup_cuda.ts";

const task = command("setup", "Install what other devices need.")
  .addCommand(cuda)
  .argument("[what]", "what to set up");

task.action((what) => {
  const names = task.commands.map((each) => each.name()).join(", ");
  throw new UsageError(
    what === undefined
      ? `Name what to set up: ${names}`
      : `Cannot set up ${what}: choose from ${names}`,
  );
});

if (import.meta.main) await main(task);
