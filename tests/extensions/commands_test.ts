// Commands with an extension that is wrong: one line, an exit code, nothing written.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import {
  assertRefused,
  outputOf,
  startProgram,
  type TaskName,
  withTempDir,
} from "../tasks/_run.ts";

const NAMES =
  'import { defineExtension, losses, tasks } from "@groklab/groklab";';
const TINY = "--modulus 5 --hidden 4 --steps 2 --threads 1".split(" ");

/** Gives work a folder with an extension, and what runs commands in it. */
const withLab = (
  text: string,
  work: (
    dir: string,
    run: (task: TaskName, ...words: string[]) => Promise<
      Awaited<ReturnType<typeof outputOf>>
    >,
  ) => Promise<void>,
) =>
  withTempDir(async (dir) => {
    const lab = join(dir, "lab.ts");
    await Deno.writeTextFile(lab, `${NAMES}\n${text}`);
    await work(dir, (task, ...words) =>
      outputOf(startProgram(task, [...words, "--use", lab])));
  });

const WRONG: Record<string, [text: string, says: RegExp, code: number]> = {
  "has no parts": [
    "export default defineExtension();",
    /lab\.ts: Cannot make an extension of undefined: wanted an object/,
    2,
  ],
  "has a timer that throws": [
    'setTimeout(() => { throw new Error("late"); }, 1);\n' +
    "await new Promise((done) => setTimeout(done, 5000));",
    /lab\.ts something failed that nothing waits for: late/,
    1,
  ],
  "rejects what nothing waits for": [
    'Promise.reject("of its own");\nexport default defineExtension({});',
    /lab\.ts something failed that nothing waits for: of its own/,
    1,
  ],
  "ends the program while it is loaded": [
    "Deno.exit(0);\nexport default defineExtension({});",
    /^error: Cannot use the extension .*lab\.ts: it would end the program here, with code 0: throw an error instead$/,
    2,
  ],
  "closes the program": [
    "close();\nexport default defineExtension({});",
    /lab\.ts: it would end the program here, with code 0/,
    2,
  ],
  "ends the program later": [
    "setTimeout(() => Deno.exit(3));\n" +
    "await new Promise((done) => setTimeout(done, 5000));",
    /lab\.ts something failed that nothing waits for: it would end the program here, with code 3/,
    1,
  ],
  "ends the program in a function": [
    'import process from "node:process";\n' +
    "const my = { ...tasks.add, dataset() { process.exit(0); } };\n" +
    "export default defineExtension({ tasks: { my } });",
    /The task my of the extension .*lab\.ts fails in dataset\(\): it would end the program here, with code 0/,
    1,
  ],
  "describes nothing": [
    "const my = { ...tasks.add, describe() { throw null; } };\n" +
    "export default defineExtension({ tasks: { my } });",
    /The task my of the extension .*lab\.ts fails in describe\(\): it throws null/,
    1,
  ],
};

for (const [what, [text, says, code]] of Object.entries(WRONG)) {
  Deno.test(`train ends with a line where an extension ${what}`, () =>
    withLab(text, async (dir, run) => {
      const task = text.includes("my") ? ["--task", "my"] : [];
      const output = await run(
        "train",
        ...[...TINY, ...task, "--run", join(dir, "r")],
      );
      assertMatch(assertRefused(output, code), says);
      assertEquals([...Deno.readDirSync(dir)].length, 1);
    }));
}

Deno.test("report refuses another version of an extension, reproduce lists with one", () =>
  withLab(
    "export default defineExtension({ losses: { my: losses.softmax } });",
    async (dir, run) => {
      const r = join(dir, "r");
      const trained = await run("train", ...TINY, "--loss", "my", "--run", r);
      assertEquals(trained.code, 0, trained.stderr);
      const listed = await run("reproduce", "fig2", "--about", "--json");
      assertEquals(JSON.parse(listed.stdout)[0].name, "fig2");
      await Deno.writeTextFile(join(dir, "lab.ts"), "// another\n", {
        append: true,
      });
      const out = ["--out", join(dir, "r.html")];
      const line = assertRefused(await run("report", r, ...out), 2);
      assertMatch(line, /--use lab\.ts is another version than this was made /);
      const names = [...Deno.readDirSync(dir)].map(({ name }) => name);
      assert(!names.includes("r.html"));
    },
  ));

Deno.test("export needs no extension of the run: what it writes is in the run's files", () =>
  withLab(
    "export default defineExtension({ losses: { my: losses.softmax } });",
    async (dir, run) => {
      const r = join(dir, "r");
      const trained = await run("train", ...TINY, "--loss", "my", "--run", r);
      assertEquals(trained.code, 0, trained.stderr);
      await Deno.remove(join(dir, "lab.ts"));
      for (const name of ["x.onnx", "x.npz", "x.csv"]) {
        const out = join(dir, name);
        const { code, stderr } = await outputOf(
          startProgram("export", [r, "--out", out]),
        );
        assertEquals(code, 0, stderr);
        assert((await Deno.stat(out)).size > 0);
      }
    },
  ));
