/**
 * The transformers of Figure 6: ⊥AdamW, AdamW with weight decay, and AdamW, by the
 * encoder of the published code, which is the figure's, and by Nanda's
 * transformer, a variant.
 *
 * @module
 */

import type { Panel } from "../charts/chart.ts";
import { THRESHOLD } from "../runs/result.ts";
import type { Arm, Decision, Results, Row, RunRecord } from "./figure.ts";
import {
  accuracyAt,
  curve,
  curves,
  firstAtLeast,
  measured,
  most,
  stepText,
} from "./readings.ts";
import { allSo, bySeed, rises } from "./rules.ts";
import {
  encoder,
  perpGrad,
  pytorchBetas,
  transformer,
} from "./paper/settings.ts";

const optimizers = [
  { name: "perp", label: "⊥AdamW", config: { ...perpGrad, ...pytorchBetas } },
  {
    name: "decay",
    label: "AdamW, weight decay 1.5",
    config: { weightDecay: 1.5 },
  },
  { name: "plain", label: "AdamW", config: {} },
] as const;

const STEPS = 5000;
const QUICK_STEPS = 1200;
const quick = { modulus: 59, trainFraction: 0.6, steps: QUICK_STEPS } as const;

/** A network on a task, by each of the optimizers. */
interface Group {
  /** What the arms' names begin with. */
  readonly name: string;
  /** What it is. */
  readonly label: string;
  /** Its arms, in the order of the optimizers. */
  readonly arms: readonly Arm[];
}

function group(
  name: string,
  label: string,
  config: Arm["config"],
  quick: Arm["quick"],
): Group {
  return {
    name,
    label,
    arms: optimizers.map((optimizer) => ({
      name: `${name}-${optimizer.name}`,
      label: `${optimizer.label}, ${label}`,
      config: {
        ...config,
        loss: "softmax",
        lossPrecision: "float32",
        lr: 1e-3,
        ...optimizer.config,
        steps: STEPS,
      },
      quick,
    })),
  };
}

/** The published encoder on addition. */
export const published: Group = group(
  "encoder",
  "encoder, addition",
  encoder,
  { ...quick, dModel: 64, dFf: 256 },
);

/** Nanda's transformer on addition and on subtraction. */
export const variants: readonly Group[] = [
  group(
    "add",
    "Nanda's transformer, addition",
    { ...transformer, task: "add" },
    quick,
  ),
  group(
    "subtract",
    "Nanda's transformer, subtraction",
    { ...transformer, task: "subtract" },
    quick,
  ),
];

const groups = [published, ...variants];

/** The arms of all of them. */
export const transformers: readonly Arm[] = groups.flatMap(({ arms }) => arms);

const grokked = (run: RunRecord) =>
  firstAtLeast(run, "test_accuracy", THRESHOLD);

// Read off the published plot, whose axis is 2.5 times too long.
const MARKS = [
  { x: 400, y: 0.88, colour: 0 },
  { x: 600, y: 0.99, colour: 0 },
  { x: 1000, y: 0.47, colour: 1 },
  { x: 1200, y: 0.93, colour: 1 },
] as const;

/** Test accuracy over the steps, a panel for each network and task. */
export function accuracyPanels(results: Results): Panel[] {
  const full = results.scale === "full";
  return groups.map(({ name, label, arms }) => ({
    title: name === published.name ? `a  ${label}` : `a, a variant  ${label}`,
    x: { label: "step", domain: [0, full ? STEPS : QUICK_STEPS] },
    y: { label: "test accuracy (%)", percent: true, domain: [0, 1] },
    series: optimizers.map(({ label }, colour) => ({
      name: label,
      colour,
      points: curve(results, arms[colour]!.name, "test_accuracy"),
    })),
    published: full && name === published.name ? MARKS : [],
  }));
}

/** The weights' norm against the loss on addition, a panel for each network. */
export function normPanels(results: Results): Panel[] {
  return [published, variants[0]!].map(({ name, label, arms }) => ({
    title: `c${name === published.name ? "" : ", a variant"}  ${label}`,
    x: { label: "‖θ‖₂" },
    y: { label: "train loss (nats)", scale: "log" },
    series: optimizers.flatMap(({ label }, colour) =>
      curves(results, arms[colour]!.name, "train_loss", "weight_norm", {
        name: label,
        colour,
      })
    ),
  }));
}

const READ = {
  perp: "≈ 600 (read off the plot)",
  decay: "1,400 or later (read off the plot)",
  plain: "never",
} as const;

/** The rows of a. */
export function accuracyRows(results: Results): Row[] {
  const [perp, decay] = published.arms;
  return [
    ...groups.flatMap(({ name, arms }) =>
      arms.map((arm, i) => ({
        what: `a ${arm.label}: step of 99 % test accuracy`,
        published: name === published.name ? READ[optimizers[i]!.name] : "–",
        measured: measured(results, arm.name, grokked, stepText),
      }))
    ),
    ...results.scale === "full"
      ? [
        ...accuracyAt(results, perp!.name, `a ${perp!.label}`, [
          [400, "88 % (read off the plot)"],
        ]),
        ...accuracyAt(results, decay!.name, `a ${decay!.label}`, [
          [1000, "47 % (read off the plot)"],
          [1200, "93 % (read off the plot)"],
        ]),
      ]
      : [],
  ];
}

/** The rows of c. */
export function normRows(results: Results): Row[] {
  return [published, variants[0]!].flatMap(({ name, arms }) =>
    arms.map((arm) => ({
      what: `c ${arm.label}: largest ‖θ‖₂`,
      published: name === published.name
        ? "a trade-off between norm and loss"
        : "–",
      measured: measured(
        results,
        arm.name,
        (run) => most(run, "weight_norm"),
        (x) => x.toPrecision(3),
      ),
    }))
  );
}

/** What a rule of their order says, before which tasks it is asked of. */
export const ORDER =
  "the first evaluation with 99 % test accuracy is strictly earlier with " +
  "⊥AdamW than with weight decay, and with that than with plain AdamW; never " +
  "is after every step, and two nevers beside each other, or a run that does " +
  "not memorise, say nothing.";

/** Whether each group's optimizers get to 99 % in their order. */
export function inOrder(
  results: Results,
  groups: readonly Group[],
): Decision {
  const arms = groups.flatMap(({ arms }) => arms);
  return bySeed(results, arms.map(({ name }) => name), (...runs) => {
    const ofGroup = <T>(all: readonly T[], i: number) =>
      all.slice(i * optimizers.length, (i + 1) * optimizers.length);
    const at = runs.map((run) => grokked(run) ?? Infinity);
    const ordered = ([a, b, c]: readonly number[]) =>
      allSo([rises([a!, b!]), rises([b!, c!])]);
    const learnt = !runs.some((run) => run.memorised_at === null);
    return {
      so: !learnt ? null : allSo(groups.map((_, i) => ordered(ofGroup(at, i)))),
      why: groups.map(({ label }, i) =>
        `${label.replace(/.*, /, "")} ` +
        ofGroup(at, i).map(stepText).join(", ")
      ).join("; "),
      steps: runs.map((run) => [run.arm, grokked(run)]),
    };
  });
}
