/** SHA256SUMS in all forms that `sha256sum -c` reads, held to the program itself. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { readVerified } from "../../lib/base/verified.ts";
import { readConfig } from "../../lib/runs/read.ts";
import { DamagedError, sha256, Sums } from "../../lib/base/sums.ts";
import { train } from "../../lib/train/train.ts";
import { withTempDir } from "../tasks/_run.ts";
import { assertSums } from "../train/_runs.ts";
import { fileIn, notesOf } from "./_damage.ts";

const SUM = sha256("held\n");
const OTHER = sha256("other\n");

// Texts of a file of sums; whether they name f and its sum, `sha256sum` says.
const TEXTS: readonly string[] = [
  `${SUM}  f\n`,
  `${SUM.toUpperCase()}  f\n`,
  `${SUM.slice(0, 9).toUpperCase()}${SUM.slice(9)}  f\n`,
  `${SUM} *f\n`,
  `${SUM}  f`,
  `${SUM}  f\r\n`,
  `\r\n${SUM} *f\r`,
  `${SUM} f\n`,
  `${SUM}\tf\n`,
  `${SUM} \tf\n`,
  `${SUM}\t f\n`,
  `${SUM}\t*f\n`,
  ` \t${SUM}  f\n`,
  `${SUM}   f\n`,
  `${SUM}  f \n`,
  `${SUM}  ./f\n`,
  `${SUM}  .//./f\n`,
  `SHA256 (f) = ${SUM}\n`,
  `SHA256 (f) = ${SUM.toUpperCase()}\n`,
  `SHA256(f)= ${SUM}\n`,
  `SHA256 (f)  =  ${SUM}\n`,
  `SHA256 (f) = ${SUM} \n`,
  `sha256 (f) = ${SUM}\n`,
  `SHA1 (f) = ${SUM}\n`,
  `\\SHA256 (f) = ${SUM}\n`,
  `\\${SUM}  f\n`,
  `\\${SUM}  f\\x\n`,
  `\\${SUM}  f\\n\n`,
  `# ${SUM}  f\n`,
  ` # ${SUM}  f\n`,
  `# a comment\n\n${SUM}  f\n`,
  `${SUM.slice(1)}  f\n`,
  `a${SUM}  f\n`,
  `g${SUM.slice(1)}  f\n`,
  `${SUM}\n`,
  `${SUM}f\n`,
  `\uFEFF${SUM}  f\n`,
  "",
  "\n",
  "none\n",
  // The form without marks, and the usual one, after each other.
  `${SUM} f\n${OTHER}  f\n`,
  `${OTHER}  g\n${SUM} f\n`,
  `${SUM} f\n${OTHER}  g\n`,
  `SHA256 (g) = ${OTHER}\n${SUM} f\n`,
];

Deno.test("Sums read a line if, and only if, sha256sum -c does", () =>
  withTempDir(async (dir) => {
    // Every name that a line may give has its own bytes, all but the right one
    // other bytes than the sum is of.
    await Deno.writeTextFile(join(dir, "f"), "held\n");
    await Deno.writeTextFile(join(dir, "g"), "other\n");
    let [right, none] = [0, 0];
    for (const text of TEXTS) {
      await Deno.writeTextFile(join(dir, "sums"), text);
      const { stdout } = await new Deno.Command("sha256sum", {
        args: ["-c", "sums"],
        cwd: dir,
        env: { LC_ALL: "C" },
        stderr: "null",
      }).output();
      const said = new TextDecoder().decode(stdout);
      const held = /^(\.\/+)*f: OK$/m.test(said);
      const sums = Sums.parse(text);
      const found = sums.files.get("f")?.includes(SUM) ?? false;
      assertEquals(found, held, JSON.stringify(text));
      // A line that is read at all names some file there, or one that is not.
      assertEquals(
        [...sums.files.values()].flat().length,
        said.split("\n").filter((line) => /: (OK|FAILED)/.test(line)).length,
        JSON.stringify(text),
      );
      if (held) right += 1;
      else none += 1;
    }
    assert(right > 15 && none > 15, `${right} and ${none}`);
  }));

Deno.test("Sums write what they read, line ends in names too", () => {
  const text = `\\${SUM}  a\\\\b\\nc\\rd\n${SUM}  e f\n`;
  const sums = Sums.parse(text);
  assertEquals([...sums.files.keys()], ["a\\b\nc\rd", "e f"]);
  assertEquals(`${sums}`, text);
});

const TINY = { modulus: 5, hidden: [4], threads: 1, steps: 4, evalEvery: 2 };

Deno.test("a run whose SHA256SUMS another tool wrote is read, and gone on with", () =>
  withTempDir(async (dir) => {
    const run = join(dir, "run");
    await train(TINY, { run });
    const path = join(run, "SHA256SUMS");
    const text = await Deno.readTextFile(path);
    const forms: ((line: string) => string)[] = [
      (line) => line.slice(0, 64).toUpperCase() + line.slice(64) + "\r",
      (line) => `${line.slice(0, 64)} *./${line.slice(66)}`,
      (line) => `SHA256 (${line.slice(66)}) = ${line.slice(0, 64)}`,
    ];
    for (const form of forms) {
      const lines = text.split("\n").filter((line) => /^[^#]/.test(line));
      await Deno.writeTextFile(path, lines.map(form).join("\n") + "\n");
      const notes = await notesOf(async () => {
        await readConfig(run);
        await readVerified(fileIn(run, "checkpoints", 4));
      });
      assertEquals(notes, []);
    }
    await train({ ...TINY, steps: 6 }, { run, resume: true });
    await assertSums(run);
  }));

Deno.test("a line that is none of sums is named, with the file", () =>
  withTempDir(async (dir) => {
    const run = join(dir, "run");
    await train(TINY, { run });
    const path = join(run, "SHA256SUMS");
    const lines = (await Deno.readTextFile(path)).split("\n");
    const at = lines.findIndex((line) => line.endsWith("config.json"));
    const torn = lines.with(at, lines[at]!.slice(1));
    await Deno.writeTextFile(path, torn.join("\n"));
    const notes = await notesOf(async () => {
      await readVerified(fileIn(run, "checkpoints", 4));
      await assertRejects(
        () => readConfig(run),
        DamagedError,
        "SHA256SUMS does not have it",
      );
    });
    assertEquals(notes, [
      `note: ${path}: line ${at + 1} is none of sums; it is passed over`,
    ]);
    await Deno.writeTextFile(path, lines.join("\n").replaceAll("  ", ""));
    await assertRejects(
      () => readConfig(run),
      DamagedError,
      `Cannot read ${path}: line 1 is none of sums, and it has no sum of`,
    );
    // What it has of the rows is a comment to others, not to us.
    const rows = lines.findIndex((line) => line.startsWith("# metrics"));
    await Deno.writeTextFile(
      path,
      lines.with(rows, lines[rows]!.slice(0, -9)).join("\n"),
    );
    assertEquals(await notesOf(() => readConfig(run)), [
      `note: ${path}: line ${rows + 1} is none of sums; it is passed over`,
    ]);
  }));
