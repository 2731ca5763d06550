/**
 * Reproducing a figure that takes a moment, in all its ways.
 *
 * @module
 */

import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { UsageError } from "../../lib/base/errors.ts";
import type { Figure } from "../../lib/figures/figure.ts";
import { recordText } from "../../lib/figures/record.ts";
import type { Job } from "../../lib/reproduce/layout.ts";
import { listFigures } from "../../lib/reproduce/list.ts";
import type { ReproduceOptions } from "../../lib/reproduce/options.ts";
import { publish } from "../../lib/reproduce/publish.ts";
import { reproduce } from "../../lib/reproduce/reproduce.ts";
import { contentsOf, outputOf, startDeno, withTempDir } from "../tasks/_run.ts";
import { writeSums } from "../train/_runs.ts";
import { figures, placesIn, tiny } from "./_tiny.ts";

const quickly = (folder: string, options: ReproduceOptions = {}) =>
  reproduce(["tiny"], {
    figures,
    places: placesIn(folder),
    scale: "quick",
    ...options,
  });

// Its runs are too long to end before it is heard that they have begun.
const lasting: Figure = {
  ...tiny,
  arms: tiny.arms.map((arm) => ({
    ...arm,
    config: { ...arm.config, steps: 8000 },
  })),
};

// Files without what is a matter of time.
async function settled(folder: string): Promise<Record<string, string>> {
  const decoder = new TextDecoder();
  const files = Object.entries(await contentsOf(folder));
  const timed =
    /"(ms_per_step|seconds|started|run|checkpoint|commit|dirty)":[^,}\]]*|"(cost|resumed)": [^]*?\n {2}[}\]],?/g;
  return Object.fromEntries(
    files.filter(([path, bytes]) => bytes && !/\.onnx$|manifest/.test(path))
      // Sums of files with times in them.
      .filter(([path]) => !path.endsWith("SHA256SUMS"))
      .map(([path, bytes]) => [
        path.slice(folder.length),
        decoder.decode(bytes!).replaceAll(timed, ""),
      ]),
  );
}

const networks = async (folder: string) =>
  Object.fromEntries(
    Object.entries(await contentsOf(folder))
      .filter(([path]) => path.endsWith(".onnx"))
      .map(([path, bytes]) => [path.slice(folder.length), bytes]),
  );

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

Deno.test("reproduce() goes on after kill -9, to the same bytes", () =>
  withTempDir(async (folder) => {
    const program = fileURLToPath(new URL("./_tiny.ts", import.meta.url));
    const start = (name: string, ...mode: string[]) =>
      startDeno([
        ...["run", "--no-prompt", "--allow-read", "--allow-write"],
        ...["--allow-ffi", "--allow-env", "--allow-run=git"],
        ...[program, join(folder, name), ...mode],
      ]);
    const whole = await outputOf(start("whole"));
    assertEquals(whole.code, 0, whole.stderr);
    let kills = 0;
    for (const wait of [0, 700, 1500]) {
      const child = start("killed", "resume");
      const reader = child.stdout.getReader();
      await reader.read(); // it has begun
      reader.releaseLock();
      await new Promise((resolve) => setTimeout(resolve, wait));
      try {
        child.kill("SIGKILL");
        kills += 1;
      } catch {
        // It was faster.
      }
      await child.status;
      await child.stderr.cancel();
      await child.stdout.cancel().catch(() => {});
    }
    assert(kills > 0);
    const rest = await outputOf(start("killed", "resume"));
    assertEquals(rest.code, 0, rest.stderr);
    const [a, b] = [join(folder, "whole"), join(folder, "killed")];
    assertEquals(await settled(b), await settled(a));
    assertEquals(await networks(b), await networks(a));
  }));

Deno.test("reproduce() goes on where a kill came at a file's first byte", () =>
  withTempDir(async (folder) => {
    const here = join(placesIn(folder).here, "tiny");
    const left = [
      join(here, "quick/softmax-seed0/manifest.json.partial-1"),
      join(here, "table.md.partial-1"),
    ];
    await Deno.mkdir(join(here, "quick/softmax-seed0"), { recursive: true });
    for (const file of left) await Deno.writeTextFile(file, "");
    const { outcomes, failures } = await quickly(folder, { resume: true });
    assertEquals(failures, []);
    assertEquals(outcomes[0]!.runs, { finished: 2, of: 2 });
    for (const file of left) await assertRejects(() => Deno.stat(file));
  }));

Deno.test("reproduce() removes what killed processes left, and nothing young", () =>
  withTempDir(async (folder) => {
    const { here } = placesIn(folder);
    const left = [".trial-1", ".trial-2", "tiny/quick/softmax-seed0.partial-1"];
    for (const name of left) {
      const path = join(here, name);
      await Deno.mkdir(join(path, "0"), { recursive: true });
      const old = Date.now() - (name === ".trial-2" ? 0 : 2 * 60 * 60 * 1000);
      await Deno.utime(path, new Date(), new Date(old));
    }
    await quickly(folder);
    const names = [...Deno.readDirSync(here)].map(({ name }) => name);
    assertEquals(names.sort(), [".trial-2", "tiny"]);
    assertEquals(
      [...Deno.readDirSync(join(here, "tiny/quick"))]
        .map(({ name }) => name).sort(),
      ["softmax-seed0", "stablemax-seed0"],
    );
  }));

Deno.test("reproduce() stops at a signal, all state kept", () =>
  withTempDir(async (folder) => {
    const stop = new AbortController();
    const stopped = await quickly(folder, {
      scale: "full",
      figures: { tiny: lasting },
      signal: stop.signal,
      onProgress: () => stop.abort(),
    });
    assert(stopped.interrupted);
    assertEquals(stopped.outcomes[0]!.runs.finished, 0);
    assertEquals(stopped.outcomes[0]!.claims[0]!.verdict, "inconclusive");
    assertMatch(stopped.outcomes[0]!.claims[0]!.why, /0 of 3 seeds/);
    const rest = await quickly(folder, {
      scale: "full",
      figures: { tiny: lasting },
      resume: true,
    });
    assert(!rest.interrupted);
    assertEquals(rest.outcomes[0]!.claims[0]!.verdict, "holds");
  }));

Deno.test("publish() writes the same bytes twice, and records stand for runs", () =>
  withTempDir(async (folder) => {
    const places = placesIn(folder);
    assertEquals(await publish(["tiny"], { figures, places }), []);
    await quickly(folder);
    await quickly(folder, { scale: "full", seeds: 1 });
    const [outcome] = await publish(["all"], { figures, places });
    // The full form goes before the quick one; it grows seed by seed.
    assertEquals(outcome!.scale, "full");
    assertEquals(outcome!.runs, { finished: 2, of: 6 });
    assertEquals(outcome!.claims[0]!.verdict, "inconclusive");
    assertMatch(outcome!.claims[0]!.why, /^1 of 3 seeds/);
    const docs = join(folder, "docs");
    const before = await contentsOf(docs);
    await publish(["all"], { figures, places });
    assertEquals(await contentsOf(docs), before);
    const page = await Deno.readTextFile(join(docs, "reproduction.md"));
    assertMatch(page, /2 of 6 runs are there/);
    assertMatch(page, /\*\*C0\*\* Weights have a norm\. \*\*inconclusive\*\*/);

    // Another machine has no runs, but the records.
    await Deno.remove(places.here, { recursive: true });
    const [runs, said]: [string[], string[]] = [[], []];
    const grown = await quickly(folder, {
      scale: "full",
      seeds: 2,
      published: true,
      onRun: ({ name }) => runs.push(name),
      onWarning: (text) => said.push(text),
    });
    assertEquals(said, [
      "tiny: 2 of 4 runs are published records, not runs of this machine",
    ]);
    assertEquals(runs.sort(), ["softmax-seed1", "stablemax-seed1"]);
    assertEquals(grown.outcomes[0]!.runs, { finished: 4, of: 4 });
    await publish(["tiny"], { figures, places });
    assertEquals(
      [...Deno.readDirSync(join(docs, "reproduction/tiny/records/full"))]
        .length,
      4,
    );
    const [listed] = await listFigures(places, figures);
    assertEquals(listed!.last?.from, "here");
    assert(listed!.cost.full!.ms > 0);

    // A record of another experiment stands for nothing.
    const file = join(
      docs,
      "reproduction/tiny/records/full/softmax-seed0.json",
    );
    const record = JSON.parse(await Deno.readTextFile(file));
    const other = { ...record, config: { ...record.config, lr: 0.5 } };
    await Deno.writeTextFile(file, recordText(other));
    runs.length = 0;
    await Deno.remove(places.here, { recursive: true });
    await quickly(folder, {
      scale: "full",
      seeds: 1,
      published: true,
      onRun: ({ name }) => runs.push(name),
    });
    assertEquals(runs, ["softmax-seed0"]);
  }));

Deno.test("publish() of the quick form leaves the published full length", () =>
  withTempDir(async (folder) => {
    const places = placesIn(folder);
    await quickly(folder, { scale: "full", seeds: 1 });
    await publish(["tiny"], { figures, places });
    const file = join(places.published, "tiny/verdict.json");
    const before = await Deno.readTextFile(file);
    assertEquals(
      await publish(["all"], { figures, places, scale: "quick" }),
      [],
    );
    assertEquals(await Deno.readTextFile(file), before);
  }));

Deno.test("publish() keeps the records of a full length that is not whole", () =>
  withTempDir(async (folder) => {
    const places = placesIn(folder);
    // Another figure shows one of the runs, and more of it.
    const shown: Figure = {
      ...tiny,
      arms: [{ ...tiny.arms[1]!, name: "again" }],
      columns: ["test_accuracy"],
      rows: () => [],
      claims: [],
    };
    const both = { tiny, shown };
    await quickly(folder);
    const half = { ...tiny, arms: [tiny.arms[1]!] };
    await quickly(folder, { scale: "full", figures: { tiny: half } });
    const [found, other] = await publish(["all"], { figures: both, places });
    assertEquals(found!.scale, "quick");
    assertEquals(other!.runs, { finished: 3, of: 3 });
    const records = (figure: string) =>
      Array.from(
        Deno.readDirSync(join(places.published, figure, "records/full")),
        ({ name }) => name,
      ).sort();
    assertEquals(
      records("tiny"),
      [0, 1, 2].map((seed) => `stablemax-seed${seed}.json`),
    );
    assertEquals(
      records("shown"),
      [0, 1, 2].map((seed) => `again-seed${seed}.json`),
    );
    assertMatch(
      await Deno.readTextFile(join(folder, "docs/reproduction.md")),
      /full length 3 of 6 runs are there; `deno task reproduce tiny --published/,
    );
    // A machine without these runs trains the rest, and then it is whole.
    await Deno.remove(places.here, { recursive: true });
    const before = await contentsOf(places.published);
    await publish(["all"], { figures: both, places });
    assertEquals(await contentsOf(places.published), before);
    const runs: string[] = [];
    await quickly(folder, {
      scale: "full",
      published: true,
      onRun: ({ name }) => runs.push(name),
    });
    assertEquals(runs.sort(), [0, 1, 2].map((seed) => `softmax-seed${seed}`));
    const [whole] = await publish(["tiny"], { figures: both, places });
    assertEquals([whole!.scale, whole!.runs.finished], ["full", 6]);
  }));

Deno.test("publish() takes away what no run stands for any more", () =>
  withTempDir(async (folder) => {
    const places = placesIn(folder);
    const old = { ...tiny, columns: [...tiny.columns, "test_accuracy"] };
    await quickly(folder, { figures: { tiny: old } });
    await publish(["all"], { figures: { tiny: old }, places });
    const here = join(places.published, "tiny");
    assert((await Deno.stat(here)).isDirectory);
    // Another experiment since then: listed as not run, and published no more.
    const [arm] = tiny.arms;
    const now: Figure = {
      ...tiny,
      arms: [{ ...arm!, config: { ...arm!.config, lr: 0.5 } }, tiny.arms[1]!],
    };
    const figures = { tiny: now };
    const [listed] = await listFigures(places, figures);
    assertEquals(listed!.last, null);
    assertEquals((await publish(["all"], { figures, places })).length, 1);
    assertEquals(
      [...Deno.readDirSync(join(here, "records/quick"))].map((e) => e.name),
      ["stablemax-seed0.json"],
    );
    await Deno.remove(places.here, { recursive: true });
    const none: Figure = { ...now, arms: [now.arms[0]!] };
    await publish(["all"], { figures: { tiny: none }, places });
    assert(!(await Deno.stat(here).then(() => true, () => false)));
    const page = await Deno.readTextFile(
      join(folder, "docs/reproduction.md"),
    );
    assertMatch(page, /Not run yet/);
  }));

Deno.test("listFigures() passes over runs that this version does not know", () =>
  withTempDir(async (folder) => {
    const places = placesIn(folder);
    await quickly(folder);
    const run = join(places.here, "tiny/quick/softmax-seed0");
    const file = join(run, "config.json");
    const config = JSON.parse(await Deno.readTextFile(file));
    await Deno.writeTextFile(file, JSON.stringify({ ...config, oldKey: 1 }));
    await writeSums(run);
    assertEquals((await listFigures(places, figures)).length, 1);
    await assertRejects(
      () => quickly(folder, { resume: true }),
      UsageError,
      run,
    );
  }));

Deno.test("reproduce() goes on with the twin that has come furthest", () =>
  withTempDir(async (folder) => {
    const places = placesIn(folder);
    const one = { ...lasting, arms: [lasting.arms[0]!], claims: [] };
    const both = { tiny: one, twin: one };
    const options = { figures: both, places, scale: "full", seeds: 1 } as const;
    const stop = new AbortController();
    await reproduce(["twin"], {
      ...options,
      signal: stop.signal,
      onProgress: ({ training }) => {
        if (training.some(({ step }) => step > 0)) stop.abort();
      },
    });
    const trained = new Set<string>();
    const { outcomes } = await reproduce(["all"], {
      ...options,
      resume: true,
      onProgress: ({ training }) =>
        training.forEach(({ job }) => trained.add(job.figure)),
    });
    assertEquals(outcomes.map(({ runs }) => runs.finished), [1, 1]);
    assertEquals([...trained], ["twin"]);
  }));

Deno.test("--published leaves alone the runs that are here", () =>
  withTempDir(async (folder) => {
    const places = placesIn(folder);
    await quickly(folder);
    await publish(["all"], { figures, places });
    const runs: string[] = [];
    await quickly(folder, {
      overwrite: true,
      published: true,
      onRun: ({ name }) => runs.push(name),
    });
    assertEquals(runs.sort(), ["softmax-seed0", "stablemax-seed0"]);
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
