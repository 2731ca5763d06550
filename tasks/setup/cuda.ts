/**
 * `deno task setup cuda`: ONNX Runtime's CUDA provider.
 *
 * @module
 */

import { UsageError } from "../../lib/base/errors.ts";
import { exit } from "../shared/exit.ts";
import { taskLine } from "../../lib/base/shell.ts";
import { EXIT, path, subcommand } from "../shared/cli.ts";
import { onSignals } from "../shared/signals.ts";

/** The subcommand. */
export const cuda = subcommand(
  "cuda",
  "Fetch ONNX Runtime's CUDA provider (Linux x86-64), 270 MB on the disk.",
)
  .option(
    "--from-wheel [file]",
    "the wheel of PyPI's onnxruntime-gpu; without a file pip fetches it",
    path,
  )
  .option("--python <file>", "the Python whose pip is asked", path, "python3")
  .option("--remove", "take away what was installed")
  .action(async ({ fromWheel, python, remove }) => {
    const { removeCuda, removeOwnStage, setupCuda } = await import(
      "../../lib/setup/cuda/cuda.ts"
    );
    if (remove) {
      if (fromWheel !== undefined) {
        throw new UsageError(
          "Cannot set up and remove at once: give --from-wheel or --remove",
        );
      }
      const names = await removeCuda();
      return console.log(
        names.length > 0
          ? `removed ${names.join(", ")}`
          : "nothing to remove: the CUDA provider is not installed",
      );
    }
    using _ = onSignals(() => {
      removeOwnStage();
      console.error("Stopped; nothing is left of it");
      exit(EXIT.interrupted);
    });
    const log = (line: string) => console.error(line);
    const { fresh, record } = await setupCuda({ fromWheel, python, log });
    console.log(
      record
        ? `the CUDA provider ${record.version} is ` +
          `${fresh ? "installed" : "there already"}, from ${record.source}`
        : "the CUDA provider is there already, installed by something else",
    );
    console.log(`see whether it can be used: ${taskLine("doctor")}`);
  });
