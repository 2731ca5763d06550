/** Runs that are read for a report, and laid together. */

import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { join } from "node:path";
import type { Config } from "../../lib/config/config.ts";
import { UsageError } from "../../lib/base/errors.ts";
import { FileError } from "../../lib/base/files.ts";
import { readGroups } from "../../lib/report/report.ts";
import { groupsOf, readRuns, type ReportRun } from "../../lib/report/runs.ts";
import { writeLabels } from "../../lib/store/labels.ts";
import { groupNotes } from "../../lib/report/page/words.ts";
import { withTempDir } from "../tasks/_run.ts";
import { writeSums } from "../train/_runs.ts";
import { runIn } from "./_runs.ts";
import { made, TINY } from "./_made.ts";

Deno.test("groupsOf() lays runs together that differ in seed and place only", () => {
  const groups = groupsOf([
    made("a", { seed: 0 }),
    made("b", { seed: 1, threads: 2 }),
    made("c", { seed: 0, lr: 0.1 }),
  ]);
  assertEquals(
    groups.map(({ label, runs }) => [label, runs.map(({ name }) => name)]),
    [["a and 1 more", ["a", "b"]], ["c", ["c"]]],
  );
});

Deno.test("groupsOf() tells runs that nobody named by their settings", () => {
  const name = "2026-11-27T20-13-49-add113-mlp-seed0";
  const groups = groupsOf([
    made(name, { loss: "stablemax" }),
    made(`${name}-2`, { loss: "softmax", perpGrad: false }),
  ]);
  assertEquals(groups.map(({ label }) => label), [
    "loss stablemax, perp-grad true",
    "loss softmax, perp-grad false",
  ]);
});

Deno.test("groupsOf() gives runs of one name labels that differ", () => {
  const labels = (...runs: ReportRun[]) =>
    groupsOf(runs).map(({ label }) => label);
  assertEquals(labels(made("run"), made("run", { lr: 0.1 })), [
    "lr 0.01",
    "lr 0.1",
  ]);
  const long = "x".repeat(60);
  assertEquals(labels(made(`${long}1`), made(`${long}2`, { lr: 0.1 })), [
    "lr 0.01",
    "lr 0.1",
  ]);
});

Deno.test("groupNotes() says what cannot be compared", () => {
  const notes = (...configs: Partial<Config>[]) =>
    groupNotes(groupsOf(configs.map((config, i) => made(`${i}`, config))));
  assertEquals(notes({}, { lr: 0.1 }), []);
  assertMatch(notes({}, { loss: "softmax" }).join(), /different losses/);
  assertMatch(notes({}, { task: "parity" }).join(), /different tasks/);
});

Deno.test("readRuns() says what a folder lacks", () =>
  withTempDir(async (dir) => {
    await assertRejects(
      () => readRuns(join(dir, "none")),
      FileError,
      "there is no such folder",
    );
    await assertRejects(() => readRuns(dir), FileError, "no manifest.json");
    const run = await runIn(dir, "run", TINY);
    const config = join(run, "config.json");
    await Deno.writeTextFile(config, `{"modulus": -1}`);
    await assertRejects(
      () => readRuns(run),
      FileError,
      "not as it was written",
    );
    await writeSums(run);
    await assertRejects(() => readRuns(run), UsageError, "--modulus");
    await Deno.writeTextFile(config, `{"modulus": 7`);
    await writeSums(run);
    await assertRejects(
      () => readRuns(run),
      SyntaxError,
      "line 1 is no JSON (it ends in the middle)",
    );
  }));

Deno.test("readRuns() calls a run by its name, if it has one that can be read", () =>
  withTempDir(async (dir) => {
    const run = await runIn(dir, "run", TINY);
    const name = async () => (await readRuns(run)).map(({ name }) => name);
    assertEquals(await name(), ["run"]);
    await writeLabels(run, { name: "no decay" });
    assertEquals(await name(), ["no decay"]);
    await Deno.writeTextFile(join(run, "labels.json"), "{");
    assertEquals(await name(), ["run"]);
  }));

Deno.test("readGroups() takes a folder of replicas for its runs", () =>
  withTempDir(async (dir) => {
    for (const seed of [0, 1]) {
      await runIn(join(dir, "band"), `replica-${seed}`, { ...TINY, seed });
    }
    const [group, ...others] = await readGroups([join(dir, "band")]);
    assertEquals(others, []);
    assertEquals(group!.label, "band/replica-0 and 1 more");
    assertEquals(group!.runs.map(({ config }) => config.seed), [0, 1]);
  }));
