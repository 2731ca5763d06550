/** How a training begins of which nobody wants the state that it starts with. */

import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { join } from "node:path";
import { Memo } from "../../lib/base/memo.ts";
import { alikeKey } from "../../lib/config/alike.ts";
import { type ConfigInput, resolveConfig } from "../../lib/config/config.ts";
import { usedModules } from "../../lib/config/used.ts";
import type { Advance, BandEngine } from "../../lib/engine/engine.ts";
import { hostTensorOf } from "../../lib/numeric/tensor.ts";
import { DivergedError } from "../../lib/train/diverged.ts";
import type { Recorder } from "../../lib/train/recorder.ts";
import { trainLoop } from "../../lib/train/train_loop.ts";
import { trainRuns } from "../../lib/train/training.ts";
import { contentsOf, withTempDir } from "../tasks/_run.ts";
import { assertSameRun } from "./_runs.ts";

const TINY: ConfigInput = {
  modulus: 5,
  hidden: [4],
  device: "cpu",
  threads: 1,
  steps: 6,
  evalEvery: 2,
};

/** Trains with an engine that makes up what it finds; gives what it was asked. */
async function asked(
  { losses, trainLoss, weight = 1, from = 0 }: {
    losses: readonly number[];
    trainLoss: number;
    weight?: number;
    from?: number;
  },
): Promise<string[]> {
  const log: string[] = [];
  const config = { ...resolveConfig(TINY), steps: from + losses.length };
  const state = { "params.w": hostTensorOf("float32", [], [weight]) };
  const evaluation = (step: number, train_loss: number) =>
    ({ step, metrics: { train_loss } }) as unknown as Advance[
      "evaluations"
    ][number];
  let step = from;
  const engine: BandEngine = {
    get step() {
      return step;
    },
    advance(count) {
      log.push(`advance from ${step}`);
      const own = losses.slice(step - from, step - from + count);
      const evaluations = step % 2 === 0 ? [evaluation(step, trainLoss)] : [];
      step += count;
      return Promise.resolve([{ evaluations, losses: own }]);
    },
    states: () => Promise.resolve([state]),
    at(step) {
      log.push(`evaluate ${step}`);
      const loss = step === from ? trainLoss : 1;
      return Promise.resolve([{ evaluation: evaluation(step, loss), state }]);
    },
    close: () => Promise.resolve(),
  };
  const recorder = {
    config,
    record(rows: readonly unknown[]) {
      if (rows.length > 0) log.push(`${rows.length} rows`);
      return Promise.resolve([]);
    },
    finish: () => Promise.resolve({ result: { steps: step }, rows: [] }),
    summarise: () => Promise.resolve(),
  } as unknown as Recorder;
  try {
    await trainLoop({
      config,
      recorders: new Map([[0, recorder]]),
      failures: [],
      engine,
      resumed: false,
      band: false,
      savesStart: false,
    }, {});
  } catch (error) {
    if (!(error instanceof DivergedError)) throw error;
    log.push(error.message.replace(/ of .*/, ""));
  }
  return log;
}

Deno.test("a start that is not saved is evaluated by the first step alone", async () => {
  assertEquals(await asked({ losses: [1], trainLoss: 1 }), [
    "advance from 0",
    "1 rows",
    "evaluate 1", // the end
  ]);
});

Deno.test("a start is evaluated before the first step where that does not", async (t) => {
  await t.step("between two evaluations", async () => {
    assertEquals(
      (await asked({ losses: [1], trainLoss: 1, from: 1 }))[0],
      "evaluate 1",
    );
  });
  await t.step("from a state that is not finite", async () => {
    const log = await asked({ losses: [1], trainLoss: 1, weight: NaN });
    assertEquals(log[0], "evaluate 0");
    assertMatch(log[1]!, /^Training cannot start/);
    assertEquals(log.length, 2);
  });
});

Deno.test("a run whose loss over all rows is not finite at its start leaves no row", async () => {
  const log = await asked({ losses: [1], trainLoss: NaN });
  assertEquals(log[0], "advance from 0");
  assertMatch(log[1]!, /^Training cannot start/);
  assertEquals(log.length, 2);
});

Deno.test("a run that cannot start ends alike, whether its start is saved or not", () =>
  withTempDir(async (dir) => {
    const config = resolveConfig({ ...TINY, loss: "mse", outputScale: 1e30 });
    const ends = await Promise.all([true, false].map(async (savesStart, i) => {
      const run = join(dir, `${i}`);
      const { message } = await assertRejects(
        () => trainRuns([config], { run }, false, { savesStart }),
        DivergedError,
      );
      const names = Object.keys(await contentsOf(run))
        .map((path) => path.slice(run.length));
      return [message, names.sort()];
    }));
    assertMatch(ends[0]![0] as string, /^Training cannot start/);
    assertEquals(ends[1], ends[0]);
  }));

Deno.test("runs that are trained one after the other are as each alone", () =>
  withTempDir(async (dir) => {
    const known = new Memo();
    const all: ConfigInput[] = [
      { seed: 0 },
      { seed: 1 },
      { seed: 1, hidden: [3] },
      { seed: 2, optimizer: "sgd" },
    ];
    for (const [i, one] of all.entries()) {
      const config = resolveConfig({ ...TINY, ...one });
      const [run, alone] = [join(dir, `${i}`), join(dir, `alone ${i}`)];
      const how = { known, savesStart: false };
      await trainRuns([config], { run, resume: true }, false, how);
      await trainRuns([config], { run: alone }, false);
      await assertSameRun(run, alone);
    }
  }));

Deno.test("of what runs have in common the last is kept, made anew for another kind", () => {
  const known = new Memo();
  let made = 0;
  const of = (key: string) => known.last("state", key, () => ++made);
  assertEquals([of("a"), of("a"), of("b"), of("b"), of("a")], [1, 1, 2, 2, 3]);
  assertEquals(known.last("other", "a", () => "own"), "own");
  const plain = resolveConfig(TINY);
  const key = (more: ConfigInput) =>
    alikeKey({ ...plain, ...more } as typeof plain);
  assertEquals(key({ seed: 3, dataSeed: 4 }), key({}));
  for (const more of [{ lr: 0.5 }, { hidden: [5] }] satisfies ConfigInput[]) {
    assertEquals(key(more) === key({}), false);
  }
  // What an extension makes may depend on the seed.
  usedModules.push({ module: "mine.ts", sha256: "", imports: {} });
  try {
    assertEquals(key({ seed: 3 }) === key({}), false);
  } finally {
    usedModules.pop();
  }
});
