/** The benchmark of whole sweeps, with a peer that only pretends. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import { aroundOf, timeSweep } from "../../bench/sweep.ts";
import { renderSweeps } from "../../bench/sweep_table.ts";
import type { EndedRun } from "../../lib/sweeps/layout.ts";
import { assertRefused, task } from "./_run.ts";
import { pathOf } from "./_fakes.ts";

const TINY = { modulus: 5, hidden: [4], trainFraction: 0.5, steps: 20 };

Deno.test({
  name: "a sweep is timed beside its peers, each seed once",
  ignore: Deno.build.os === "windows",
  async fn() {
    const folder = await Deno.makeTempDir();
    try {
      // Prints which seeds it was given as the steps at which they grokked.
      const { PATH } = await pathOf(folder, {
        python: `printf '{"peer":"Fake","stepping":2,"seconds":3,"runs":['
printf '%s' "$5" | /bin/sed 's/[0-9][0-9]*/{"grokked_at":&}/g'
printf ']}'`,
      });
      const { runs, steps, timings } = await timeSweep(
        { config: TINY, runs: 3 },
        { python: join(PATH, "python"), rounds: 1 },
        () => {},
      );
      assertEquals([runs, steps], [3, 20]);
      const { groklab, "Fake, a process a run": alone, ...rest } = timings;
      const {
        "Fake, torch.vmap over seeds": stacked,
        "Fake, torch.vmap in two processes": halves,
        ...others
      } = rest;
      assertEquals(others, {});
      const [own] = groklab!;
      assert(own!.stepping > 0 && own!.stepping < own!.seconds);
      for (const part of [own!.around!, own!.first!]) {
        assert(part > 0 && part < own!.seconds);
      }
      assertEquals(own!.grokSteps.length, 3);
      assertEquals(alone![0]!.grokSteps, [0, 1, 2]);
      // Three processes of 2 s of steps each, two at a time.
      assertEquals(alone![0]!.stepping, 3);
      assertEquals(alone![0]!.around, 1);
      assertEquals(stacked![0]!.grokSteps, [0, 1, 2]);
      assertEquals(halves![0]!.grokSteps, [0, 1, 2]);
      assertEquals([halves![0]!.stepping, halves![0]!.lanes], [2, 2]);
      assertEquals([stacked![0]!.stepping, stacked![0]!.lanes], [2, 1]);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

Deno.test("without Python only ours is timed", async () => {
  const said: string[] = [];
  const { timings } = await timeSweep(
    { config: TINY, runs: 1 },
    { python: "/no/such/python", rounds: 1 },
    (line) => said.push(line),
  );
  assertEquals(Object.keys(timings), ["groklab"]);
  assert(said.includes("there is no /no/such/python, left out"));
});

Deno.test("sweeps are a table of grokked runs an hour", () => {
  const timing = {
    seconds: 36,
    grokked: 3,
    grokSteps: [90, null, 70, 80],
    stepping: 20,
    around: 0.05,
    first: 0.4,
    lanes: 2,
  };
  const { first: _, ...peer } = timing;
  const table = renderSweeps({
    "mod-7": {
      runs: 4,
      steps: 100,
      timings: {
        groklab: [timing, { ...timing, seconds: 72 }, timing],
        other: [{ ...peer, seconds: 144 }],
      },
    },
  });
  assertEquals(table.split("\n").slice(2), [
    "| mod-7, 100 steps | groklab | 3 of 4 | 80 | 36.0 | 300 | 1.00 | 50.00 | 0.050 | 0.400 | 8.000 |",
    "| mod-7, 100 steps | other | 3 of 4 | 80 | 144.0 | 75 | 0.25 | 50.00 | 0.050 | – | 62.000 |",
  ]);
});

Deno.test("the first runs of the threads are told apart from those behind them", () => {
  const end = (begun: number, around: number) => ({
    ended: new Date(1000 * (begun + around + 2)).toISOString(),
    seconds: around + 2,
    result: { seconds: 2 } as EndedRun["result"] & object,
  });
  // Not in the order in which they began.
  const ends = [end(13, 1), end(0, 8), end(17, 2), end(1, 9), end(20, 6)];
  assertEquals(aroundOf(ends), { first: 8.5, around: 2 });
  assertEquals(aroundOf(ends.slice(1, 2)), { first: 8, around: undefined });
});

Deno.test("bench --sweep refuses what it cannot time", async () => {
  assertMatch(
    assertRefused(await task("bench", "--sweep", "--only", "mlp"), 2),
    /--only must be one of mod-31, mod-59, default, got mlp/,
  );
  assertMatch(
    assertRefused(await task("bench", "--sweep", "--rounds", "0"), 2),
    /--rounds must be 1 or more, got 0/,
  );
});

Deno.test("bench refuses a flag that what it times does not read", async () => {
  for (
    const [flags, says] of [
      [["--sweep", "--peers"], "--peers must be left out with --sweep, which"],
      [
        ["--threads", "2", "--sweep"],
        "--threads must be left out with --sweep",
      ],
      [
        ["--sweep", "--device", "cpu"],
        "--device must be left out with --sweep",
      ],
      [["--sweep", "--replicas", "2"], "--replicas must be left out"],
      [
        ["--sweep", "--probes", "runs/a"],
        "--probes must be left out with --sw",
      ],
      [["--probes", "runs/a", "--only", "mlp"], "--only must be left out with"],
      [["--probes", "runs/a", "--python", "p"], "takes --rounds, --json"],
      [["--python", "p"], "--python must be left out without --peers or"],
    ] as const
  ) {
    const line = assertRefused(await task("bench", ...flags), 2);
    assert(line.includes(says), line);
  }
});
