/** What a claim comes to, by what its seeds say: every verdict, and its edges. */

import { assertEquals } from "@std/assert";
import type { Results, RunRecord, Scale } from "../../lib/figures/figure.ts";
import { allSo, bySeed, rises } from "../../lib/figures/rules.ts";
import { resultsOf } from "../../lib/reproduce/outcome.ts";
import { wilson } from "../../lib/sweeps/summaries/estimates.ts";

// Of a run only what the rule itself reads.
const run = (
  arm: string,
  seed: number,
  diverged_at: number | null = null,
): RunRecord => ({ arm, seed, diverged_at }) as unknown as RunRecord;

const resultsWith = (
  scale: Scale,
  seeds: number,
  runs: readonly RunRecord[],
): Results => resultsOf(scale, seeds, runs);

// What seeds say, a letter each: T so, F not so, 0 nothing.
const SAYS = { T: true, F: false, "0": null } as const;

function decided(scale: Scale, asked: number, says: string) {
  const letters = [...says] as (keyof typeof SAYS)[];
  const runs = letters.map((_, seed) => run("a", seed));
  return bySeed(
    resultsWith(scale, asked, runs),
    ["a"],
    ({ seed }) => ({ so: SAYS[letters[seed]!], why: `says ${letters[seed]}` }),
  );
}

type Verdict = "holds" | "fails" | "inconclusive";
// How many seeds were asked for, what those that are there say.
const CASES: readonly [Scale, number, string, Verdict][] = [
  ["full", 3, "TTT", "holds"],
  ["full", 3, "FFF", "fails"],
  ["full", 3, "TTF", "inconclusive"],
  ["full", 3, "TFF", "fails"],
  ["full", 3, "FTF", "fails"],
  // A seed that says nothing, or is not there, may be of the other kind.
  ["full", 3, "TT0", "inconclusive"],
  ["full", 3, "FF0", "inconclusive"],
  ["full", 3, "000", "inconclusive"],
  ["full", 3, "TT", "inconclusive"],
  ["full", 3, "FF", "inconclusive"],
  ["full", 3, "", "inconclusive"],
  // Three say something, and one is missing: it does not hold yet.
  ["full", 4, "TTT", "inconclusive"],
  ["full", 4, "TTT0", "inconclusive"],
  ["full", 4, "FFF", "fails"],
  ["full", 4, "FFF0", "fails"],
  ["full", 4, "TTTT", "holds"],
  // As many as against.
  ["full", 4, "TTFF", "inconclusive"],
  ["full", 4, "FTTF", "inconclusive"],
  ["full", 4, "TFFF", "fails"],
  ["full", 4, "TTTF", "inconclusive"],
  ["full", 5, "TTFF0", "inconclusive"],
  ["full", 5, "TFF00", "fails"],
  ["full", 5, "TTFFF", "fails"],
  ["full", 5, "TTTTT", "holds"],
  ["full", 5, "TTTT0", "inconclusive"],
  ["full", 5, "TTTT", "inconclusive"],
  // More are there than were asked for: all count.
  ["full", 3, "TTTT", "holds"],
  ["full", 3, "TTT0", "inconclusive"],
  ["full", 3, "TTTF", "inconclusive"],
  ["full", 3, "TTFF", "inconclusive"],
  ["full", 3, "TFFF", "fails"],
  // However few were asked for, three must say something.
  ["full", 1, "T", "inconclusive"],
  ["full", 1, "F", "inconclusive"],
  ["full", 2, "TT", "inconclusive"],
  ["full", 1, "TTT", "holds"],
  // In the quick form one.
  ["quick", 1, "T", "holds"],
  ["quick", 1, "F", "fails"],
  ["quick", 1, "0", "inconclusive"],
  ["quick", 1, "", "inconclusive"],
  ["quick", 2, "T", "inconclusive"],
  ["quick", 2, "F", "fails"],
  ["quick", 2, "TF", "inconclusive"],
  ["quick", 2, "F0", "fails"],
  ["quick", 2, "T0", "inconclusive"],
  ["quick", 2, "TT", "holds"],
  ["quick", 3, "TFF", "fails"],
  ["quick", 3, "TTF", "inconclusive"],
  ["quick", 1, "TT", "holds"],
  ["quick", 1, "TF", "inconclusive"],
];

for (const [scale, asked, says, verdict] of CASES) {
  const what = `${scale}, ${asked} asked for, ${says || "none"} there`;
  Deno.test(`bySeed() ${verdict}: ${what}`, () => {
    assertEquals(decided(scale, asked, says).verdict, verdict);
  });
}

Deno.test("bySeed() says why, and with which numbers", () => {
  const why = (scale: Scale, asked: number, says: string) =>
    decided(scale, asked, says).why;
  const { tally, steps, ...decision } = decided("full", 3, "TFT");
  assertEquals(tally, {
    wanted: 3,
    there: 3,
    saying: 3,
    so: 2,
    share: 2 / 3,
    interval: wilson(2, 3),
  });
  assertEquals(steps, []);
  assertEquals(decision, {
    verdict: "inconclusive",
    why: "seed 0: says T; seed 1: says F; seed 2: says T",
    numbers: [
      { seed: 0, so: true, why: "says T" },
      { seed: 1, so: false, why: "says F" },
      { seed: 2, so: true, why: "says T" },
    ],
  });
  assertEquals(why("full", 3, ""), "0 of 3 seeds are there");
  assertEquals(
    why("full", 3, "TF"),
    "2 of 3 seeds are there; seed 0: says T; seed 1: says F",
  );
  assertEquals(
    why("full", 3, "T0T"),
    "2 of 3 seeds say something; seed 0: says T; seed 1: says 0; seed 2: says T",
  );
  assertEquals(
    why("full", 5, "TT"),
    "2 of 5 seeds are there; seed 0: says T; " +
      "seed 1: says T",
  );
  assertEquals(why("full", 1, "T"), "1 of 3 seeds are there; seed 0: says T");
  assertEquals(why("quick", 1, ""), "0 of 1 seeds are there");
  assertEquals(
    why("quick", 1, "0"),
    "0 of 1 seeds say something; seed 0: says 0",
  );
  assertEquals(
    why("quick", 2, "00"),
    "0 of 2 seeds say something; seed 0: " +
      "says 0; seed 1: says 0",
  );
  assertEquals(why("quick", 1, "T"), "seed 0: says T");
});

Deno.test("bySeed() judges seeds of which every arm is there, in the arms' order", () => {
  const runs = [
    ...[0, 1, 2, 4].map((seed) => run("b", seed)),
    ...[4, 2, 1, 3].map((seed) => run("a", seed)),
    run("c", 1),
  ];
  const judged: [string, number][][] = [];
  const { verdict, why } = bySeed(
    resultsWith("full", 3, runs),
    ["b", "a"],
    (...given) => {
      judged.push(given.map(({ arm, seed }) => [arm, seed]));
      return { so: true, why: "" };
    },
  );
  assertEquals(judged, [1, 2, 4].map((seed) => [["b", seed], ["a", seed]]));
  assertEquals([verdict, why], ["holds", "seed 1: ; seed 2: ; seed 4: "]);
  const none = bySeed(resultsWith("full", 3, runs), ["b", "d"], () => {
    throw new Error("nothing is to be judged");
  });
  assertEquals(none, {
    verdict: "inconclusive",
    why: "0 of 3 seeds are there",
    numbers: [],
    tally: {
      wanted: 3,
      there: 0,
      saying: 0,
      so: 0,
      share: null,
      interval: null,
    },
    steps: [],
  });
});

Deno.test("a seed of which a run diverged says nothing, unless that counts", () => {
  // At step 0 too.
  const runs = [0, 1, 2].flatMap((seed) => [
    run("a", seed, seed === 1 ? 0 : null),
    run("b", seed, seed === 2 ? 70 : seed === 1 ? 30 : null),
  ]);
  const results = resultsWith("full", 3, runs);
  const judge = () => ({ so: true, why: "so" });
  const { tally, steps, ...decision } = bySeed(results, ["a", "b"], judge);
  const { wanted, there, saying, so } = tally!;
  assertEquals([wanted, there, saying, so, steps], [3, 3, 1, 1, []]);
  assertEquals(decision, {
    verdict: "inconclusive",
    why:
      "1 of 3 seeds say something; seed 0: so; seed 1: a diverged at step 0, " +
      "b diverged at step 30; seed 2: b diverged at step 70",
    numbers: [
      { seed: 0, so: true, why: "so" },
      {
        seed: 1,
        so: null,
        why: "a diverged at step 0, b diverged at step 30",
      },
      { seed: 2, so: null, why: "b diverged at step 70" },
    ],
  });
  const counted = bySeed(results, ["a", "b"], judge, { divergedCounts: true });
  assertEquals(counted.verdict, "holds");
  assertEquals(bySeed(results, ["a"], judge).verdict, "inconclusive");
});

Deno.test("rises() is strict, and tells two nevers apart from nothing", () => {
  const never = Infinity;
  const cases: [(number | null)[], boolean | null][] = [
    [[], true],
    [[5], true],
    [[null], true],
    [[1, 2, 3], true],
    [[1, 2, 2], false],
    [[1, 1], false],
    [[2, 1], false],
    [[1, 3, 2], false],
    [[1, never], true],
    [[1, null], true],
    [[never, 1], false],
    [[null, 1], false],
    [[never, never], null],
    [[null, null], null],
    [[null, never], null],
    [[1, null, null], null],
    [[1, null, 2], false],
    [[2, 1, null, null], false],
    [[-1, 0], true],
  ];
  for (const [values, wanted] of cases) {
    assertEquals(rises(values), wanted, JSON.stringify(values));
  }
});

Deno.test("allSo() is not so where one is not, else nothing where one is nothing", () => {
  const cases: [(boolean | null)[], boolean | null][] = [
    [[], true],
    [[true], true],
    [[true, true], true],
    [[true, null], null],
    [[null], null],
    [[null, false], false],
    [[false, true], false],
    [[false, null, true], false],
  ];
  for (const [parts, wanted] of cases) assertEquals(allSo(parts), wanted);
});

Deno.test("bySeed() counts seeds against those there are to be of its arms", () => {
  const runs = [0, 1, 2, 3].flatMap((seed) => [run("a", seed), run("b", seed)]);
  const wanted = (arm: string) => arm === "a" ? 10 : 5;
  const results = resultsOf("full", 3, [...runs, run("a", 4)], wanted);
  const judge = ({ seed }: RunRecord) => ({ so: seed !== 2, why: "" });
  const tallies = [["a"], ["b"], ["a", "b"]].map((arms) => {
    const { wanted, there, so } = bySeed(results, arms, judge).tally!;
    return [wanted, there, so];
  });
  assertEquals(tallies, [[10, 5, 4], [5, 4, 3], [5, 4, 3]]);
  // Those that are there decide, three at least.
  const all = () => ({ so: true, why: "" });
  assertEquals(bySeed(results, ["a", "b"], all).verdict, "holds");
});

Deno.test("bySeed() has medians of the steps that decided, diverged seeds left out", () => {
  const runs = [0, 1, 2, 3].map((seed) =>
    run("a", seed, seed === 3 ? 9 : null)
  );
  const at = [300, null, 100, 5];
  const { steps } = bySeed(
    resultsWith("full", 3, runs),
    ["a"],
    ({ seed }) => ({ so: true, why: "", steps: [["x", at[seed]!]] }),
  );
  assertEquals(steps, [
    { what: "x", seeds: 3, median: 300, interval: [100, null] },
  ]);
});
