/** Plans: which runs they are, what is added, and that nothing is half there. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { ConfigError, resolveConfig } from "../../lib/config/config.ts";
import { UsageError } from "../../lib/base/errors.ts";
import {
  planLine,
  readPlan,
  readSweep,
  writeEnded,
} from "../../lib/sweeps/files.ts";
import { runId } from "../../lib/sweeps/ids.ts";
import { planSweep } from "../../lib/sweeps/plan.ts";
import type { SweepSpec } from "../../lib/sweeps/spec.ts";
import { contentsOf, withTempDir } from "../tasks/_run.ts";

const PLACE = {
  engine: "onnx",
  device: "cpu",
  deviceId: 0,
  runtime: "node",
  backend: "cpu",
  threads: 1,
} as const;

const GRID: SweepSpec = {
  set: { loss: "softmax" },
  seeds: [3, 5],
  parts: [{ grid: { lr: [0.1, 0.2], weightDecay: [0, 1] } }],
};

const withSweep = (work: (folder: string) => Promise<void>) =>
  withTempDir((dir) => work(join(dir, "sweeps", "a")));

Deno.test("planSweep() writes a run for each combination and seed, with its whole config", () =>
  withSweep(async (folder) => {
    const planned = await planSweep(GRID, { folder, command: ["x"] });
    const runs = await readPlan(folder);
    assertEquals(
      runs.map(({ point }) => Object.values(point)),
      [[0.1, 0], [0.1, 1], [0.2, 0], [0.2, 1]].flatMap((point) => [
        [...point, 3],
        [...point, 5],
      ]),
    );
    for (const { id, point, config } of runs) {
      const whole = resolveConfig({ loss: "softmax", ...point, ...PLACE });
      assertEquals(config, whole);
      assertEquals(id, runId(whole));
    }
    const { created, plans, ...sweep } = await readSweep(folder);
    assert(!Number.isNaN(Date.parse(created)));
    assertEquals(sweep.name, "a");
    assertEquals(sweep.place, PLACE);
    assertEquals(sweep.axes, ["lr", "weightDecay", "seed"]);
    assertEquals(
      plans.map(({ at: _, ...plan }) => plan),
      [{ command: ["x"], points: 8, new: 8 }],
    );
    assertEquals([planned.points, planned.new, planned.runs], [8, 8, 8]);
    assertEquals(planned.kinds.map(({ runs, steps }) => [runs, steps]), [
      [8, 8 * 500],
    ]);
  }));

Deno.test("runId() is of what is computed, wherever and in whatever order it is said", () => {
  const config = resolveConfig({ seed: 3, hidden: [5, 6] });
  const id = runId(config);
  // A name that changes would have every sweep trained again.
  assertEquals(id, "7ac4fa82eee2a079");
  const { task, ...rest } = config;
  assertEquals(runId({ ...rest, task } as typeof config), id);
  assertEquals(runId({ ...config, device: "cuda", threads: 7 }), id);
  assert(runId({ ...config, seed: 4 }) !== id);
  assert(runId({ ...config, hidden: [6, 5] }) !== id);
});

Deno.test("planSweep() adds what is not there, and keeps every byte of what is", () =>
  withSweep(async (folder) => {
    await planSweep(GRID, { folder });
    const before = await Deno.readTextFile(join(folder, "plan.jsonl"));
    const more = { ...GRID, seeds: [5, 7] };
    const planned = await planSweep(more, { folder, name: "a" });
    assertEquals([planned.points, planned.new, planned.runs], [8, 4, 12]);
    const after = await Deno.readTextFile(join(folder, "plan.jsonl"));
    assert(after.startsWith(before));
    const seeds = (await readPlan(folder)).slice(8)
      .map(({ point }) => point["seed"]);
    assertEquals(seeds, [7, 7, 7, 7]);
    const { plans } = await readSweep(folder);
    assertEquals(plans.map((plan) => plan.new), [8, 4]);
    // What is there already changes nothing.
    const all = await contentsOf(folder);
    const again = await planSweep(more, { folder });
    assertEquals([again.points, again.new, again.runs], [8, 0, 12]);
    assertEquals(await contentsOf(folder), all);
  }));

Deno.test("plans that are written in several pieces are whole", () =>
  withSweep(async (folder) => {
    const seeds = Array.from({ length: 150 }, (_, seed) => seed);
    await planSweep({ seeds, parts: [{}] }, { folder });
    const runs = await readPlan(folder);
    assertEquals(
      runs.map(({ point }) => point),
      seeds.map((seed) => ({ seed })),
    );
    const text = await Deno.readTextFile(join(folder, "plan.jsonl"));
    assert(text.length > 3 * 65536);
    assertEquals(text, runs.map(planLine).join(""));
  }));

Deno.test("planSweep() counts what has ended, and what is to be trained", () =>
  withSweep(async (folder) => {
    await planSweep(GRID, { folder });
    const runs = await readPlan(folder);
    for (
      const [i, state] of (["done", "diverged", "failed"] as const).entries()
    ) {
      await writeEnded(folder, {
        id: runs[i]!.id,
        state,
        attempts: 1,
        ended: "2026-01-01T00:00:00Z",
        host: Deno.hostname(),
        seconds: 1,
        // deno-lint-ignore no-explicit-any -- A part of it is enough here.
        ...(state === "done" && { result: { ms_per_step: 2.5 } as any }),
      });
    }
    const { ended, failed, kinds, known } = await planSweep(GRID, { folder });
    assertEquals([ended, failed], [2, 1]);
    assertEquals(kinds.map(({ runs }) => runs), [6]);
    assertEquals(known, [[runs[0]!.config, 2.5]]);
  }));

Deno.test("planSweep() joins parts, and trains what two of them say once", () =>
  withSweep(async (folder) => {
    const { points, repeated } = await planSweep({
      seeds: [0, 1],
      parts: [
        { grid: { lr: [0.1, 0.2] } },
        { points: [{ lr: 0.2 }, { lr: 0.3, weightDecay: 1 }], seeds: [1, 2] },
      ],
    }, { folder });
    assertEquals([points, repeated], [7, 1]);
    const { axes } = await readSweep(folder);
    assertEquals(axes, ["lr", "weightDecay", "seed"]);
  }));

Deno.test("impossible runs are said before anything is there, or left out", () =>
  withSweep(async (folder) => {
    const spec: SweepSpec = {
      seeds: [0, 1],
      parts: [{
        grid: {
          loss: ["mse", "softmax"],
          lossPrecision: ["float16", "float32"],
        },
      }],
    };
    const error = await assertRejects(
      () => planSweep(spec, { folder }),
      ConfigError,
      "Cannot train 2 of the 8 planned runs, so none was planned; " +
        "--skip-impossible leaves them out: loss mse, lossPrecision float16: " +
        "--loss-precision of mse must be float32 or float64, got float16 (2 runs)",
    );
    assert(!error.message.includes("\n"));
    await assertRejects(() => Deno.stat(join(folder, "..")));
    const planned = await planSweep(spec, { folder, skipImpossible: true });
    assertEquals([planned.points, planned.impossible], [6, 2]);
    assertEquals((await readPlan(folder)).length, 6);
    // Of a sweep that is there nothing changes.
    const before = await contentsOf(folder);
    await assertRejects(() => planSweep(spec, { folder }), ConfigError);
    assertEquals(await contentsOf(folder), before);
  }));

Deno.test("of many reasons a few are told, and how many others there are", () =>
  withSweep(async (folder) => {
    const trainFraction = Array.from({ length: 9 }, (_, i) => 1e-6 * (i + 1));
    const error = await assertRejects(
      () => planSweep({ parts: [{ grid: { trainFraction } }] }, { folder }),
      ConfigError,
      "; and 6 others",
    );
    assertEquals(error.message.split("--train-fraction").length - 1, 3);
    await assertRejects(
      () =>
        planSweep({ parts: [{ grid: { trainFraction } }] }, {
          folder,
          skipImpossible: true,
        }),
      ConfigError,
      "Cannot train any of the 9 runs: ",
    );
  }));

Deno.test("a sweep is computed at one place", () =>
  withSweep(async (folder) => {
    // An engine that a config names stays; what every machine would choose for
    // itself does not.
    const config = resolveConfig({ engine: "tfjs", threads: 3 });
    const spec = { config, parts: [{ seeds: [0] }] };
    const { sweep } = await planSweep(spec, { folder });
    assertEquals(sweep.place, { ...PLACE, engine: "tfjs", threads: 3 });
    await assertRejects(
      () => planSweep({ ...spec, set: { threads: 2 } }, { folder }),
      ConfigError,
      "Cannot add runs with threads 2 to the sweep a: all of its runs are " +
        "computed with threads 3",
    );
    // Without a word of it, new runs are computed where the others are.
    await planSweep({ parts: [{ seeds: [1] }] }, { folder });
    assertEquals(
      (await readPlan(folder)).map(({ config }) => config.threads),
      [3, 3],
    );
    for (const set of [{ device: "auto" }, { threads: null }] as const) {
      await assertRejects(
        () => planSweep({ ...spec, set }, { folder: `${folder}2` }),
        ConfigError,
        "every machine would take its own",
      );
    }
    await assertRejects(
      () => planSweep({ parts: [{ grid: { threads: [1, 2] } }] }, { folder }),
      ConfigError,
      "parts.0.grid must not have threads",
    );
  }));

Deno.test("a folder of something else, of another sweep or version is refused", () =>
  withSweep(async (folder) => {
    await planSweep(GRID, { folder });
    const before = await contentsOf(folder);
    await assertRejects(
      () => planSweep(GRID, { folder, name: "b" }),
      UsageError,
      `Cannot plan the sweep b in ${folder}: it holds the sweep a`,
    );
    assertEquals(await contentsOf(folder), before);
    const path = join(folder, "sweep.json");
    const text = await Deno.readTextFile(path);
    await Deno.writeTextFile(path, text.replace('"format": 1', '"format": 2'));
    await assertRejects(
      () => planSweep(GRID, { folder }),
      UsageError,
      `Cannot read the sweep ${folder}: its form is 2, `,
    );
    await Deno.writeTextFile(path, text.slice(0, -9));
    await assertRejects(
      () => planSweep(GRID, { folder }),
      SyntaxError,
      `Cannot read ${path}: line `,
    );
    const other = join(folder, "other");
    await Deno.mkdir(other);
    await Deno.writeTextFile(join(other, "x"), "");
    await assertRejects(
      () => planSweep(GRID, { folder: other }),
      UsageError,
      `Cannot plan a sweep in ${other}: it is not empty (x) and holds no sweep`,
    );
  }));

Deno.test("a plan that is torn is added nothing to", () =>
  withSweep(async (folder) => {
    await planSweep(GRID, { folder });
    const path = join(folder, "plan.jsonl");
    const text = await Deno.readTextFile(path);
    const torn = [
      [text.slice(0, -20), "line 8 is no JSON (it ends in the middle)"],
      [text.replace('{"id":"', '{"id":"x'), "line 1 has no id of 16 hex"],
      [text.replace('"point"', '"pint"'), "line 1 has no point"],
      [text.replace('"config"', '"confg"'), "line 1 has no config"],
    ] as const;
    for (const [damaged, problem] of torn) {
      await Deno.writeTextFile(path, damaged);
      const before = await contentsOf(folder);
      await assertRejects(
        () => planSweep({ ...GRID, seeds: [9] }, { folder }),
        SyntaxError,
        `Cannot read ${path}: ${problem}`,
      );
      assertEquals(await contentsOf(folder), before);
    }
  }));

Deno.test("a start that was cut off before sweep.json is nobody's", () =>
  withSweep(async (folder) => {
    await planSweep(GRID, { folder });
    await Deno.remove(join(folder, "sweep.json"));
    await Deno.writeTextFile(join(folder, "plan.jsonl.partial-1"), "");
    const planned = await planSweep({ ...GRID, seeds: [1] }, { folder });
    assertEquals([planned.new, planned.runs], [4, 4]);
    assertEquals((await readPlan(folder)).length, 4);
  }));

Deno.test("plans that are made at once are all there", () =>
  withSweep(async (folder) => {
    const plans = await Promise.all(
      [0, 1, 2, 3].map((seed) =>
        planSweep({ seeds: [seed, 9], parts: [{}] }, { folder })
      ),
    );
    assertEquals(plans.reduce((sum, plan) => sum + plan.new, 0), 5);
    const seeds = (await readPlan(folder)).map(({ config }) => config.seed);
    assertEquals(seeds.toSorted(), [0, 1, 2, 3, 9]);
    assertEquals((await readSweep(folder)).plans.length, 4);
  }));

Deno.test("what a kill left of a plan is removed by the next", () =>
  withSweep(async (folder) => {
    await Deno.mkdir(folder, { recursive: true });
    for (const name of ["plan.jsonl.partial-1", "sweep.json.partial-2"]) {
      await Deno.writeTextFile(join(folder, name), "");
    }
    await planSweep(GRID, { folder });
    assertEquals(
      Object.keys(await contentsOf(folder)).sort(),
      ["plan.jsonl", "sweep.json"].map((name) => join(folder, name)),
    );
  }));

Deno.test("plans of runs that an older version wrote are known by what they compute", () =>
  withSweep(async (folder) => {
    await planSweep(GRID, { folder });
    const path = join(folder, "plan.jsonl");
    // A version that did not have momentum yet, and so other names.
    const lines = (await Deno.readTextFile(path)).trimEnd().split("\n")
      .map((line, i) => {
        const run = JSON.parse(line);
        delete run.config.momentum;
        return JSON.stringify({ ...run, id: String(i).padStart(16, "0") });
      });
    await Deno.writeTextFile(path, `${lines.join("\n")}\n`);
    const planned = await planSweep(GRID, { folder });
    assertEquals([planned.new, planned.points], [0, 8]);
  }));

Deno.test("planSweep() says what seeds are held or varied, and mixed up with", () =>
  withSweep(async (folder) => {
    const said = async (spec: SweepSpec) => {
      const { seeds, confounded } = await planSweep(spec, { folder });
      return [seeds, confounded !== null];
    };
    const lr = [0.1, 0.2];
    const held = "in all runs, held: how much seeds matter is not seen";
    const own = "each with data and split of its own (dataSeed holds them)";
    assertEquals(await said({ parts: [{ grid: { lr } }] }), [
      `seed 0 ${held}`,
      false,
    ]);
    assertEquals(
      await said({ config: { seed: 4 }, parts: [{ grid: { lr } }] }),
      [`seed 4 ${held}`, false],
    );
    assertEquals(
      await said({ seeds: [0, 1, 2, 5], parts: [{ grid: { lr } }] }),
      [`seeds 0..2, 5, ${own}`, false],
    );
    assertEquals(
      await said({ set: { dataSeed: 9 }, parts: [{ grid: { seed: [0, 1] } }] }),
      ["seeds 0, 1, all with the data and the split of dataSeed 9", false],
    );
    assertEquals(
      await said({ seeds: [0, 1], parts: [{ grid: { dataSeed: [0, 1] } }] }),
      ["seeds 0, 1, data and split by dataSeed", false],
    );
    const points = [[0.1, 0], [0.2, 1]].map(([lr, seed]) => ({ lr, seed }));
    assertEquals(await said({ parts: [{ points }] }), [
      `seeds 0, 1, ${own}`,
      true,
    ]);
    const all = [...points, { lr: 0.1, seed: 1 }, { lr: 0.2, seed: 0 }];
    assertEquals((await said({ parts: [{ points: all }] }))[1], false);
  }));

Deno.test("planSweep() says which keys have no effect", () =>
  withSweep(async (folder) => {
    const { idle } = await planSweep({
      set: { taylorOrder: 4 },
      parts: [{ grid: { momentum: [0, 0.9], optimizer: ["sgd", "adamw"] } }],
    }, { folder });
    assertEquals(idle, [
      "taylorOrder has no effect in any point: it belongs to --loss taylor",
      "momentum has no effect in 2 of 4 points: it belongs to --optimizer " +
      "sgd or rmsprop",
    ]);
  }));
