/** Reproducing a figure that takes a moment: what is trained, written and refused. */

import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { join } from "node:path";
import { UsageError } from "../../lib/base/errors.ts";
import type { Figure } from "../../lib/figures/figure.ts";
import type { Job } from "../../lib/reproduce/layout.ts";
import { reproduce } from "../../lib/reproduce/reproduce.ts";
import { contentsOf, withTempDir } from "../tasks/_run.ts";
import { figures, placesIn, tiny } from "./_tiny.ts";
import { quickly } from "./_quickly.ts";

Deno.test("reproduce() writes runs, chart, table and verdicts, and repeats no run", () =>
  withTempDir(async (folder) => {
    const runs: string[] = [];
    let plan: [number, number, boolean] | undefined;
    const first = await quickly(folder, {
      onRun: ({ name }) => runs.push(name),
      onPlan: ({ finished, of, left }) => plan = [finished, of, left > 0],
    });
    assertEquals(first.failures, []);
    assertEquals(runs.sort(), ["softmax-seed0", "stablemax-seed0"]);
    assertEquals(plan, [0, 2, true]);
    const here = join(folder, "here", "tiny");
    assertEquals(
      [...Deno.readDirSync(here)].map(({ name }) => name).sort(),
      ["figure.svg", "quick", "table.md", "verdict.json"],
    );
    const outcome = JSON.parse(
      await Deno.readTextFile(join(here, "verdict.json")),
    );
    assertEquals(outcome, JSON.parse(JSON.stringify(first.outcomes[0])));
    assertEquals(outcome.scale, "quick");
    assertEquals(outcome.runs, { finished: 2, of: 2 });
    assertEquals(outcome.claims[0].verdict, "holds");
    // A single run with the config of one is that run.
    const config = JSON.parse(
      await Deno.readTextFile(join(here, "quick/softmax-seed0/config.json")),
    );
    assertEquals(
      [config.steps, config.evalEvery, config.threads, config.device],
      [40, 1, 1, "cpu"],
    );

    await assertRejects(
      () => quickly(folder),
      UsageError,
      "2 of its runs are in",
    );
    const before = await contentsOf(folder);
    runs.length = 0;
    await quickly(folder, {
      resume: true,
      onRun: ({ name }) => runs.push(name),
    });
    assertEquals(runs, [], "finished runs are not repeated");
    assertEquals(await contentsOf(folder), before);

    // Seed by seed; the full form beside the quick one.
    const more = await quickly(folder, {
      resume: true,
      seeds: 3,
      onRun: ({ name }) => runs.push(name),
    });
    assertEquals(runs.map((name) => name.at(-1)).sort(), ["1", "1", "2", "2"]);
    assertEquals(more.outcomes[0]!.runs, { finished: 6, of: 6 });
    runs.length = 0;
    await quickly(folder, {
      overwrite: true,
      onRun: ({ name }) => runs.push(name),
    });
    assertEquals(runs.length, 2);
  }));

Deno.test("reproduce() trains once what several figures show", () =>
  withTempDir(async (folder) => {
    // Another figure with one arm of the same bytes, and one of its own.
    const [softmax, stablemax] = tiny.arms;
    const twin: Figure = {
      ...tiny,
      arms: [softmax!, { ...stablemax!, quick: { steps: 41 } }],
    };
    const options = {
      figures: { tiny, twin },
      places: placesIn(folder),
      scale: "quick",
    } as const;
    const runs: string[] = [];
    const onRun = ({ figure, name }: Job) => runs.push(`${figure} ${name}`);
    let planned = 0;
    const trained = new Set<string>();
    const both = await reproduce(["all"], {
      ...options,
      onRun,
      onPlan: ({ of }) => planned = of,
      onProgress: ({ training }) =>
        training.forEach(({ job }) => trained.add(job.run)),
    });
    assertEquals(planned, 4);
    assertEquals(trained.size, 3);
    assertEquals(runs.sort(), [
      "tiny softmax-seed0",
      "tiny stablemax-seed0",
      "twin softmax-seed0",
      "twin stablemax-seed0",
    ]);
    assertEquals(both.outcomes.map(({ runs }) => runs.finished), [2, 2]);
    const run = (figure: string) =>
      join(folder, "here", figure, "quick", "softmax-seed0");
    const contents = async (figure: string) =>
      Object.entries(await contentsOf(run(figure)))
        .map(([path, bytes]) => [path.slice(run(figure).length), bytes]);
    const copy = await contents("twin");
    assert(copy.length > 5);
    assertEquals(copy, await contents("tiny"));

    // A later reproduction takes what an earlier one has trained.
    await Deno.remove(join(folder, "here", "twin"), { recursive: true });
    const said: string[] = [];
    runs.length = 0;
    await reproduce(["twin"], {
      ...options,
      onRun,
      onWarning: (text) => said.push(text),
    });
    assertEquals(runs, ["twin stablemax-seed0"]);
    assertEquals(said, [
      "twin: 1 of 2 runs are other figures' too, and were copied",
    ]);
    assertEquals(await contents("twin"), copy);
  }));

Deno.test("reproduce() refuses what it cannot do, and writes nothing", () =>
  withTempDir(async (folder) => {
    const missing = {
      ...tiny,
      missing: () => Promise.resolve("its data are not there"),
    };
    await assertRejects(
      () => quickly(folder, { figures: { tiny: missing } }),
      UsageError,
      "Cannot reproduce tiny here: its data are not there",
    );
    await assertRejects(
      () => reproduce(["tine"], { figures }),
      UsageError,
      'Unknown figure "tine": there are tiny;',
    );
    assertEquals([...Deno.readDirSync(folder)], []);
    // Of all figures those that can be are made.
    const { failures, outcomes } = await reproduce(["all"], {
      figures: { missing, tiny },
      places: placesIn(folder),
      scale: "quick",
    });
    assertEquals(failures, [
      "missing cannot be run here: its data are not there",
    ]);
    assertEquals(outcomes.length, 1);
    // A run of what the figure was before.
    const changed = {
      ...tiny,
      arms: tiny.arms.map((arm) => ({
        ...arm,
        config: { ...arm.config, lr: 0.02 },
      })),
    };
    await assertRejects(
      () => quickly(folder, { figures: { tiny: changed }, resume: true }),
      UsageError,
      "tiny has another config now",
    );
  }));

Deno.test("a run that cannot be trained leaves the others whole", () =>
  withTempDir(async (folder) => {
    const [good, other] = tiny.arms;
    const bad = {
      ...tiny,
      arms: [good!, {
        ...other!,
        name: "bad",
        config: {
          ...other!.config,
          from: {
            path: join(folder, "gone.onnx"),
            step: 0,
            sha256: "0".repeat(64),
            optimizer: null,
          },
        },
      }],
    };
    const { failures, outcomes } = await quickly(folder, {
      figures: { tiny: bad },
    });
    assertEquals(failures.length, 1);
    assertMatch(failures[0]!, /^tiny bad-seed0: Cannot read .*gone\.onnx/);
    assertEquals(outcomes[0]!.runs, { finished: 1, of: 2 });
  }));
