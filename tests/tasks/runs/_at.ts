import { join } from "node:path";
import { fileURLToPath } from "node:url";
import deno from "../../../deno.json" with { type: "json" };
import { type Output, outputOf, type TaskName } from "../_run.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/**
 * Runs what `deno task …` runs in a folder, in which relative paths start.
 *
 * @param folder Where it is typed.
 * @param name The task.
 * @param args Its arguments.
 */
export function taskAt(
  folder: string,
  name: TaskName,
  ...args: readonly string[]
): Promise<Output> {
  const [, ...command] = deno.tasks[name].command.split(" ");
  const words = command.map((word) =>
    word === `tasks/${name}.ts`
      ? join(ROOT, word)
      : word.replace(/^--allow-ffi=.*/, "--allow-ffi")
  );
  return outputOf(
    new Deno.Command(Deno.execPath(), {
      args: [...words, ...args],
      cwd: folder,
      env: {
        NO_COLOR: "",
        DENO_NO_UPDATE_CHECK: "1",
        npm_config_user_agent: "",
        GROKLAB_LAUNCHER: "deno task",
        INIT_CWD: "",
      },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn(),
  );
}
