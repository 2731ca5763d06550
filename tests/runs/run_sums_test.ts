/** The sums of a run while it is written: of which rows, of which files. */

import { assertEquals } from "@std/assert";
import { join } from "node:path";
import { RowsHash, RunSums } from "../../lib/runs/run_sums.ts";
import { readOfRun, sha256 } from "../../lib/base/sums.ts";
import { withTempDir } from "../tasks/_run.ts";

const of = (text: string) => ({ bytes: text.length, sum: sha256(text) });
const row = (step: number) => ({ step, line: `row ${step}\n` });

Deno.test("the rows before a step are all, or all but the last", () => {
  const hash = new RowsHash(new TextEncoder().encode("start\n"));
  assertEquals(hash.beforeStep(0), of("start\n"));
  hash.add([row(0), row(5), row(10)]);
  const two = "start\nrow 0\nrow 5\n";
  assertEquals(hash.beforeStep(10), of(two));
  assertEquals(hash.beforeStep(11), of(`${two}row 10\n`));
  hash.add([row(15)]);
  assertEquals(hash.beforeStep(15), of(`${two}row 10\n`));
  assertEquals(hash.whole, of(`${two}row 10\nrow 15\n`));
});

Deno.test("steps that do not stay lose their files' sums and their rows'", () =>
  withTempDir(async (run) => {
    const sums = RunSums.empty(run);
    for (const step of [0, 5]) {
      sums.note(`checkpoints/step-0000000${step}.onnx`, sha256(`${step}`));
      sums.noteRows(step, of(`${step}`));
    }
    sums.note("config.json", sha256("config"));
    sums.keep((step) => step < 5);
    await sums.save();
    const text = await Deno.readTextFile(join(run, "SHA256SUMS"));
    assertEquals(text.split("\n"), [
      `${sha256("0")}  checkpoints/step-00000000.onnx`,
      `${sha256("config")}  config.json`,
      `# metrics.jsonl before step 0: ${sha256("0")}, 1 bytes`,
      "",
    ]);
  }));

Deno.test("an older run's files get sums, what a kill left of one does not", () =>
  withTempDir(async (run) => {
    await Deno.mkdir(join(run, "checkpoints"));
    const files = {
      "manifest.json": "{}",
      "metrics.jsonl": "",
      "checkpoints/step-00000000.onnx": "whole",
      "checkpoints/step-00000005.onnx.partial": "pa",
    };
    for (const [name, text] of Object.entries(files)) {
      await Deno.writeTextFile(join(run, name), text);
    }
    await (await RunSums.of(run)).save();
    const text = await Deno.readTextFile(join(run, "SHA256SUMS"));
    assertEquals(text.split("\n"), [
      `${sha256("whole")}  checkpoints/step-00000000.onnx`,
      `${sha256("{}")}  manifest.json`,
      "",
    ]);
  }));

Deno.test("sums that were replaced in the same moment are read again", () =>
  withTempDir(async (run) => {
    const path = join(run, "SHA256SUMS");
    const then = new Date("2026-01-02T03:04:05.678Z");
    await Deno.writeTextFile(join(run, "manifest.json"), "{}");
    for (const config of ["one", "two"]) {
      await Deno.writeTextFile(join(run, "config.json"), config);
      const lines = { "config.json": config, "manifest.json": "{}" };
      await Deno.writeTextFile(
        path,
        Object.entries(lines).map(([name, text]) =>
          `${sha256(text)}  ${name}\n`
        ).join(""),
      );
      await Deno.utime(path, then, then);
      const bytes = await readOfRun(run, "config.json");
      assertEquals(new TextDecoder().decode(bytes), config);
    }
  }));
