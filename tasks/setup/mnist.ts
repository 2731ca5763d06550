/**
 * `deno task setup mnist`: the four files of MNIST.
 *
 * @module
 */

import { EXIT, printJson, subcommand } from "../shared/cli.ts";
import { taskLine } from "../../lib/base/shell.ts";
import { onSignals } from "../shared/signals.ts";

/** The subcommand. */
export const mnist = subcommand(
  "mnist",
  "Fetch MNIST for train --task mnist, 11 MB.",
)
  .option("--remove", "take away what was fetched")
  .option("--json", "print the result as JSON")
  .action(async ({ remove, json }) => {
    const { removeMnist, setupMnist } = await import(
      "../../lib/setup/mnist.ts"
    );
    if (remove) {
      const removed = await removeMnist();
      if (json) printJson({ removed });
      else if (removed.length === 0) console.log("nothing was set up");
      else console.log(removed.map((path) => `removed ${path}`).join("\n"));
      return;
    }
    const stop = new AbortController();
    using _ = onSignals(() => stop.abort());
    try {
      const result = await setupMnist({
        signal: stop.signal,
        log: (line) => console.error(line),
      });
      const { folder, fetched } = result;
      if (json) printJson(result);
      else {
        console.log(
          `MNIST ${fetched.length > 0 ? "is" : "was"} in ${folder}` +
            `${fetched.length > 0 ? "" : " already"}\ntrain on it: ${
              taskLine("train", "--task", "mnist")
            }`,
        );
      }
    } catch (error) {
      if (!stop.signal.aborted) throw error;
      console.error((error as Error).message);
      Deno.exitCode = EXIT.interrupted;
    }
  });
