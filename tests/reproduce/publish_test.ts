/** Publishing what was reproduced, and records that stand for runs. */

import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { join } from "node:path";
import { UsageError } from "../../lib/base/errors.ts";
import type { Figure } from "../../lib/figures/figure.ts";
import { bySeed } from "../../lib/figures/rules.ts";
import { recordText } from "../../lib/figures/record.ts";
import { listFigures } from "../../lib/reproduce/list.ts";
import { publish } from "../../lib/reproduce/publish.ts";
import { contentsOf, withTempDir } from "../tasks/_run.ts";
import { writeSums } from "../train/_runs.ts";
import { figures, placesIn, tiny } from "./_tiny.ts";
import { quickly } from "./_quickly.ts";

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
    assertMatch(
      page,
      /Seeds: so with 1 of the 1 that says something, 100 % \(21 % to 100 %\); 1 of 3 are there/,
    );
    assertMatch(
      page,
      /\| C0 \| .* \| 1 of 3 \| 100 % \(21 % to 100 %\) \| – \| – \|/,
    );

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
    const page = await Deno.readTextFile(join(folder, "docs/reproduction.md"));
    assertMatch(
      page,
      /full length 3 of 6 runs are there; `deno task reproduce tiny --published/,
    );
    // What there is of it stands beside the quick form.
    const [, soFar = ""] = page.split("So far:\n");
    assertMatch(soFar, /\| stablemax: train accuracy \| – \| \d/);
    assert(!soFar.includes("softmax: train accuracy"));
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

Deno.test("a claim whose arms have their full length is told at full length", () =>
  withTempDir(async (folder) => {
    const places = placesIn(folder);
    const [both] = tiny.claims;
    const figure: Figure = {
      ...tiny,
      remarks: { full: ["Of the whole."], quick: ["Of the short."] },
      claims: [both!, {
        id: "C1",
        statement: "One loss trains.",
        rule: "There is a run.",
        decide: (results) =>
          bySeed(results, ["stablemax"], () => ({ so: true, why: "there" })),
      }],
    };
    const figures = { tiny: figure };
    await quickly(folder, { figures });
    const half = { ...figure, arms: [tiny.arms[1]!], claims: [] };
    await quickly(folder, { scale: "full", figures: { tiny: half } });
    await publish(["all"], { figures, places });
    const page = await Deno.readTextFile(join(folder, "docs/reproduction.md"));
    const [, full = "", quick = ""] = page.split("\n### ");
    assertMatch(full, /^At full length.*\| C1 \| One loss trains\. \|/s);
    assert(!full.includes("| C0 |"));
    assertMatch(quick, /^In the quick form.*\| C0 \|/s);
    assert(!quick.includes("| C1 |"));
    const [, soFar = ""] = page.split("So far:\n");
    assertMatch(soFar, /\*\*C1\*\* .*\*\*holds\*\* at full length\.\n/);
    assert(!soFar.includes("**C0**"));
    assertMatch(page, /Of the short\..*So far:.*Of the whole\./s);
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
