import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { join } from "node:path";
import { checkpointOf, probedStep, TINY } from "./_one_run.ts";
import {
  assertFailed,
  checkpointSteps,
  contentsOf,
  metricsRows,
  outputOf,
  startOnFullDisk,
  startProgram,
  task,
  withTempDir,
} from "./_run.ts";
import { assertSums } from "../train/_runs.ts";

Deno.test("a full disk leaves no part of a checkpoint", async () => {
  await withTempDir(async (dir) => {
    const args = (run: string) => [
      ...["--modulus", "7", "--hidden", "64,64", "--steps", "3", "--json"],
      ...["--run", run],
    ];
    // Without the limit first: Deno's own caches are full after that, and the
    // sizes show that the limit lies between them.
    const whole = join(dir, "whole");
    const { code, stderr } = await outputOf(startProgram("train", args(whole)));
    assertEquals(code, 0, stderr);
    const { size } = await Deno.stat(checkpointOf(whole, 3));
    assert(size > 8 * 1024);
    // The first checkpoint follows the start at once, so that a disk that is
    // full shows before the training, not after it.

    const run = join(dir, "run");
    const output = await outputOf(startOnFullDisk(8, "train", args(run)));
    const line = assertFailed(output);
    assertStringIncludes(line, checkpointOf(run, 0));
    assertMatch(line, /too large|no space/i);
    const names = Object.keys(await contentsOf(run))
      .map((path) => path.slice(run.length + 1)).sort();
    assertEquals(names, [
      "SHA256SUMS",
      "checkpoints",
      "config.json",
      "manifest.json",
      "metrics.jsonl",
      "split.json",
    ]);
    const config = await Deno.readTextFile(join(run, "config.json"));
    assertEquals(JSON.parse(config).steps, 3);
    await assertSums(run, "metrics.jsonl");
    assertEquals(await metricsRows(run), []);
  });
});

Deno.test("a full disk leaves the metrics readable", async () => {
  await withTempDir(async (dir) => {
    const run = join(dir, "run");
    const args = [...TINY, "--steps", "200", "--eval-every", "1"];
    const given = [...args, "--json", "--run", run];
    const line = assertFailed(
      await outputOf(startOnFullDisk(8, "train", given)),
    );
    const path = join(run, "metrics.jsonl");
    assertStringIncludes(line, path);
    // The last line may be cut short; every other is a row.
    const lines = (await Deno.readTextFile(path)).split("\n").slice(0, -1);
    assert(lines.length > 0);
    lines.forEach((line, step) => assertEquals(JSON.parse(line).step, step));
  });
});

const DIVERGING: readonly [what: string, flags: string][] = [
  // The first chunk is one step, so that this is seen at the second's first.
  ["at the first update", "--lr 1e30"],
  // Weights grow ninefold a step: some twenty steps, in the middle of a chunk.
  ["in the middle of a chunk", "--lr 1 --weight-decay 10"],
  ["with a checkpoint every step", "--lr 1e30 --checkpoint-every 1"],
  // The loss of the state that the last update makes.
  ["at the last step", "--lr 1e30 --steps 1"],
];

for (const engine of ["onnx", "tfjs"]) {
  for (const [what, flags] of DIVERGING) {
    const name = `train --engine ${engine} stops when the loss is NaN ${what}`;
    Deno.test(name, async () => {
      await withTempDir(async (dir) => {
        const run = join(dir, "run");
        const line = assertFailed(
          await task(
            "train",
            ...["--engine", engine, "--modulus", "7", "--hidden", "8"],
            ...["--loss", "softmax", "--optimizer", "sgd", "--no-perp-grad"],
            ...["--steps", "50", "--eval-every", "1", "--json"],
            ...[...flags.split(" "), "--run", run],
          ),
        );
        assertMatch(line, /loss is not finite at step \d+/);
        const step = Number(/at step (\d+)/.exec(line)![1]);
        const rows = await metricsRows(run);
        assertEquals(
          rows.map(({ step }) => step),
          Array.from({ length: step }, (_, i) => i),
          "a row for every step before",
        );
        for (const row of rows) assertEquals(typeof row.train_loss, "number");
        const finite = step - 1;
        assertStringIncludes(line, checkpointOf(run, finite));
        assertEquals((await checkpointSteps(run)).at(-1), finite);
        assertEquals(await probedStep(run), finite);
      });
    });
  }
}
