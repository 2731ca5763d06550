/** Training the runs of a sweep. */

import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { join } from "node:path";
import { UsageError } from "../../lib/base/errors.ts";
import { FileError } from "../../lib/base/files.ts";
import { DamagedError } from "../../lib/base/sums.ts";
import { list } from "../../lib/runs/layout.ts";
import { readRecords } from "../../lib/sweeps/collecting/records.ts";
import { planLine, readEnded } from "../../lib/sweeps/files.ts";
import { runId } from "../../lib/sweeps/ids.ts";
import {
  claimPath,
  endedPath,
  type PlannedRun,
  runPath,
  SWEEP,
} from "../../lib/sweeps/layout.ts";
import { Claims } from "../../lib/sweeps/running/claims.ts";
import type { SweepRunOptions } from "../../lib/sweeps/running/options.ts";
import { runSweep } from "../../lib/sweeps/running/run.ts";
import { sweepStatus } from "../../lib/sweeps/running/status.ts";
import { train } from "../../lib/train/train.ts";
import { flipBit } from "../runs/_damage.ts";
import { contentsOf, withTempDir } from "../tasks/_run.ts";
import { atFirstStep } from "../train/_runs.ts";
import { assertAsAlone, seeds, sweepOf, TINY } from "./_sweep.ts";

const claims = async (folder: string) =>
  (await list(join(folder, SWEEP.claims)))!.filter((name) => name !== "clock");

// Runs that nobody waits for the end of.
const LASTING = { ...TINY, steps: 1_000_000, checkpointEvery: null };

Deno.test("runSweep() trains what is not there, side by side, to the bytes of each alone", () =>
  withTempDir(async (dir) => {
    const runs = await sweepOf(dir, seeds(4));
    const told: string[] = [];
    let first: [number, number, number] | undefined;
    const outcome = await runSweep(dir, {
      jobs: 2,
      onStart: ({ runs, done }, jobs) => first = [runs, done, jobs],
      onRun: ({ id }, ended, standing) => {
        told.push(id);
        assertEquals([ended.id, ended.state, ended.attempts], [id, "done", 1]);
        assertEquals(standing.done, told.length);
        assert(standing.training.length <= 1);
        assert(told.length === 4 ? standing.left === 0 : standing.left >= 0);
      },
    });
    assertEquals(first, [4, 0, 2]);
    assertEquals(told.sort(), runs.map(({ id }) => id).sort());
    assertEquals(outcome, {
      runs: 4,
      done: 4,
      grokked: outcome.grokked,
      diverged: 0,
      failed: 0,
      elsewhere: 0,
      trained: 4,
      waiting: 0,
      interrupted: false,
      lacks: [],
      failures: [],
    });
    for (const run of runs) {
      await assertAsAlone(dir, run, join(dir, "alone", run.id));
      const { seconds, result, host } = (await readEnded(dir, run.id))!;
      assert(seconds > result!.seconds && seconds < 60);
      assertEquals([host, result!.steps], [Deno.hostname(), 30]);
      assert(!("config" in result!));
    }
    assertEquals(await claims(dir), []);
    const before = await contentsOf(dir);
    {
      // As of a process that was killed once it had noted the end.
      using left = await Claims.open(dir);
      await left.take(runs[0]!.id);
    }
    const again = await runSweep(dir);
    assertEquals(again, { ...outcome, trained: 0 });
    assertEquals(await contentsOf(dir), before, "nothing is trained twice");
  }));

Deno.test("shares have every run once; one that is left out has all", () =>
  withTempDir(async (dir) => {
    const runs = await sweepOf(dir, seeds(5), { ...TINY, steps: 1 });
    const [a, b] = await Promise.all(
      [0, 1].map((index) =>
        runSweep(dir, { shard: { index, of: 2 }, jobs: 1 })
      ),
    );
    assertEquals([a!.runs, a!.done, b!.runs, b!.done], [3, 3, 2, 2]);
    const { done, trained } = await runSweep(dir);
    assertEquals([done, trained], [runs.length, 0]);
  }));

Deno.test("a run that fails or diverges is noted with its reason, and the others go on", () =>
  withTempDir(async (dir) => {
    const runs = await sweepOf(dir, [
      { batchSize: 1000 },
      { lr: 1e30 },
      { seed: 1 },
    ]);
    const outcome = await runSweep(dir, { jobs: 1 });
    const [failed, diverged, done] = runs;
    assertEquals(
      [outcome.failed, outcome.diverged, outcome.done, outcome.trained],
      [1, 1, 1, 3],
    );
    assertEquals(
      outcome.failures.map(({ id, point, state }) => ({
        id,
        point,
        state,
      })),
      [
        { id: failed!.id, point: { batchSize: 1000 }, state: "failed" },
        { id: diverged!.id, point: { lr: 1e30 }, state: "diverged" },
      ],
    );
    const [why, where] = outcome.failures.map(({ reason }) => reason);
    assertMatch(why!, /^--batch-size must be at most \d+, the train rows/);
    assertMatch(where!, /^Training stopped: .* is not finite at step \d+/);
    const ended = (await readEnded(dir, diverged!.id))!;
    assert(typeof ended.result!.diverged_at === "number");

    // Again: what failed is tried once more, the others are left alone.
    const again = await runSweep(dir);
    assertEquals([again.trained, again.failures], [1, outcome.failures]);
    assertEquals((await readEnded(dir, failed!.id))!.attempts, 2);
    assertEquals((await readEnded(dir, diverged!.id))!.attempts, 1);
    assertEquals((await readEnded(dir, done!.id))!.attempts, 1);
    assertEquals(await claims(dir), []);
  }));

Deno.test("a signal or a limit ends a sweep, runs in the middle with checkpoints", () =>
  withTempDir(async (dir) => {
    await sweepOf(dir, seeds(3), LASTING);
    const stop = new AbortController();
    const steps = new Map<string, number>();
    const outcome = await runSweep(dir, {
      jobs: 2,
      signal: stop.signal,
      onProgress: ({ training }) => {
        for (const { id, step } of training) steps.set(id, step);
        if ([...steps.values()].every((step) => step > 1)) stop.abort();
      },
    });
    const { interrupted, trained, waiting, done } = outcome;
    assertEquals([interrupted, trained, waiting, done], [true, 0, 3, 0]);
    for (const id of steps.keys()) {
      const saved = await list(join(runPath(dir, id), "checkpoints"));
      assertEquals(saved!.length, 1, "the state that it was stopped at");
    }
    // Given back, not left.
    const held = await claims(dir);
    assertEquals(held.sort(), [...steps.keys()].sort());
    for (const id of held) {
      const text = await Deno.readTextFile(claimPath(dir, id));
      assertEquals(JSON.parse(text).released, true);
    }
    for (const options of [{ signal: AbortSignal.abort() }, { limit: 1 }]) {
      assertEquals(await runSweep(dir, options), outcome);
    }
  }));

Deno.test("what was stopped in the middle goes on to the same bytes", () =>
  withTempDir(async (dir) => {
    const [run] = await sweepOf(dir, seeds(1), { ...TINY, steps: 200 });
    const path = runPath(dir, run!.id);
    await train(run!.config, { run: path, ...atFirstStep() });
    const { trained } = await runSweep(dir);
    assertEquals(trained, 1);
    const manifest = JSON.parse(
      await Deno.readTextFile(join(path, "manifest.json")),
    );
    assertEquals(manifest.resumed.length, 1);
    await assertAsAlone(dir, run!, join(dir, "alone"));
  }));

Deno.test("what another machine left is taken over with a copy of its folder", () =>
  withTempDir(async (dir) => {
    const [run] = await sweepOf(dir, seeds(1), { ...TINY, steps: 200 });
    const path = runPath(dir, run!.id);
    await train(run!.config, { run: path, ...atFirstStep() });
    const owner = { host: "elsewhere", pid: 1, since: "2026-01-01T00:00:00Z" };
    await Deno.writeTextFile(join(path, "lock"), JSON.stringify(owner));
    const { ino } = await Deno.stat(path);
    await Deno.mkdir(join(dir, SWEEP.claims));
    const claim = claimPath(dir, run!.id);
    await Deno.writeTextFile(
      claim,
      JSON.stringify({ ...owner, booted: 1, attempts: 1, deaths: 0 }),
    );
    assertEquals((await runSweep(dir)).elsewhere, 1);
    await Deno.utime(claim, new Date(0), new Date(0));
    assertEquals((await runSweep(dir)).done, 1);
    assert((await Deno.stat(path)).ino !== ino);
    const { attempts } = (await readEnded(dir, run!.id))!;
    assertEquals(attempts, 2);
    assertEquals(await list(join(dir, SWEEP.runs)), [run!.id]);
    await assertAsAlone(dir, run!, join(dir, "alone"));
  }));

Deno.test("who has lost a run to another process lets go of it", () =>
  withTempDir(async (dir) => {
    const [run] = await sweepOf(dir, seeds(1), LASTING);
    const next = `${claimPath(dir, run!.id)}.1`;
    const owner = {
      host: "elsewhere",
      pid: 1,
      since: "",
      attempts: 2,
      deaths: 1,
    };
    let saved: boolean | undefined;
    const outcome = await runSweep(dir, {
      stale: 8000,
      onProgress: ({ training }) => {
        if (!training.some(({ step }) => step > 0) || saved !== undefined) {
          return;
        }
        saved = [...Deno.readDirSync(runPath(dir, run!.id))]
          .some(({ name }) => name === "checkpoints");
        Deno.writeTextFileSync(next, JSON.stringify(owner));
        // Young for as long as this may take.
        const later = new Date(Date.now() + 7000);
        Deno.utimeSync(next, later, later);
      },
    });
    assertEquals(saved, false, "nobody asked for the state of the start");
    assertEquals(
      [outcome.elsewhere, outcome.trained, outcome.interrupted],
      [1, 0, false],
    );
    assertEquals(await readEnded(dir, run!.id), undefined);
    assertEquals((await claims(dir)).sort(), [run!.id, `${run!.id}.1`]);
  }));

Deno.test("a run over which three processes died is not tried any more, until it is asked for again", () =>
  withTempDir(async (dir) => {
    const [run] = await sweepOf(dir, seeds(1));
    await Deno.mkdir(join(dir, SWEEP.claims));
    const owner = {
      host: "elsewhere",
      pid: 1,
      since: "",
      attempts: 7,
      deaths: 2,
    };
    const claim = claimPath(dir, run!.id);
    await Deno.writeTextFile(claim, JSON.stringify(owner));
    await Deno.utime(claim, new Date(0), new Date(0));
    const { failures } = await runSweep(dir);
    assertEquals(failures.map(({ reason }) => reason), [
      "3 processes that trained it have died",
    ]);
    assertEquals(await list(join(dir, SWEEP.runs)), []);
    assertEquals((await runSweep(dir)).done, 1);
    assertEquals((await readEnded(dir, run!.id))!.attempts, 9);
  }));

Deno.test("damage is told, and the run begun again beside what is damaged", () =>
  withTempDir(async (dir) => {
    const [run, other] = await sweepOf(dir, seeds(2), { ...TINY, steps: 200 });
    const path = runPath(dir, run!.id);
    await train(run!.config, { run: path, ...atFirstStep() });
    await flipBit(join(path, "checkpoints/step-00000001.onnx"), 10_000);
    await flipBit(join(path, "checkpoints/step-00000000.onnx"), 10_000);
    const warnings: string[] = [];
    const onWarning = (text: string) => warnings.push(text);
    const { done } = await runSweep(dir, { onWarning, jobs: 1 });
    assertEquals(done, 2);
    const [damage, told, ...more] = warnings;
    assertMatch(damage!, /^Cannot read .*step-00000001.onnx: it is not as it/);
    assertEquals(more, []);
    assertMatch(
      told!,
      new RegExp(
        `^${run!.id} is begun again: Cannot resume .*; what was there`,
      ),
    );
    const aside = join(dir, "damaged", `${run!.id}-1`);
    assert(told!.endsWith(aside));
    assert((await list(aside))!.includes("checkpoints"));
    await assertAsAlone(dir, run!, join(dir, "alone"));

    // A folder that is gone, and an end that is torn.
    await Deno.remove(path, { recursive: true });
    const torn = endedPath(dir, other!.id);
    await Deno.writeTextFile(torn, "{");
    warnings.length = 0;
    const again = await runSweep(dir, { onWarning, jobs: 1 });
    assertEquals([again.done, again.trained], [2, 2]);
    const gone = /is done, but its folder .* is gone: it is trained again$/;
    const said = (what: RegExp) =>
      warnings.filter((text) => what.test(text)).length;
    assertEquals([said(gone), said(/^Cannot read .*; it is written anew$/)], [
      1,
      1,
    ]);
    assertEquals(warnings.length, 2);
    assertEquals((await readEnded(dir, other!.id))!.state, "done");
    await assertAsAlone(dir, run!, join(dir, "alone2"));
  }));

Deno.test("runSweep() refuses what is no sweep, and options that are none", () =>
  withTempDir(async (dir) => {
    await assertRejects(() => runSweep(dir), UsageError, "no sweep.json");
    await sweepOf(dir, seeds(1));
    for (
      const [options, wanted] of [
        [{ jobs: 0 }, "jobs"],
        [{ limit: 0 }, "limit"],
        [{ shard: { index: 4, of: 4 } }, "I in 0..3"],
        [{ shard: { index: 0, of: 0 } }, "N in 1"],
        [{ shards: 1 }, "shard"],
      ] as const
    ) {
      await assertRejects(
        () => runSweep(dir, options as SweepRunOptions),
        UsageError,
        wanted,
      );
    }
    const path = join(dir, SWEEP.sweep);
    const text = await Deno.readTextFile(path);
    await Deno.writeTextFile(path, text.replace('"format": 1', '"format": 2'));
    await assertRejects(() => runSweep(dir), UsageError, "its form is 2");
    await Deno.writeTextFile(path, text);
    await Deno.writeTextFile(join(dir, SWEEP.ended), "");
    const before = await contentsOf(dir);
    await assertRejects(() => runSweep(dir), Error);
    assertEquals(await contentsOf(dir), before);
    await Deno.remove(join(dir, SWEEP.plan));
    await assertRejects(() => runSweep(dir), FileError, "plan.jsonl");
  }));

Deno.test("runSweep() trains no config under another's id, and no run twice", () =>
  withTempDir(async (dir) => {
    const [run, other] = await sweepOf(dir, seeds(2));
    const path = join(dir, SWEEP.plan);
    const changed = { ...run!, config: { ...run!.config, lr: 0.5 } };
    const refused = async (
      lines: readonly PlannedRun[],
      ...wanted: readonly string[]
    ) => {
      await Deno.writeTextFile(path, lines.map(planLine).join(""));
      const before = await contentsOf(dir);
      const { message } = await assertRejects(() => runSweep(dir), SyntaxError);
      for (const part of wanted) assert(message.includes(part), message);
      assertEquals(await contentsOf(dir), before);
    };
    await refused(
      [other!, run!, other!],
      `line 3 has the id of line 1, ${other!.id}`,
    );
    await assertRejects(() => sweepStatus(dir), SyntaxError, "line 3");
    await refused(
      [other!, changed],
      `the run ${run!.id} has the config of ${runId(changed.config)}`,
    );
    // What it is computed on is no part of the id.
    const elsewhere = { ...run!, config: { ...run!.config, threads: 2 } };
    await Deno.writeTextFile(path, planLine(elsewhere));
    assertEquals((await runSweep(dir)).done, 1);
  }));

Deno.test("what lies in the place of a run's folder, or of its end, is not taken for it", () =>
  withTempDir(async (dir) => {
    const [run, other] = await sweepOf(dir, seeds(2));
    await runSweep(dir);
    await Deno.copyFile(endedPath(dir, other!.id), endedPath(dir, run!.id));
    await assertRejects(
      () => readEnded(dir, run!.id),
      SyntaxError,
      `it is of ${other!.id}`,
    );
    const said: string[] = [];
    await runSweep(dir, { onWarning: (text) => said.push(text) });
    assertEquals((await readEnded(dir, run!.id))!.id, run!.id);
    assertEquals(said.map((text) => /it is of .*anew$/.test(text)), [true]);
    await Deno.remove(runPath(dir, run!.id), { recursive: true });
    await Deno.writeTextFile(runPath(dir, run!.id), "");
    const { failed } = await runSweep(dir);
    assertEquals(failed, 1);
  }));

Deno.test("a folder in the place of a run's claim or end fails that run alone, and is said", () =>
  withTempDir(async (dir) => {
    const [claimed, ended, whole] = await sweepOf(dir, seeds(3));
    const folders = [claimPath(dir, claimed!.id), endedPath(dir, ended!.id)];
    for (const path of folders) await Deno.mkdir(path, { recursive: true });
    const reason = (action: string, path: string) =>
      `Cannot ${action} ${path}: it is a folder; wanted a file: move the ` +
      "folder away";
    const problems = [
      reason("read the claim", folders[0]!),
      reason("read", folders[1]!),
    ];
    for (const jobs of [1, 2]) {
      const { done, failed, failures } = await runSweep(dir, { jobs });
      assertEquals([done, failed], [1, 2]);
      assertEquals(
        failures.map(({ id, reason }) => [id, reason]),
        [[claimed!.id, problems[0]], [ended!.id, problems[1]]],
      );
      assertEquals(await claims(dir), [claimed!.id]);
    }
    assertEquals((await readEnded(dir, whole!.id))!.attempts, 1);
    const status = await sweepStatus(dir);
    assertEquals([status.done, status.waiting], [1, 2]);
    assertEquals(status.problems, problems);
    assertEquals((await readRecords(dir)).problems, problems);
    for (const path of folders) await Deno.remove(path);
    const again = await runSweep(dir);
    assertEquals([again.done, again.trained], [3, 2]);
    assertEquals(await claims(dir), []);
  }));

Deno.test("a run that is over and lacks its last checkpoint is damaged, and trained again", () =>
  withTempDir(async (dir) => {
    const [run] = await sweepOf(dir, seeds(1));
    await runSweep(dir);
    const path = runPath(dir, run!.id);
    await Deno.remove(endedPath(dir, run!.id));
    await Deno.remove(join(path, "checkpoints"), { recursive: true });
    const { message } = await assertRejects(
      () => train(run!.config, { run: path, resume: true }),
      DamagedError,
      "it is over, but its checkpoint",
    );
    const warnings: string[] = [];
    const onWarning = (text: string) => warnings.push(text);
    const { done, trained } = await runSweep(dir, { onWarning });
    assertEquals([done, trained], [1, 1]);
    assertEquals(warnings, [
      `${run!.id} is begun again: ${message}; what was there lies in ` +
      join(dir, "damaged", `${run!.id}-1`),
    ]);
    await assertAsAlone(dir, run!, join(dir, "alone"));
  }));
