/** What moves on a terminal, and stays plain on one that wants it so. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import deno from "../../deno.json" with { type: "json" };
import { quoted } from "../../lib/base/shell.ts";
import { type TaskName, withTempDir } from "./_run.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

// util-linux's: it gives a program a terminal. macOS has another of that name.
const hasScript = await new Deno.Command("script", {
  args: ["-qec", "true", "/dev/null"],
  stdout: "null",
  stderr: "null",
}).output().then(({ success }) => success, () => false);

/** Runs a task on a terminal; what it shows there, stdout and stderr together. */
async function shown(
  env: Readonly<Record<string, string>>,
  name: TaskName,
  ...args: string[]
): Promise<string> {
  const [, ...command] = deno.tasks[name].command.split(" ");
  const line = [Deno.execPath(), ...command, ...args]
    .map((word) => quoted(word)).join(" ");
  const { code, stdout } = await new Deno.Command("script", {
    args: ["-qec", line, "/dev/null"],
    cwd: ROOT,
    env: { NO_COLOR: "", TERM: "xterm", DENO_NO_UPDATE_CHECK: "1", ...env },
    stdin: "null",
    stdout: "piped",
  }).output();
  const text = new TextDecoder().decode(stdout);
  assertEquals(code, 0, text);
  return text;
}

// deno-lint-ignore no-control-regex -- escape sequences are what is looked for.
const MOVES = /\x1b\[|\r(?!\n)/;
const TINY = "--modulus 5 --hidden 4 --steps 20 --threads 1".split(" ");

Deno.test({
  name: "train and probe draw bars, but not under NO_COLOR or TERM=dumb",
  ignore: !hasScript,
  fn: () =>
    withTempDir(async (dir) => {
      const run = join(dir, "run");
      const train = (env: Readonly<Record<string, string>>) =>
        shown(env, "train", ...TINY, "--run", run, "--overwrite");
      assertMatch(await train({}), MOVES);
      for (const env of [{ NO_COLOR: "1" }, { TERM: "dumb" }]) {
        const what = JSON.stringify(env);
        const text = await train(env);
        assert(!MOVES.test(text), `${what}: ${text}`);
        assertMatch(text, /^step 20\/20 {2}loss /m);
        const probed = await shown(env, "probe", run, "--probe", "geometry");
        assert(!MOVES.test(probed), `${what}: ${probed}`);
      }
    }),
});
