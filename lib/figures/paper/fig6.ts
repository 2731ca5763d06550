/**
 * Figure 6: ⊥Grad beside weight decay and neither, in a transformer and the MLP.
 *
 * @module
 */

import type { Chart, Panel } from "../../charts/chart.ts";
import type { Arm, Figure, Results, Row, RunRecord } from "../figure.ts";
import {
  accuracyAt,
  curve,
  curves,
  firstAtLeast,
  measured,
  most,
  percent,
  stepText,
} from "../readings.ts";
import { allSo, BY_SEED, bySeed, rises } from "../rules.ts";
import { mlp, perpGrad, pytorchBetas, transformer } from "./settings.ts";
import { THRESHOLD } from "../../runs/result.ts";

const operations = ["add", "subtract"] as const;
const spelt = { add: "addition", subtract: "subtraction" } as const;
const optimizers = [
  { name: "perp", label: "⊥AdamW", config: { ...perpGrad, ...pytorchBetas } },
  {
    name: "decay",
    label: "AdamW, weight decay 1.5",
    config: { weightDecay: 1.5 },
  },
  { name: "plain", label: "AdamW", config: {} },
] as const;

const QUICK_STEPS = 1200;
const armOf = (operation: string, optimizer: string) =>
  `${operation}-${optimizer}`;
const transformers: Arm[] = operations.flatMap((task) =>
  optimizers.map(({ name, label, config }) => ({
    name: armOf(task, name),
    label: `${label}, ${spelt[task]}`,
    config: {
      ...transformer,
      task,
      loss: "softmax",
      lossPrecision: "float32",
      lr: 1e-3,
      ...config,
      steps: 5000,
    },
    quick: { modulus: 59, trainFraction: 0.6, steps: QUICK_STEPS },
  }))
);

const short = { ...mlp, steps: 500, evalEvery: 2 } as const;
const quickShort = {};
const mlps = [
  {
    name: "mlp-adamw",
    label: "AdamW lr 0.005",
    config: { ...short, loss: "softmax", lossPrecision: "float32", lr: 0.005 },
    quick: quickShort,
  },
  {
    name: "mlp-perp-adamw",
    label: "⊥AdamW lr 0.005",
    config: {
      ...short,
      ...perpGrad,
      ...pytorchBetas,
      loss: "softmax",
      lossPrecision: "float32",
      lr: 0.005,
    },
    quick: quickShort,
  },
  {
    name: "mlp-perp-sgd",
    label: "⊥SGD lr 10, StableMax float64",
    config: {
      ...short,
      ...perpGrad,
      optimizer: "sgd",
      momentum: 0.8,
      precision: "float64",
      loss: "stablemax",
      lossPrecision: "float64",
      lr: 10,
    },
    quick: quickShort,
  },
] as const satisfies readonly Arm[];

const grokked = (run: RunRecord) =>
  firstAtLeast(run, "test_accuracy", THRESHOLD);
const GENERALISES = 0.95;
const highest = (run: RunRecord) => most(run, "test_accuracy");

function chart(results: Results): Chart {
  const full = results.scale === "full";
  const y = {
    label: "test accuracy (%)",
    percent: true,
    domain: [0, 1],
  } as const;
  const first = (operation: (typeof operations)[number]): Panel => ({
    title: `a  Transformer, ${spelt[operation]}`,
    x: { label: "step", domain: [0, full ? 5000 : QUICK_STEPS] },
    y,
    series: optimizers.map(({ name, label }, colour) => ({
      name: label,
      colour,
      points: curve(results, armOf(operation, name), "test_accuracy"),
    })),
    published: full
      ? [[600, 0], [800, 0], [1200, 1], [1400, 1]].map(([x, colour]) => ({
        x: x!,
        y: 1,
        colour: colour!,
      }))
      : [],
  });
  return {
    title: "⊥Grad, weight decay, and neither",
    subtitle: "a and c: transformer, lr 0.001; b: MLP",
    perRow: 2,
    panels: [
      ...operations.map(first),
      {
        title: "b  MLP, addition",
        x: { label: "step", domain: [0, 500] },
        y,
        series: mlps.map(({ name, label }, i) => ({
          name: label,
          colour: i + 3,
          points: curve(results, name, "test_accuracy"),
        })),
        published: [
          { x: 400, y: 0.99, colour: 4 },
          { x: 400, y: 1, colour: 5 },
          { x: 500, y: 0, colour: 3 },
        ],
      },
      {
        title: "c  Norm against loss, addition, each seed",
        x: { label: "‖θ‖₂" },
        y: { label: "train loss (nats)", scale: "log" },
        series: optimizers.flatMap(({ name, label }, colour) =>
          curves(results, armOf("add", name), "train_loss", "weight_norm", {
            name: label,
            colour,
          })
        ),
      },
    ],
  };
}

function rows(results: Results): Row[] {
  const PUBLISHED = {
    perp: "≈ 600–800 (read off the plot)",
    decay: "≈ 1,200–1,400 (read off the plot)",
    plain: "never",
  };
  const [adamw, perpAdamw, perpSgd] = mlps;
  return [
    ...operations.flatMap((operation) =>
      optimizers.map(({ name, label }) => ({
        what: `a ${spelt[operation]}, ${label}: step of 99 % test accuracy`,
        published: PUBLISHED[name],
        measured: measured(results, armOf(operation, name), grokked, stepText),
      }))
    ),
    {
      what: `b ${adamw.label}: highest test accuracy`,
      published: "≈ 0 %",
      measured: measured(results, adamw.name, highest, percent),
    },
    ...accuracyAt(results, perpAdamw.name, `b ${perpAdamw.label}`, [
      [400, "≈ 99 %; a re-run stalled at 80 %"],
    ]),
    ...accuracyAt(results, perpSgd.name, `b ${perpSgd.label}`, [
      [400, "≈ 100 %"],
    ]),
    ...optimizers.map(({ name, label }) => ({
      what: `c addition, ${label}: largest ‖θ‖₂`,
      published: "a trade-off between norm and loss",
      measured: measured(
        results,
        armOf("add", name),
        (run) => most(run, "weight_norm"),
        (x) => x.toPrecision(3),
      ),
    })),
  ];
}

/** Figure 6. */
export const fig6: Figure = {
  title: "Figure 6: ⊥Grad, weight decay, neither",
  shows: "that ⊥AdamW generalises before AdamW with weight decay, and AdamW " +
    "alone does not; that ⊥SGD and ⊥AdamW take the MLP there within 500 " +
    "steps; and how weight decay trades loss for norm",
  settings:
    "40 % of the pairs mod 113, full batch. a: Nanda's transformer (1 " +
    "layer, width 128; that the paper used it is inferred), softmax float32, " +
    "lr 0.001, 5,000 steps; the caption " +
    "says subtraction, the published script addition, so both are run. b: MLP " +
    "200–200, addition, 500 steps: AdamW and ⊥AdamW lr 0.005 with softmax " +
    "float32, ⊥SGD lr 10, momentum 0.8, with model and StableMax in float64. " +
    "AdamW has β 0.9 and 0.99 and ε 1e-25; ⊥AdamW β 0.9 and 0.999 and ε 1e-8, " +
    "as the script's really had. c: the runs of a. Quick: the transformer mod " +
    "59 with 60 % of the pairs, 1,200 steps; the MLP as it is.",
  published:
    "a: ⊥AdamW 100 % at about 600 to 800, weight decay at about 1,200 " +
    "to 1,400, plain AdamW not (read off the plot). b: ⊥AdamW about 99 % and " +
    "⊥SGD 100 % at about 400 (a re-run by others stalled at 80 % with ⊥AdamW), " +
    "AdamW about 0 %. c: a trade-off without numbers.",
  arms: [...transformers, ...mlps],
  columns: ["train_accuracy", "test_accuracy", "train_loss", "weight_norm"],
  chart,
  rows,
  remarks: {
    full: [
      "C8 holds with two seeds of three. The rule asks for 99 %, where ⊥AdamW " +
      "slows down: with seed 1 it is at 98 % of subtraction at step 1,525 and " +
      "at 99 % at step 2,750, which weight decay, at 4 % at step 1,000, passes " +
      "at 2,500. At 90, 95, 97 and 98 % ⊥AdamW is ahead of weight decay with " +
      "every seed and both tasks, by a factor of 1.6 to 13. Weight decay " +
      "reaches 100 % of both tasks and may lose a percent again; plain AdamW " +
      "ends at 18 to 32 % of addition and below 1 % of subtraction. The " +
      "published steps lie within the seeds' range on addition, and on " +
      "subtraction, which the caption names, all are later, by a factor of " +
      "two in the median: the published curves look like addition's.",
      "C7 is so with five seeds of ten; three of them had two. ⊥AdamW gets " +
      "above 95 % with six, and with the others it slows down at 80 to 91 % " +
      "(step 200) and ends at 87 to 94.6: the stall at 80 % that others report " +
      "is of this kind. ⊥SGD gets there with eight; one ends at 94, another at " +
      "38 %. AdamW stays at chance with all.",
    ],
    quick: [
      "⊥AdamW is the first to generalise and then slows down: weight decay " +
      "overtakes it at 92 % (addition, step 474) and 77 % (subtraction, step " +
      "732) and reaches 100 %, where ⊥AdamW ends at 97 and 83 %. So C8, which " +
      "asks for 99 %, fails; plain AdamW stays at 60 and 1 %.",
    ],
  },
  claims: [
    {
      id: "C8",
      statement: "In the transformer ⊥AdamW generalises before AdamW with " +
        "weight decay 1.5, and that before plain AdamW.",
      rule: "With addition and with subtraction, the first evaluation with " +
        "99 % test accuracy is strictly earlier with ⊥AdamW than with weight " +
        "decay, and with that than with plain AdamW; never is after every " +
        "step, and two nevers beside each other, or a run that does not " +
        `memorise, say nothing. ${BY_SEED}`,
      decide: (results) =>
        bySeed(results, transformers.map(({ name }) => name), (...runs) => {
          const at = runs.map((run) => grokked(run) ?? Infinity);
          const ordered = ([a, b, c]: number[]) =>
            allSo([rises([a!, b!]), rises([b!, c!])]);
          const both = [ordered(at.slice(0, 3)), ordered(at.slice(3))];
          const learnt = !runs.some((run) => run.memorised_at === null);
          return {
            so: !learnt ? null : allSo(both),
            why: operations.map((operation, i) =>
              `${spelt[operation]} ` +
              at.slice(3 * i, 3 * i + 3).map(stepText).join(", ")
            ).join("; "),
            steps: runs.map((run) => [run.arm, grokked(run)]),
          };
        }),
    },
    {
      id: "C7",
      statement: "⊥AdamW and ⊥SGD generalise within 500 steps of the MLP, " +
        "AdamW does not.",
      rule:
        "Within 500 steps the test accuracy of ⊥AdamW and of ⊥SGD reaches " +
        "95 %, that of AdamW stays below 10 %, though it memorises (else the " +
        `seed says nothing). ${BY_SEED}`,
      decide: (results) =>
        bySeed(results, mlps.map(({ name }) => name), (...runs) => {
          const [plain, ...perp] = runs.map(highest) as [
            number,
            number,
            number,
          ];
          return {
            so: runs[0]!.memorised_at === null
              ? null
              : perp.every((share) => share >= GENERALISES) && plain < 0.1,
            why: `⊥AdamW ${percent(perp[0]!)}, ⊥SGD ${percent(perp[1]!)}, ` +
              `AdamW ${percent(plain)}`,
          };
        }),
    },
  ],
};
