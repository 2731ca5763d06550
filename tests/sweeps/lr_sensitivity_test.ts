import { assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { dirname, join } from "node:path";
import { UsageError } from "../../lib/base/errors.ts";
import { endedPath, runPath } from "../../lib/sweeps/layout.ts";
import { lrSensitivity } from "../../lib/sweeps/summaries/lr_sensitivity.ts";
import { task, withTempDir } from "../tasks/_run.ts";
import { endedOf } from "./_records.ts";
import { sweepOf } from "./_sweep.ts";

const RATES = [1e-3, 1e-2, 1e-1, 1, 10];
const WIDTHS = [8, 16, 32];

// ℓ = 1 + seed + k·(log₁₀ η + 1)² and attention logits of width²·η.
async function constructed(folder: string): Promise<void> {
  const points = WIDTHS.flatMap((dModel) =>
    RATES.flatMap((lr) => [0, 1].map((seed) => ({ dModel, lr, seed })))
  );
  const runs = await sweepOf(folder, points, {
    model: "transformer",
    modulus: 5,
    heads: 2,
    dMlp: 4,
    loss: "softmax",
    metrics: ["attention-logits"],
  });
  for (const { id, config: { dModel, lr, seed } } of runs) {
    const loss = 1 + seed + dModel / 100 * (Math.log10(lr) + 1) ** 2;
    const row = (step: number, loss: number) =>
      JSON.stringify({
        step,
        train_loss: loss,
        test_loss: 2 * loss,
        max_attention_logit: dModel ** 2 * lr,
      });
    // One diverges: it counts as its first loss, 4.
    const diverged = dModel === 32 && lr === 10 && seed === 1;
    const run = runPath(folder, id);
    await Deno.mkdir(run, { recursive: true });
    await Deno.writeTextFile(
      join(run, "metrics.jsonl"),
      `${row(0, 4)}\n${row(500, diverged ? 1e9 : loss)}\n`,
    );
    await Deno.mkdir(dirname(endedPath(folder, id)), { recursive: true });
    await Deno.writeTextFile(
      endedPath(folder, id),
      JSON.stringify(endedOf(id, diverged ? "diverged" : "done")),
    );
  }
}

Deno.test("lrSensitivity() finds S of a sweep whose loss is quadratic in log η", () =>
  withTempDir(async (dir) => {
    const folder = join(dir, "sweep");
    await constructed(folder);
    const { columns, groups, predictions, problems } = await lrSensitivity(
      folder,
      1e6,
    );
    assertEquals(problems, []);
    assertEquals(columns, { train: "train_loss", test: "test_loss" });
    assertEquals(groups.map(({ values }) => values), [
      ...WIDTHS.map((dModel) => ({ dModel })),
    ]);
    for (const [i, { train, test, rates, seeds }] of groups.entries()) {
      assertEquals([rates, seeds, train!.seeds], [RATES, 2, 2]);
      // log₁₀ η + 1 is −2 … 2: the mean of the squares is 2.
      const s = WIDTHS[i]! / 100 * 2;
      // The run that diverged is 4 − 2 above the best in place of 4·0.32.
      const second = i < 2 ? s : s + (2 - 4 * 0.32) / 5;
      assertAlmostEquals(train!.median, (s + second) / 2, 1e-12);
      assertAlmostEquals(train!.interval[0], s, 1e-12);
      // Twice the loss, but no more than the loss at step 0.
      assertEquals(test!.seeds, 2);
    }
    // width²·η = 10⁶.
    assertEquals(predictions.map(({ lr }) => lr), RATES);
    for (const { lr, dModel } of predictions) {
      assertAlmostEquals(dModel!, Math.sqrt(1e6 / lr), 1e-4);
    }
  }));

Deno.test("sweep report --lr-sensitivity says it, and refuses what does not go with it", () =>
  withTempDir(async (dir) => {
    const folder = join(dir, "sweep");
    await constructed(folder);
    const { code, stdout } = await task(
      "sweep",
      "report",
      folder,
      "--lr-sensitivity",
    );
    assertEquals(code, 0);
    assertEquals(
      stdout.split("\n").find((line) => line.startsWith("dModel 8:")),
      "dModel 8: S train 0.16 (0.16 to 0.16), test 0.32 (0.32 to 0.32); 5 rates " +
        "from 0.001 to 10, 2 seeds",
    );
    const refused = await task(
      "sweep",
      "report",
      folder,
      "--lr-sensitivity",
      "--x",
      "lr",
    );
    assertEquals(refused.code, 2);
    assertEquals(
      refused.stderr.includes("--x must not stand beside --lr-sensitivity"),
      true,
    );
  }));

Deno.test("lrSensitivity() refuses a sweep of one rate, or of rates that are no grid", () =>
  withTempDir(async (dir) => {
    const folder = join(dir, "one");
    await sweepOf(folder, [{ seed: 0 }, { seed: 1 }]);
    await assertRejects(
      () => lrSensitivity(folder),
      UsageError,
      "its runs differ in seed, wanted three learning rates or more",
    );
  }));
