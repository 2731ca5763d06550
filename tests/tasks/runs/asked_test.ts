/** What `deno task runs` asks on a terminal before it removes anything. */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";
import deno from "../../../deno.json" with { type: "json" };
import { quoted } from "../../../lib/base/shell.ts";
import { makeRun } from "../../store/_runs.ts";
import {
  assertRefused,
  outputOf,
  startOnFullDisk,
  withTempDir,
} from "../_run.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

// util-linux's: it gives a program a terminal. macOS has another of that name.
const hasScript = await new Deno.Command("script", {
  args: ["-qec", "true", "/dev/null"],
  stdout: "null",
  stderr: "null",
}).output().then(({ success }) => success, () => false);

/** Runs `deno task runs` on a terminal, on which somebody types an answer. */
async function answered(
  answer: string,
  ...args: string[]
): Promise<[code: number, shown: string]> {
  const [, ...command] = deno.tasks.runs.command.split(" ");
  const line = [Deno.execPath(), ...command, ...args]
    .map((word) => quoted(word)).join(" ");
  const child = new Deno.Command("script", {
    args: ["-qec", line, "/dev/null"],
    cwd: ROOT,
    env: { NO_COLOR: "1", TERM: "xterm", DENO_NO_UPDATE_CHECK: "1" },
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(`${answer}\n`));
  const { code, stdout } = await child.output();
  await writer.close().catch(() => {});
  return [code, stripVTControlCharacters(new TextDecoder().decode(stdout))];
}

const namesIn = (folder: string) =>
  [...Deno.readDirSync(folder)].map(({ name }) => name).sort();

Deno.test({
  name: "runs are removed, and the trash emptied, if the answer is y",
  ignore: !hasScript,
  fn: () =>
    withTempDir(async (dir) => {
      makeRun(join(dir, "a"));
      makeRun(join(dir, "b"));
      const [no, said] = await answered("n", "remove", "a", "--in", dir);
      assertEquals(no, 1, said);
      assertStringIncludes(said, join(dir, "a"));
      assertMatch(said, /Move 1 run to the trash\?[^]*nothing was changed/);
      assertEquals(namesIn(dir), ["a", "b"]);
      const [yes, told] = await answered("y", "remove", "a", "b", "--in", dir);
      assertEquals(yes, 0, told);
      assertEquals(namesIn(dir), [".trash"]);
      const [kept] = await answered("", "empty-trash", "--in", dir);
      assertEquals([kept, namesIn(dir)], [1, [".trash"]]);
      const [gone, text] = await answered("y", "empty-trash", "--in", dir);
      assertMatch(text, /Delete 2 runs for good\?[^]*deleted 2 runs/);
      assertEquals([gone, namesIn(dir)], [0, []]);
    }),
});

Deno.test({
  name: "on a full disk nothing is half written, and a list needs no index",
  ignore: Deno.build.os === "windows",
  fn: () =>
    withTempDir(async (dir) => {
      const run = makeRun(join(dir, "r0"));
      for (let i = 1; i < 20; i++) makeRun(join(dir, `r${i}`), { seed: i });
      const before = namesIn(run);
      const full = (...args: string[]) =>
        outputOf(startOnFullDisk(0, "runs", args));
      const named = assertRefused(await full("name", run, "x"), 1);
      assertMatch(named, /^error: Cannot write \S+labels\.json: /);
      assertEquals(namesIn(run), before);
      const removed = assertRefused(await full("remove", run, "--yes"), 1);
      assertMatch(removed, /^error: Cannot write \S+entry\.json: /);
      assertEquals(namesIn(join(dir, ".trash")), []);
      const list = await full(dir, "--columns", "folder", "--limit", "1");
      assertEquals([list.code, list.stderr], [0, ""]);
      assertEquals(namesIn(dir).filter((name) => name.startsWith(".")), [
        ".trash",
      ]);
      assertEquals(namesIn(run), before);
    }),
});
