/** What the runs of a plan cost. */

import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { type Config, resolveConfig } from "../../lib/config/config.ts";
import { sweepCost } from "../../lib/sweeps/cost.ts";
import { contentsOf, withTempDir } from "../tasks/_run.ts";

const config = (input: object = {}): Config =>
  resolveConfig({ modulus: 5, hidden: [4], steps: 1000, ...input });

Deno.test("sweepCost() needs no trial of what has run on this machine", () =>
  withTempDir(async (folder) => {
    const of = (jobs: number, runs: number) =>
      sweepCost({
        folder,
        kinds: [{ config: config(), runs, steps: 1000 * runs }],
        known: [[config({ seed: 3 }), 2]],
      }, { jobs });
    // Of each run 1000 steps of 2 ms and 300 ms beside them.
    assertEquals(await of(1, 10), {
      ms: 23_000,
      jobs: 1,
      runs: 10,
      kinds: 1,
      known: 1,
    });
    assertEquals((await of(4, 10)).ms, 23_000 / 4);
    // Three at a time are no faster than the longest of them.
    assertEquals((await of(4, 1)).ms, 2300);
    assertEquals(await contentsOf(folder), {});
  }));

Deno.test("sweepCost() of nothing to train is nothing", () =>
  withTempDir(async (folder) => {
    assertEquals(
      await sweepCost({ folder, kinds: [], known: [] }, { jobs: 2 }),
      { ms: 0, jobs: 2, runs: 0, kinds: 0, known: 0 },
    );
  }));

Deno.test("sweepCost() tries each kind of run, and leaves nothing of it", () =>
  withTempDir(async (folder) => {
    // A trial that a killed process left, and one of a process that is alive.
    const old = join(folder, ".trial-1");
    for (const path of [old, join(folder, ".trial-2")]) await Deno.mkdir(path);
    const long = new Date(Date.now() - 2 * 60 * 60 * 1000);
    await Deno.utime(old, long, long);
    const kind = (input: object) => ({
      config: config(input),
      runs: 2,
      steps: 2000,
    });
    // No MNIST lies there, so its trial fails.
    const mnist = { task: "mnist", mnist: join(folder, "none"), trainSize: 10 };
    const { ms, ...cost } = await sweepCost({
      folder,
      kinds: [kind({}), kind({ hidden: [5] }), kind(mnist)],
      known: [],
    }, { jobs: 2 });
    assertEquals(cost, { jobs: 2, runs: 6, kinds: 3, known: 2 });
    assert(ms !== null && ms > 4 * 300 / 2, `${ms}`);
    assertEquals(Object.keys(await contentsOf(folder)), [
      join(folder, ".trial-2"),
    ]);
  }));

Deno.test("runs that cannot be tried cost what the others do a step", () =>
  withTempDir(async (folder) => {
    const mnist = { task: "mnist", mnist: join(folder, "none"), trainSize: 10 };
    const { ms } = await sweepCost({
      folder,
      kinds: [
        { config: config(), runs: 4, steps: 4000 },
        { config: config(mnist), runs: 2, steps: 2000 },
      ],
      known: [[config(), 2]],
    }, { jobs: 1 });
    assertEquals(ms, 4 * 2300 * 6 / 4);
  }));

Deno.test("sweepCost() does not know what cannot be tried", () =>
  withTempDir(async (folder) => {
    const mnist = { task: "mnist", mnist: join(folder, "none"), trainSize: 10 };
    const kinds = [{ config: config(mnist), runs: 1, steps: 1000 }];
    const { ms, known } = await sweepCost(
      { folder, kinds, known: [] },
      { jobs: 1 },
    );
    assertEquals([ms, known], [null, 0]);
  }));
