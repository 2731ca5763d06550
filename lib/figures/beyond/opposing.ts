/**
 * Outliers with opposing signals: the two-layer linear network, and slingshots.
 *
 * @module
 */

import type { Chart } from "../../charts/chart.ts";
import type { Arm, Figure, Results, Row, RunRecord } from "../figure.ts";
import { mlp } from "../paper/settings.ts";
import { measured, measureOf } from "../readings.ts";
import { BY_SEED, bySeed } from "../rules.ts";
import {
  FROM,
  type Groups,
  groups,
  groupsIn,
  RATES,
  swings,
  toys,
} from "./opposing_toy.ts";
import type { RowSwings } from "./row_swings.ts";

const slingshot: Arm = {
  name: "slingshot",
  label: "slingshots, addition mod 41",
  config: {
    ...mlp,
    modulus: 41,
    hidden: [96, 96],
    trainFraction: 0.75,
    loss: "softmax",
    lossPrecision: "float32",
    eps: 1e-8,
    weightDecay: 0.1,
    lr: 0.01,
    steps: 3000,
    evalEvery: 5,
    checkpointEvery: 25,
  },
  quick: { steps: 1500 },
};

const swingsIn = (run: RunRecord) => measureOf<RowSwings | null>(run, "swings");

const two = (x: number) => Number.isFinite(x) ? x.toFixed(2) : "–";
const large = (x: number) =>
  Number.isFinite(x) ? Number(x.toPrecision(2)).toLocaleString("en-US") : "–";

function chart(results: Results): Chart {
  const first = results.of("eta0.45")[0];
  const losses = first ? groupsIn(first).losses : undefined;
  const line = (name: string, colour: number, ys: readonly number[] = []) => ({
    name,
    colour,
    points: ys.map((y, i) => ({ x: FROM + i, y })),
  });
  const rates = (of: (groups: Groups) => number | null) =>
    toys.flatMap(({ name, config }) =>
      results.of(name).filter(({ diverged_at }) => diverged_at === null)
        .map((run) => ({
          x: config.lr!,
          y: of(groupsIn(run)) ?? NaN,
        }))
    );
  const dots = (
    name: string,
    colour: number,
    of: Parameters<typeof rates>[0],
  ) => ({ name, colour, line: "none" as const, points: rates(of) });
  return {
    title: "Rows with opposing signals, below the edge and beyond it",
    subtitle: "Two-layer linear network, 4,000 rows, 2 % outliers; gradient " +
      "descent on half the squared error",
    panels: [
      {
        title: "η 0.45: mean losses of the two groups, and of all rows",
        x: { label: "step" },
        y: { label: "loss", scale: "log" },
        series: [
          line("G⁺", 0, losses?.rising),
          line("G⁻", 1, losses?.falling),
          line("all rows", 2, losses?.all),
        ],
      },
      {
        title: "Opposition and flips",
        x: { label: "η" },
        y: { label: "share of the updates (%)", percent: true, domain: [0, 1] },
        series: [
          dots("opposition", 0, ({ groups }) => groups.opposition),
          dots("flips", 1, ({ groups }) => groups.flips),
        ],
      },
      {
        title: "Leverage",
        x: { label: "η" },
        y: { label: "|ΔL| of a group over all rows'", scale: "log" },
        series: [
          dots("groups by δ", 0, ({ groups }) => groups.leverage),
          dots("random rows", 1, ({ control }) => control.leverage),
        ],
      },
    ],
  };
}

function rows(results: Results): Row[] {
  return [
    ...toys.flatMap(({ name, label }): Row[] => {
      const [opposition, flips, leverage] =
        RATES[name.slice(3) as keyof typeof RATES];
      const said = (
        of: (groups: Groups) => number | null,
        text: (x: number) => string,
      ) => measured(results, name, (run) => of(groupsIn(run)), text);
      return [
        {
          what: `${label}: opposition`,
          published: opposition,
          measured: said(({ groups }) => groups.opposition, two),
        },
        {
          what: `${label}: flips`,
          published: flips,
          measured: said(({ groups }) => groups.flips, two),
        },
        {
          what: `${label}: leverage of the groups; of random rows`,
          published: large(leverage),
          measured: `${said(({ groups }) => groups.leverage, large)}; ${
            said(({ control }) => control.leverage, large)
          }`,
        },
      ];
    }),
    {
      what: "first slingshot: share of the swings in 1 % of the train rows",
      published: "–",
      measured: measured(
        results,
        "slingshot",
        (run) => swingsIn(run)?.concentration ?? null,
        two,
      ),
    },
    {
      what: "ρ of a test row's swing and when it is learnt; shuffled",
      published: "–",
      measured: [
        (run: RunRecord) => swingsIn(run)?.rho ?? null,
        (run: RunRecord) => swingsIn(run)?.shuffled ?? null,
      ].map((of) => measured(results, "slingshot", of, two)).join("; "),
    },
  ];
}

/** From which ρ on swings go with learning late. */
const RHO = 0.2;

/** Outliers with opposing signals. */
export const opposing: Figure = {
  title: "Outliers with opposing signals",
  shows:
    "groups of rows whose losses turn against each other at every update " +
    "at the edge of stability, and which rows swing in slingshots",
  settings:
    "Rosenfeld and Risteski's two-layer linear network: y = 2β·x + |o|, " +
    "10 normal features, o = ±10 with probability 0.01 each; hidden width 20, " +
    "init 0.3/√fan_in, 4,000 rows, full batch, 1/(2n)·Σ(f − y)², float64; 20 " +
    "updates, then 200 that are followed, groups of 1 % of the rows by what the " +
    "first of these does to their losses. Slingshots: addition mod 41, 75 % of " +
    "the pairs, MLP 96–96, AdamW, ε 1e-8, weight decay 0.1, 3,000 steps; rows " +
    "are followed from a checkpoint before the first slingshot. Quick: 2,000 " +
    "rows; 1,500 steps.",
  published:
    "Outliers come in groups that oppose each other, and their losses " +
    "oscillate while the mean falls (arXiv 2311.04163). The table's numbers are " +
    "of a trial with other draws, groups by the outliers' sign, one seed.",
  arms: [...toys, slingshot],
  columns: ["train_loss", "test_loss"],
  measures: { groups, swings },
  quickSeeds: 3,
  chart,
  rows,
  claims: [
    {
      id: "C40",
      statement:
        "Beyond the edge, at η 0.45, the two groups turn against each " +
        "other at every update, thousands of times as far as the mean.",
      rule:
        "At η 0.45 opposition and flips of the groups are at least 0.99, and " +
        `their leverage at least 1,000. ${BY_SEED}`,
      decide: (results) =>
        bySeed(results, ["eta0.45"], (run) => {
          const { opposition, flips, leverage } = groupsIn(run!).groups;
          return {
            so: opposition >= 0.99 && flips >= 0.99 &&
              (leverage ?? Infinity) >= 1000,
            why:
              `opposition ${two(opposition)}, flips ${two(flips)}, leverage ` +
              large(leverage ?? Infinity),
          };
        }),
    },
    {
      id: "C41",
      statement:
        "Opposition alone is no sign of it: far below the edge groups " +
        "oppose each other for long, and hardly ever turn.",
      rule:
        "At η 0.02 opposition of the groups is at least 0.3 and flips are at " +
        `most 0.05. ${BY_SEED}`,
      decide: (results) =>
        bySeed(results, ["eta0.02"], (run) => {
          const { opposition, flips } = groupsIn(run!).groups;
          return {
            so: opposition >= 0.3 && flips <= 0.05,
            why: `opposition ${two(opposition)}, flips ${two(flips)}`,
          };
        }),
    },
    {
      id: "C42",
      statement: "Beyond the edge the groups, not any rows, carry the swing.",
      rule: "At η 0.45 the groups' leverage is at least 10 times that of two " +
        "groups of as many random rows, and the cosine of the groups' gradients " +
        `is at most −0.5. ${BY_SEED}`,
      decide: (results) =>
        bySeed(results, ["eta0.45"], (run) => {
          const { groups, control, gradients } = groupsIn(run!);
          const ratio = groups.group_change / control.group_change;
          return {
            so: ratio >= 10 && (gradients.cosine ?? 0) <= -0.5,
            why: `${large(ratio)} times that of random rows, cosine ` +
              two(gradients.cosine ?? NaN),
          };
        }),
    },
    {
      id: "C43",
      statement:
        "The test rows that swing most in the first slingshot are those " +
        "that generalise last.",
      rule:
        "A slingshot is a spike as in the figure slingshots. Over the test " +
        "rows, Spearman's ρ of a row's swing Σ|Δℓ| from a checkpoint before the " +
        "first slingshot to 50 updates behind its beginning, and the first " +
        "checkpoint from which on the row is right (never comes last), is at " +
        `least ${RHO}, and larger than that of shuffled swings. A run without a ` +
        "slingshot, or in which fewer than half of the test rows are learnt, " +
        `says nothing. ${BY_SEED}`,
      decide: (results) =>
        bySeed(results, ["slingshot"], (run) => {
          const found = swingsIn(run!);
          if (!found) return { so: null, why: "no slingshot" };
          const { spike, rho, shuffled, learnt, rows } = found;
          return {
            so: learnt < rows / 2 || rho === null
              ? null
              : rho >= RHO && rho > (shuffled ?? 0),
            why: `slingshot at step ${spike}, ρ ${two(rho ?? NaN)} ` +
              `(shuffled ${two(shuffled ?? NaN)}), ${learnt} of ${rows} learnt`,
          };
        }),
    },
  ],
};
