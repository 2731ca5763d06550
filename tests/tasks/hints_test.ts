/** What is refused gets one line with a hint, and what is asked for groups. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import {
  assertRefused,
  contentsOf,
  outputOf,
  startProgram,
  type TaskName,
  withTempDir,
} from "./_run.ts";

const CASES: readonly [name: TaskName, args: string, says: RegExp][] = [
  ["train", "--wd 1", /^error: unknown option '--wd' \(did you mean --weight-/],
  ["train", "--epochs=3", /'--epochs=3' \(did you mean --steps \(updates; /],
  ["train", "--optimizer AdamW", /got "AdamW" \(did you mean adamw\?\)$/],
  ["train", "--hidden 20 20", /argument 20 \(did you mean --hidden 20,20\?\);/],
  ["train", "--hidden 20, 20", /--hidden .*'20,' .*numbers with commas/],
  ["train", "--perp-grad false", /false: --perp-grad takes no value \(no is /],
  ["train", "--perp-grad=false", /: --perp-grad takes no value \(no is --no-/],
  ["train", "lr=0.1", /argument lr=0\.1 \(did you mean --lr 0\.1\?\)/],
  ["train", "runs/a", /: a run is named with --config, --from or --resume/],
  ["train", "50", /argument 50: a flag is missing .*npm run.* after --\)/],
  ["train", "--batch-size all", /Wanted a number: train rows .*default: all/],
  ["train", "--seed 9007199254740993", /--seed .* at most 2⁵³ − 1, got 9007/],
  ["probe", "--device gpu", /--device .*'gpu'.*auto, cpu.*\(did you mean cuda/],
  ["probe", "--op add", /unknown option '--op' \(did you mean --operation\?\)/],
  ["export", "x.onnx --output y.onnx", /'--output' \(did you mean --out\?\)/],
  ["reproduce", "fig2 --seed 1", /'--seed' \(did you mean --seeds\?\)/],
  ["setup", "cuda --wheel x", /'--wheel'.*; --help lists the options/],
];

Deno.test("a hint goes with what is refused, and nothing is written", () =>
  withTempDir(async (dir) => {
    const one = async ([name, args, says]: typeof CASES[number]) => {
      const run = name === "train" ? ["--run", join(dir, "run")] : [];
      // What comes last is read after what is wrong.
      const given = [...run, ...args.split(" ")];
      const output = await outputOf(startProgram(name, given));
      assertMatch(assertRefused(output, 2), says);
    };
    for (let i = 0; i < CASES.length; i += 3) {
      await Promise.all(CASES.slice(i, i + 3).map(one));
    }
    assertEquals(await contentsOf(dir), {});
  }));

Deno.test("train --help has groups, examples, and each flag once", async () => {
  const { code, stdout } = await outputOf(startProgram("train", ["--help"]));
  assertEquals(code, 0);
  const headings = stdout.match(/^\S.*:$/gm);
  assertEquals(headings, [
    "What is learned, and from which share:",
    "The network:",
    "The loss:",
    "The optimizer:",
    "Length, batches, seeds, measurements:",
    "Where to compute:",
    "The run and its folder:",
    "Many runs at once:",
    "Going on with a run, and changing it on its way:",
    "Examples:",
  ]);
  const flags = [...stdout.matchAll(/^ {2}(?:-h, )?(--\S+)/gm)].map(([, f]) =>
    f
  );
  assertEquals(new Set(flags).size, flags.length);
  for (const flag of ["--[no-]perp-grad", "--lr", "--resume", "--help"]) {
    assert(flags.includes(flag), flag);
  }
  const [, network] = /^The network:\n([^]*?)\n\n/m.exec(stdout)!;
  assertMatch(network!, /^ {2}--hidden <widths>/m);
  // Every example is a command line that is understood.
  const [, examples] = stdout.split("\nExamples:\n");
  const lines = [...examples!.matchAll(/^ {2}deno task train(.*)$/gm)];
  assertEquals(lines.length, 8);
  for (const [, words] of lines) {
    for (const [flag] of words!.matchAll(/--[\w-]+/g)) {
      const known = flags.some((each) =>
        each?.replace("[no-]", "no-") === flag
      );
      assert(known || flags.includes(flag), flag);
    }
  }
});

const TINY = "--modulus 5 --hidden 4 --steps 1 --threads 1".split(" ");

Deno.test("--config takes a run folder, and -- stands for nothing", () =>
  withTempDir(async (dir) => {
    const [run, again] = [join(dir, "run"), join(dir, "again")];
    const train = (...args: string[]) => outputOf(startProgram("train", args));
    const first = await train("--", ...TINY, "--seed", "7", "--run", run);
    assertEquals(first.code, 0, first.stderr);
    const second = await train("--config", run, "--run", again);
    assertEquals(second.code, 0, second.stderr);
    for (const file of ["config.json", "checkpoints/step-00000001.onnx"]) {
      assertEquals(
        await Deno.readFile(join(again, file)),
        await Deno.readFile(join(run, file)),
      );
    }
    const none = await train("--config", dir, "--run", join(dir, "other"));
    assertMatch(
      assertRefused(none, 2),
      /Cannot read the config .*config\.json: No such file/,
    );
    assertEquals([...Deno.readDirSync(dir)].length, 2);
  }));

Deno.test("a flag without effect is told with what it belongs to", () =>
  withTempDir(async (dir) => {
    const { code, stderr } = await outputOf(startProgram("train", [
      ...[...TINY, "--layers", "3", "--momentum", "0.5", "--code-bits", "3"],
      ...["--run", join(dir, "run")],
    ]));
    assertEquals(code, 0, stderr);
    assertEquals(stderr.match(/^warning: .*$/gm), [
      "warning: --code-bits has no effect in this experiment",
      "warning: --layers has no effect in this experiment: it belongs to " +
      "--model transformer or encoder",
      "warning: --momentum has no effect in this experiment: it belongs to " +
      "--optimizer sgd or rmsprop",
    ]);
  }));
