/** Lists of runs: which, in which order, with which columns. */

import { assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { UsageError } from "../../lib/base/errors.ts";
import { configKeys, configSettings } from "../../lib/config/config.ts";
import { metricChoices } from "../../lib/metrics/mod.ts";
import { FIXED } from "../../lib/store/columns.ts";
import { listRuns } from "../../lib/store/list.ts";
import { writeLabels } from "../../lib/store/labels.ts";
import { readFacts } from "../../lib/store/record.ts";
import { lockRun } from "../../lib/runs/lock.ts";
import { withTempDir } from "../tasks/_run.ts";
import { makeRun } from "./_runs.ts";

/** The values of a column, of the runs that a condition is true of. */
async function column(
  runs: string,
  name: string,
  where?: string,
  sort?: string,
): Promise<unknown[]> {
  const rows = await listRuns(runs, {
    columns: [name],
    ...(where !== undefined && { where }),
    ...(sort !== undefined && { sort }),
  });
  return rows.map((row) => row[name]);
}

/** Three runs: a softmax one that grokked, one that did not, one that diverged. */
function three(runs: string): void {
  makeRun(join(runs, "a"), { loss: "softmax", lr: 0.001, seed: 1 }, {
    started: "2026-01-01T00:00:00.000Z",
    grokked_at: 300,
    final: { test_accuracy: 0.5 },
  });
  makeRun(join(runs, "b"), { loss: "softmax", lr: 0.1, seed: 2 }, {
    started: "2026-01-03T00:00:00.000Z",
    grokked_at: null,
    final: { test_accuracy: 0.25 },
  });
  makeRun(join(runs, "c"), { seed: 3, biases: false, hidden: [8, 8] }, {
    started: "2026-01-02T00:00:00.000Z",
    diverged_at: 7,
    final: { test_accuracy: null, "weight_norm.layers.0.W": 2 },
  });
}

Deno.test("listRuns() gives the run that was started last first, and what it came to", () =>
  withTempDir(async (runs) => {
    three(runs);
    assertEquals(await column(runs, "folder"), ["b", "c", "a"]);
    assertEquals(await column(runs, "state"), ["done", "diverged", "done"]);
    const [first] = await listRuns(runs, { limit: 1 });
    assertEquals(first, {
      run: join(runs, "b"),
      name: null,
      task: "add",
      model: "mlp",
      loss: "softmax",
      optimizer: "adamw",
      seed: 2,
      memorised_at: 1,
      grokked_at: null,
      test_accuracy: 0.25,
      started: "2026-01-03T00:00:00.000Z",
      state: "done",
    });
  }));

Deno.test("conditions are on a config's keys and a summary's names", () =>
  withTempDir(async (runs) => {
    three(runs);
    const cases: readonly [where: string, folders: string[]][] = [
      ["loss='softmax' and lr<0.01 and grokked_at<500", ["a"]],
      ["loss = 'softmax'", ["b", "a"]],
      ["grokked_at is null", ["b"]],
      ["grokked_at < '200'", ["c"]],
      ["not biases", ["c"]],
      ["perpGrad = true and biases is null", ["b", "a"]],
      ["weightdecay >= 0 and SEED > 1", ["b", "c"]],
      ["hidden = '[8,8]' and json_extract(hidden, '$[0]') = 8", ["c"]],
      [`"weight_norm.layers.0.W" = 2`, ["c"]],
      ["test_accuracy is null", ["c"]],
      ["steps = 500 and step = 500", ["b", "c", "a"]],
      ["diverged_at between 5 and 9", ["c"]],
      ["started like '2026-01-03%'", ["b"]],
      [`"from" is null and switches = '[]' and folder in ('a', 'b')`, [
        "b",
        "a",
      ]],
      [
        `run like '%c' and checkpoint like '%c/checkpoints/step-00000005.onnx'`,
        [
          "c",
        ],
      ],
      ["loss = 'it''s'", []],
    ];
    for (const [where, folders] of cases) {
      assertEquals(await column(runs, "folder", where), folders, where);
    }
  }));

Deno.test("a column sorts up, or with - down, and runs without a value come last", () =>
  withTempDir(async (runs) => {
    three(runs);
    const sorted = (key: string) => column(runs, "folder", undefined, key);
    assertEquals(await sorted("test_accuracy"), ["b", "a", "c"]);
    assertEquals(await sorted("-test_accuracy"), ["a", "b", "c"]);
    assertEquals(await sorted("-seed"), ["c", "b", "a"]);
    // Of equals the last started first.
    assertEquals(await sorted("task"), ["b", "c", "a"]);
    assertEquals(await sorted("-task"), ["b", "c", "a"]);
    const two = await listRuns(runs, { sort: "seed", limit: 2 });
    assertEquals(two.map(({ seed }) => seed), [1, 2]);
  }));

Deno.test("values have the types of the files that they are out of", () =>
  withTempDir(async (runs) => {
    // Only of what draws a batch there is a generator.
    makeRun(join(runs, "a"), { hidden: [8, 4], batchSize: 5 });
    await writeLabels(join(runs, "a"), { tags: ["x", "y"] });
    const [run] = await listRuns(runs, { columns: ["all"] });
    const { hidden, perpGrad, tags, threads, lr, interrupted, switches } = run!;
    assertEquals([hidden, perpGrad, tags], [[8, 4], true, ["x", "y"]]);
    assertEquals([threads, lr, interrupted], [null, 0.01, false]);
    assertEquals(switches, []);
    // Nothing is named that has keys of its own.
    const keys = configKeys.filter((key) =>
      key === "generator" || configSettings[key].preset !== undefined
    );
    for (const key of [...keys, ...Object.keys(FIXED)]) {
      assertEquals(key in run!, true, key);
    }
  }));

Deno.test("but for steps, no two columns have one name", () => {
  const names = [...Object.keys(FIXED), ...configKeys, "test_accuracy"]
    .map((name) => name.toLowerCase());
  const twice = names.filter((name, i) => names.indexOf(name) !== i);
  assertEquals(twice, []);
  assertEquals(metricChoices.length > 0, true);
});

Deno.test("several folders are one list: of runs, of a sweep, of replicas, runs alone", () =>
  withTempDir(async (dir) => {
    const at = (day: number) => ({ started: `2026-01-0${day}T00:00:00.000Z` });
    makeRun(join(dir, "runs", "plain"), {}, at(1));
    makeRun(join(dir, "runs", "band", "replica-0"), {}, at(2));
    makeRun(join(dir, "runs", "band", "replica-1"), {}, at(3));
    makeRun(join(dir, "sweep", "runs", "0123456789abcdef"), {}, at(4));
    Deno.writeTextFileSync(join(dir, "sweep", "sweep.json"), "{}");
    makeRun(join(dir, "alone"), {}, at(5));
    makeRun(join(dir, "runs", ".hidden"));
    const folders = async (...names: string[]) =>
      (await listRuns(names.map((name) => join(dir, name)))).map(({ run }) =>
        (run as string).slice(dir.length + 1)
      );
    assertEquals(await folders("runs"), [
      "runs/band/replica-1",
      "runs/band/replica-0",
      "runs/plain",
    ]);
    assertEquals(await folders("runs/band"), [
      "runs/band/replica-1",
      "runs/band/replica-0",
    ]);
    const sweep = ["sweep/runs/0123456789abcdef"];
    assertEquals(await folders("sweep"), sweep);
    assertEquals(await folders("sweep/runs"), sweep);
    assertEquals(await folders("alone"), ["alone"]);
    assertEquals(await folders("alone", "runs", "sweep"), [
      "alone",
      ...sweep,
      "runs/band/replica-1",
      "runs/band/replica-0",
      "runs/plain",
    ]);
    const condition = { where: "seed = 0", sort: "started", limit: 2 };
    const first = await listRuns([join(dir, "alone"), join(dir, "runs")], {
      ...condition,
    });
    assertEquals(first.map(({ started }) => started), [
      at(1).started,
      at(2).started,
    ]);
  }));

Deno.test("a run without a summary is what its metrics and its lock say", () =>
  withTempDir(async (runs) => {
    const run = makeRun(join(runs, "a"), {}, {
      killed: [
        { step: 0, train_accuracy: 0, test_accuracy: 0 },
        { step: 10, train_accuracy: 1, test_accuracy: 0.5 },
        { step: 20, train_accuracy: 1, test_accuracy: 0.75 },
      ],
    });
    const columns = ["state", "step", "memorised_at", "grokked_at"];
    const look = async () => {
      const [row] = await listRuns(runs, {
        columns: [...columns, "test_accuracy"],
      });
      return Object.values(row!);
    };
    assertEquals(await look(), ["stopped", 20, 10, null, 0.75]);
    {
      using _ = await lockRun(run);
      assertEquals(await look(), ["training", 20, 10, null, 0.75]);
    }
    makeRun(run, {}, { interrupted: true });
    assertEquals((await look())[0], "stopped");
  }));

Deno.test("what is damaged is said of its run, and the others are listed", () =>
  withTempDir(async (runs) => {
    three(runs);
    Deno.writeTextFileSync(join(runs, "a", "config.json"), "{}");
    await Deno.remove(join(runs, "b", "manifest.json"));
    Deno.writeTextFileSync(join(runs, "c", "labels.json"), `{"tags":1}`);
    Deno.mkdirSync(join(runs, "none"));
    Deno.mkdirSync(join(runs, "foreign"));
    Deno.writeTextFileSync(join(runs, "foreign", "manifest.json"), "{}");
    const rows = await listRuns(runs, {
      columns: ["folder", "state", "problem", "test_accuracy"],
      sort: "folder",
    });
    const problems = rows.map(({ problem }) =>
      String(problem).replaceAll(runs, "").replace(/ is [0-9a-f]{12}.*/, " …")
    );
    assertEquals(problems, [
      "Cannot read /a/config.json: it is not as it was written: its SHA-256 …",
      "Cannot read /b/manifest.json: it is not there",
      "Cannot read /c/labels.json: its tags are no list of texts",
    ]);
    assertEquals(rows.map(({ state }) => state), [
      "damaged",
      "damaged",
      "diverged",
    ]);
    assertEquals(rows[0]!["test_accuracy"], 0.5);
  }));

Deno.test("a run that is removed while it is read is none", async () => {
  assertEquals(await readFacts("/nowhere/at/all"), undefined);
});

Deno.test("names of columns that there are not are refused with the nearest", () =>
  withTempDir(async (runs) => {
    three(runs);
    await assertRejects(
      () => listRuns(runs, { columns: ["name", "grokked"] }),
      UsageError,
      `there is no column "grokked" (did you mean grokked_at?)`,
    );
    await assertRejects(
      () => listRuns(runs, { sort: "-weight_decay" }),
      UsageError,
      `there is no column "weight_decay" (did you mean weightDecay?)`,
    );
    await assertRejects(
      () => listRuns(runs, { sorted: "lr" } as Record<string, string>),
      UsageError,
      `Unknown option "sorted" of listRuns()`,
    );
  }));

Deno.test("of no runs, a config's keys are columns all the same", () =>
  withTempDir(async (runs) => {
    assertEquals(
      await listRuns(runs, {
        where: "lr < 1",
        sort: "-test_accuracy",
      }),
      [],
    );
    await assertRejects(
      () => listRuns(runs, { where: "lrr < 1" }),
      UsageError,
      `there is no column "lrr" (did you mean lr?)`,
    );
  }));
