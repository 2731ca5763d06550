/**
 * Figure 1: ⊥AdamW, StableMax and plain softmax on modular addition; and which
 * loss its first part was made with.
 *
 * @module
 */

import { minOf } from "../../base/extremes.ts";
import type { Chart, Panel } from "../../charts/chart.ts";
import type { Arm, Claim, Figure, Results, Row, RunRecord } from "../figure.ts";
import {
  accuracyAt,
  curve,
  firstAtLeast,
  GROKS,
  measured,
  most,
  percent,
  stepText,
} from "../readings.ts";
import { BY_SEED, bySeed } from "../rules.ts";
import { mlp, perpGrad, pytorchBetas, quickGrok } from "./settings.ts";

// The losses that 1a may have been made with.
const perp = {
  ...mlp,
  ...perpGrad,
  ...pytorchBetas,
  lr: 0.01,
  steps: 300,
  evalEvery: 2,
};
const candidates = [
  {
    name: "perp-softmax-float32",
    label: "⊥AdamW, softmax float32",
    config: { ...perp, loss: "softmax", lossPrecision: "float32" },
    quick: {},
  },
  {
    name: "perp-stablemax-float64",
    label: "⊥AdamW, StableMax float64",
    config: { ...perp, loss: "stablemax", lossPrecision: "float64" },
    quick: {},
  },
  {
    name: "perp-stablemax-float32",
    label: "⊥AdamW, StableMax float32",
    config: { ...perp, loss: "stablemax", lossPrecision: "float32" },
    quick: {},
  },
] as const satisfies readonly Arm[];

const long = { ...mlp, lr: 0.01, lossPrecision: "float64" } as const;
const quick = { ...quickGrok, steps: 8000 } as const;
// The length of the published runs of b and c, which decides.
const PUBLISHED = 80_000;
const stableMax = {
  name: "stablemax",
  label: "AdamW, StableMax float64",
  // Longer than published, as in Figure 4, so that one run does for both.
  config: { ...long, loss: "stablemax", beta2: 0.999, steps: 100_000 },
  quick,
} as const satisfies Arm;
const softmax = {
  name: "softmax",
  label: "AdamW, softmax float64",
  config: { ...long, loss: "softmax", beta2: 0.99, steps: PUBLISHED },
  quick,
} as const satisfies Arm;

const FULL = 0.995;
const trained = (run: RunRecord) => firstAtLeast(run, "train_accuracy", FULL);
const tested = (run: RunRecord) => firstAtLeast(run, "test_accuracy", FULL);

// Published: train accuracy is full at about step 110, test accuracy between
// about 120 and 250 (read off the plot).
const TRAIN_AT = 110;
const TEST_AT = [120, 250] as const;
/** How far a run is from the published curve, in natural logarithms of steps. */
function distance(run: RunRecord): number {
  const t = Math.log(trained(run) ?? Infinity);
  const s = Math.log(tested(run) ?? Infinity);
  const [from, to] = TEST_AT.map(Math.log) as [number, number];
  return Math.abs(t - Math.log(TRAIN_AT)) + Math.max(0, from - s, s - to);
}
const CLEARLY = Math.log(1.1);

const whichLoss: Claim = {
  id: "C16",
  statement: "Figure 1a was made with softmax in float32, as the published " +
    "script says, and not with StableMax, as its caption says.",
  rule: "With t and s the first evaluations with 99.5 % train and test " +
    "accuracy, the distance of a run from the published curve is " +
    "|ln(t/110)| + the distance of ln(s) from [ln 120, ln 250], infinite " +
    "where either is never. It is so where softmax float32 is nearer than " +
    "both StableMax arms by at least ln 1.1, not so where a StableMax arm is " +
    `nearer than softmax by as much; closer calls say nothing. ${BY_SEED}`,
  decide: (results) =>
    bySeed(results, candidates.map(({ name }) => name), (...runs) => {
      const [soft, ...stable] = runs.map(distance) as [number, number, number];
      const nearest = minOf(stable);
      return {
        so: nearest - soft >= CLEARLY
          ? true
          : soft - nearest >= CLEARLY
          ? false
          : null,
        why: runs.map((run, i) =>
          `${candidates[i]!.label.slice(8)} ${stepText(trained(run))} and ${
            stepText(tested(run))
          }`
        ).join(", "),
        steps: runs.flatMap((run, i) => {
          const loss = candidates[i]!.label.slice(8);
          return [
            [`${loss}: train`, trained(run)],
            [`${loss}: test`, tested(run)],
          ] as const;
        }),
      };
    }),
};

const highestBy = (run: RunRecord, until: number) =>
  most(run, "test_accuracy", until);

const generalises: Claim = {
  id: "C1",
  statement: "With 40 % of the pairs and no regularisation, StableMax groks " +
    "addition, and softmax in float64 does not.",
  rule: "Within the published 80,000 steps (in the quick form 8,000) " +
    "StableMax's test accuracy reaches 95 %, softmax's stays below 10 %, though " +
    `it memorises (else the seed says nothing). ${BY_SEED}`,
  decide: (results) =>
    bySeed(results, [stableMax.name, softmax.name], (stable, soft) => {
      const reached = firstAtLeast(stable, "test_accuracy", GROKS);
      const [inTime, atAll] = [PUBLISHED, Infinity]
        .map((until) => highestBy(stable, until)) as [number, number];
      const highest = highestBy(soft, PUBLISHED);
      return {
        so: soft.memorised_at === null
          ? null
          : inTime >= GROKS && highest < 0.1,
        why: `StableMax at most ${percent(inTime)}` +
          (stable.steps > PUBLISHED
            ? ` (by ${stepText(stable.steps)} ${percent(atAll)})`
            : "") +
          `, 95 % at ${stepText(reached)}, softmax at most ${percent(highest)}`,
        steps: [["StableMax at 95 %", reached]],
      };
    }),
};

function chart(results: Results): Chart {
  const full = results.scale === "full";
  const both = (arm: Arm, colour: number) =>
    (["train", "test"] as const).map((part) => ({
      name: part === "train" ? "" : arm.label,
      colour,
      line: part === "train" ? "dashed" as const : "solid" as const,
      points: curve(results, arm.name, `${part}_accuracy`),
    }));
  const y = { label: "accuracy (%)", percent: true, domain: [0, 1] } as const;
  const x = (steps: number) => ({ label: "step", domain: [0, steps] as const });
  const end = full ? PUBLISHED : quick.steps;
  const untilEnd = (arm: Arm, colour: number) =>
    both(arm, colour).map((series) => ({
      ...series,
      points: series.points.filter(({ x }) => x <= end),
    }));
  const panels: Panel[] = [
    {
      title: "a  ⊥AdamW, three losses",
      x: x(300),
      y,
      series: candidates.flatMap(both),
      published: [
        { x: TRAIN_AT, y: 1, colour: 0 },
        ...TEST_AT.map((step) => ({ x: step, y: 1, colour: 0 })),
      ],
    },
    {
      title: "b  StableMax",
      x: x(end),
      y,
      series: untilEnd(stableMax, 3),
      published: full
        ? [
          { x: 35_000, y: 0.5, colour: 3 },
          { x: 50_000, y: 0.94, colour: 3 },
          { x: 75_000, y: 0.98, colour: 3 },
        ]
        : [],
    },
    {
      title: "c  softmax",
      x: x(end),
      y,
      series: untilEnd(softmax, 4),
      published: full ? [{ x: end, y: 0, colour: 4 }] : [],
    },
  ];
  return {
    title: "⊥AdamW, StableMax and plain softmax without regularisation",
    subtitle:
      "Addition, MLP, lr 0.01; test accuracy, and dashed train accuracy",
    panels,
  };
}

function rows(results: Results): Row[] {
  const full = results.scale === "full";
  const highest = ({ name }: Arm, until: number) =>
    measured(results, name, (run) => highestBy(run, until), percent);
  return [
    ...candidates.flatMap(({ name, label }) => [
      {
        what: `a ${label}: step of 99.5 % train accuracy`,
        published: "≈ 110 (read off the plot)",
        measured: measured(results, name, trained, stepText),
      },
      {
        what: `a ${label}: step of 99.5 % test accuracy`,
        published: "≈ 120–250 (read off the plot)",
        measured: measured(results, name, tested, stepText),
      },
    ]),
    {
      what: "b StableMax: step of 99.5 % train accuracy",
      published: "before 5,000",
      measured: measured(results, stableMax.name, trained, stepText),
    },
    ...full
      ? accuracyAt(results, stableMax.name, "b StableMax", [
        [35_000, "≈ 50 % (read off the plot)"],
        [50_000, "≈ 94 % (read off the plot)"],
        [75_000, "≈ 98 % (read off the plot)"],
      ])
      : [],
    ...(full ? [PUBLISHED, stableMax.config.steps] : [quick.steps])
      .map((until) => ({
        what: `b StableMax: highest test accuracy by ${stepText(until)}`,
        published: until > PUBLISHED
          ? "a longer run than the published"
          : "≈ 98 % (read off the plot)",
        measured: highest(stableMax, until),
      })),
    {
      what: "c softmax: highest test accuracy",
      published: "≈ 0 %",
      measured: highest(softmax, PUBLISHED),
    },
  ];
}

/** Figure 1. */
export const fig1: Figure = {
  title: "Figure 1: ⊥AdamW, StableMax, softmax",
  shows: "that ⊥AdamW generalises within 300 steps, StableMax after tens of " +
    "thousands, and softmax with AdamW not at all",
  settings:
    "Addition mod 113, 40 % of the pairs; MLP 200–200 without biases; " +
    "lr 0.01, full batch. a: ⊥AdamW, 300 steps; the caption says StableMax, " +
    "the published script used softmax, so softmax float32 and StableMax in " +
    "both precisions are run; the script's ⊥AdamW really had β 0.9 and 0.999 " +
    "and ε 1e-8. b: AdamW, StableMax float64, β 0.9 and 0.999; the published " +
    "80,000 steps decide, and what comes by 100,000 is told beside, since these " +
    "are Figure 4's runs, too. c: AdamW, softmax float64, β 0.9 and 0.99, 80,000 " +
    "steps. b and c: ε 1e-25, no weight decay. Quick: a as it is, b and c mod " +
    "59 with 80 % of the pairs, width 128 and 8,000 steps.",
  published:
    "a: train accuracy 100 % at about step 110, test accuracy between " +
    "about 120 and 250. b: train 100 % before 5,000; test about 50 % at " +
    "35,000, 94 % at 50,000, 98 % at 75,000. c: test about 0 %. (All read off " +
    "the plot.)",
  arms: [...candidates, stableMax, softmax],
  columns: ["train_accuracy", "test_accuracy"],
  chart,
  rows,
  remarks: {
    full: [
      "Seeds differ: StableMax is at 50 % at step 36,500, 41,000 and 58,500, " +
      "all after the published 35,000, and at step 80,000, the published length, " +
      "at 99, 98 and 86 %. C1 asks for 95 % by then: the last one misses it by 9 " +
      "points, and by 0.8 at step 100,000, where it is at 94 % and still rises. " +
      "Softmax stays at chance with all three.",
      "C16 is so with nine seeds of ten. With seed 9 all three runs are early, " +
      "softmax a little too early for the published curve (98 and 106) and " +
      "StableMax a little late (146 and 156): too close for the rule, so that " +
      "this seed says nothing, and a claim holds with every seed only.",
    ],
    quick: [
      "C1 fails by softmax: mod 59 with 80 % of the pairs it, too, " +
      "generalises a little, 21 % by the end, which 40 % of the pairs mod " +
      "113 do not allow. StableMax groks.",
    ],
  },
  claims: [generalises, whichLoss],
};
