/**
 * Several runs at once, and the benchmarks, as a user meets them.
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import {
  assertRefused,
  checkpointSteps,
  contentsOf,
  metricsRows,
  outputOf,
  startProgram,
  task,
  withTempDir,
} from "../_run.ts";

const SMALL = [
  ..."--modulus 13 --hidden 24 --threads 1 --steps 40".split(" "),
];

const withoutTimes = (rows: readonly object[]) =>
  rows.map((row) => ({ ...row, ms_per_step: 0 }));

Deno.test("train --replicas leaves runs that single runs repeat", () =>
  withTempDir(async (dir) => {
    const run = join(dir, "band");
    const args = [...SMALL, "--replica-lr", "0.01,0.02", "--share-split"];
    const { code, stdout, stderr } = await task(
      "train",
      ...args,
      ..."--seed 3 --replicas 2 --json --run".split(" "),
      run,
    );
    assertEquals(code, 0, stderr);
    const { band, replicas } = JSON.parse(stdout);
    assertEquals(band.runs, 2);
    assertEquals(replicas.length, 2);
    for (const r of [0, 1]) {
      const folder = join(run, `replica-${r}`);
      const { config } = replicas[r];
      assertEquals(
        [config.seed, config.dataSeed, config.lr],
        [3 + r, 3, [0.01, 0.02][r]],
      );
      const again = join(dir, `again-${r}`);
      const single = await task(
        "train",
        ...["--config", join(folder, "config.json"), "--run", again],
      );
      assertEquals(single.code, 0, single.stderr);
      const [rows, own] = [await metricsRows(again), await metricsRows(folder)];
      assertEquals(own.map(({ step }) => step), rows.map(({ step }) => step));
      for (const [i, row] of withoutTimes(rows).entries()) {
        for (const [name, x] of Object.entries(row)) {
          const y = (withoutTimes(own)[i] as Record<string, number>)[name]!;
          // Forty steps of a small network hardly multiply rounding.
          assert(Math.abs(x - y) <= 1e-4 * Math.max(Math.abs(x), 1), name);
        }
      }
      assertEquals(
        await Deno.readTextFile(join(folder, "split.json")),
        await Deno.readTextFile(join(again, "split.json")),
      );
    }
  }));

Deno.test("train --replicas says in a table how they ended", () =>
  withTempDir(async (dir) => {
    const { code, stdout, stderr } = await task(
      "train",
      ...SMALL,
      ...["--replicas", "3", "--run", join(dir, "band")],
    );
    assertEquals(code, 0, stderr);
    assertMatch(stdout, /^3 runs of 40 steps in .* ms a step of all\n/);
    assertMatch(stdout, /\d of 3 memorised/);
    assertMatch(stdout, /\nseed +lr +decay +memorised +grokked +test +run\n/);
    assertEquals(stdout.trim().split("\n").length, 8);
    assertMatch(stderr, /seeds 0–2, .*\nrun: .*replica-0\n…\nrun: .*replica-2/);
  }));

const REFUSED: Record<string, string[]> = {
  "--replicas must be an integer in 1..4096, got 0": ["--replicas", "0"],
  "got 1.5": ["--replicas", "1.5"],
  "Wanted a number": ["--replicas", "many"],
  "--replica-lr must name a value for each of the 3 replicas, got 2: 1,2": [
    ..."--replicas 3 --replica-lr 1,2".split(" "),
  ],
  "--replica-weight-decay must name a value for each of the 1": [
    ..."--replicas 1 --replica-weight-decay 0,1".split(" "),
  ],
  "--lr must be above 0, got 0": [
    ..."--replicas 2 --replica-lr 1,0".split(" "),
  ],
  "--replica-lr must come with --replicas": ["--replica-lr", "1"],
  "--share-split must come with --replicas": ["--share-split"],
  "use --engine onnx": ["--replicas", "2", "--engine", "tfjs"],
};

for (const [message, args] of Object.entries(REFUSED)) {
  Deno.test(`train refuses ${args.join(" ")}, and writes nothing`, () =>
    withTempDir(async (dir) => {
      const run = join(dir, "band");
      const line = assertRefused(await task("train", ...args, "--run", run), 2);
      assert(line.includes(message), line);
      assertEquals(await contentsOf(dir), {});
    }));
}

Deno.test("train warns of a rate that each replica's own replaces", () =>
  withTempDir(async (dir) => {
    const args = [
      ...["--modulus", "5", "--hidden", "4", "--steps", "1", "--lr", "0.1"],
      ...["--replicas", "2", "--replica-lr", "0.1,0.2"],
    ];
    const { code, stderr } = await task(
      "train",
      ...[...args, "--weight-decay", "0.5", "--run", join(dir, "band")],
    );
    assertEquals(code, 0, stderr);
    assertEquals(
      stderr.split("\n").filter((line) => line.startsWith("warning")),
      ["warning: --lr has no effect beside --replica-lr"],
    );
  }));

Deno.test("probe on a folder of replicas says to choose one", () =>
  withTempDir(async (dir) => {
    const run = join(dir, "band");
    await task("train", ...SMALL, "--replicas", "2", "--run", run);
    const line = assertRefused(await task("probe", run), 2);
    assertMatch(line, /it holds 2 of them, choose one, .*replica-0/);
    const found = await task("probe", join(run, "replica-1"), "--json");
    assertEquals(JSON.parse(found.stdout).step, 40);
  }));

Deno.test("SIGINT ends all replicas with checkpoints of one step", () =>
  withTempDir(async (dir) => {
    const run = join(dir, "band");
    const child = startProgram("train", [
      ..."--modulus 31 --hidden 64 --threads 1 --steps 1000000".split(" "),
      ...["--replicas", "2", "--run", run],
    ], true);
    const ended = outputOf(child);
    const folders = [0, 1].map((r) => join(run, `replica-${r}`));
    const rows = () => metricsRows(folders[1]!).catch(() => []);
    while ((await rows()).length < 3) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    child.kill("SIGINT");
    assertEquals((await ended).code, 130);
    const steps = await Promise.all(folders.map(checkpointSteps));
    assertEquals(steps[0]!.length, 1);
    assertEquals(steps[0], steps[1]);
    assert(steps[0]![0]! > 0 && steps[0]![0]! < 1_000_000);
  }));

Deno.test("bench prints timings, floors and ratios", async () => {
  const { code, stdout, stderr } = await task(
    "bench",
    ..."--only parity --rounds 1 --threads 1 --json".split(" "),
  );
  assertEquals(code, 0, stderr);
  const { workloads: { parity } } = JSON.parse(stdout);
  // Rows 1000, widths 43, 200, 200, 2: forward, to the weights, and to what
  // went into all layers but the first.
  const products = [43 * 200, 200 * 200, 200 * 2];
  const all = products.reduce((a, b) => a + b);
  assertEquals(parity.flops, 2 * 1000 * (3 * all - products[0]!));
  assert(parity.floor_ms > 0 && parity.bytes > 1e6);
  assert(parity.timings.groklab[0] > 0);
});

Deno.test("bench refuses what it cannot time", async () => {
  for (
    const [args, message] of [
      [["--only", "abacus"], /--only must be one of mlp, .*, got abacus/],
      [["--rounds", "0"], /--rounds must be 1 or more, got 0/],
      [["--replicas", "0"], /--replicas must/],
    ] as const
  ) {
    assertMatch(assertRefused(await task("bench", ...args), 2), message);
  }
});
