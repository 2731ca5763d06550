/**
 * What is done about large logits in large models, beside what the paper does about
 * Softmax Collapse: z-loss and qk-norm, StableMax and ⊥Grad, without weight decay.
 *
 * @module
 */

import type { Chart, Panel } from "../../charts/chart.ts";
import type {
  Arm,
  Claim,
  Decision,
  Figure,
  Results,
  Row,
  RunRecord,
} from "../figure.ts";
import { linesOf, shareAxis } from "../panels.ts";
import { mlp, perpGrad, transformer } from "../paper/settings.ts";
import {
  firstAtLeast,
  GROKS,
  last,
  measured,
  most,
  percent,
  stepText,
  wholeText,
} from "../readings.ts";
import { allSo, BY_SEED, bySeed } from "../rules.ts";

const ACCURACY = "test_accuracy";

type Network = "mlp" | "transformer";
const NETWORKS: readonly Network[] = ["mlp", "transformer"];
const CALLED = { mlp: "MLP", transformer: "transformer" } as const;

const common = {
  modulus: 31,
  trainFraction: 0.65,
  lossPrecision: "float32",
  evalEvery: 25,
} as const;
const bases = {
  mlp: {
    ...mlp,
    ...common,
    hidden: [100],
    lr: 0.03,
    steps: 4000,
    metrics: ["cross-entropy"],
  },
  transformer: {
    ...transformer,
    ...common,
    dModel: 32,
    dMlp: 128,
    lr: 0.003,
    steps: 3000,
    metrics: ["cross-entropy", "attention-logits"],
  },
} as const;

const softmax = { loss: "softmax" } as const;
const choices = [
  { name: "none", label: "none", change: softmax },
  { name: "z-loss", label: "z-loss 1e-4", change: { ...softmax, zLoss: 1e-4 } },
  { name: "strong", label: "z-loss 1e-2", change: { ...softmax, zLoss: 1e-2 } },
  { name: "qk-norm", label: "qk-norm", change: { ...softmax, qkNorm: true } },
  { name: "stablemax", label: "StableMax", change: { loss: "stablemax" } },
  { name: "perp", label: "⊥Grad", change: { ...softmax, ...perpGrad } },
] as const;
type Remedy = (typeof choices)[number]["name"];

// A perceptron has no queries and keys; the strong z-loss is asked of it alone.
const has = (network: Network, remedy: Remedy) =>
  remedy !== (network === "mlp" ? "qk-norm" : "strong");

const armsOf = (network: Network) =>
  choices.filter(({ name }) => has(network, name)).map((
    { name, label, change },
  ): Arm => ({
    name: `${network}-${name}`,
    label,
    config: { ...bases[network], ...change },
    // Seconds become one: whether anything collapses is then still open.
    quick: { steps: 500 },
    ...(network === "transformer" && { columns: ["max_attention_logit"] }),
  }));
const arms = { mlp: armsOf("mlp"), transformer: armsOf("transformer") };

// Where the loss itself has lost a row: a softmax whose sum is 1, a StableMax of
// which the loss is 0. (The z-loss keeps a softmax's loss from being 0.)
const lostIn = ({ arm }: RunRecord) =>
  arm.endsWith("stablemax") ? "zero_terms" : "softmax_collapse";
const HALF = 0.5;
const collapsedAt = (run: RunRecord) => firstAtLeast(run, lostIn(run), HALF);
const grokked = (run: RunRecord) => firstAtLeast(run, ACCURACY, GROKS);

function chart(results: Results): Chart {
  return {
    title: "What keeps a network from Softmax Collapse, and what lets it grok",
    subtitle:
      "Addition mod 31, 65 % of the pairs, AdamW without weight decay; " +
      "medians, least and most of the seeds",
    panels: NETWORKS.flatMap((network) => [
      panelWith(
        results,
        network,
        ACCURACY,
        `${CALLED[network]}: generalising`,
        "test accuracy",
      ),
      panelWith(
        results,
        network,
        "softmax_collapse",
        `${CALLED[network]}: rows that a softmax of the logits has lost`,
        "softmax collapse",
      ),
    ]),
  };
}

// A remedy has the same colour for both networks.
function panelWith(
  results: Results,
  network: Network,
  name: string,
  title: string,
  label: string,
): Panel {
  const series = choices.flatMap((remedy, colour) =>
    linesOf(
      results,
      arms[network].filter((arm) => arm.name === `${network}-${remedy.name}`),
      name,
      colour,
    )
  );
  return { title, x: { label: "step" }, y: shareAxis(label), series };
}

function rows(results: Results): Row[] {
  return NETWORKS.flatMap((network) =>
    arms[network].map(({ name, label }) => ({
      what: `${CALLED[network]}, ${label}: most test accuracy; 95 % at step; ` +
        "half of the rows lost at step; lost at the end; largest |z| and log Z " +
        "at the end",
      published: "–",
      measured: [
        measured(results, name, (run) => most(run, ACCURACY), percent),
        measured(results, name, grokked, stepText),
        measured(results, name, collapsedAt, stepText),
        measured(results, name, (run) => last(run, lostIn(run)), percent),
        measured(results, name, (run) => last(run, "logit_scale"), wholeText),
        measured(results, name, (run) => last(run, "log_partition"), wholeText),
      ].join("; "),
    }))
  );
}

// Whether a remedy keeps from collapse, in each network where plain softmax collapses.
function prevents(
  remedy: Remedy,
  networks: readonly Network[],
): (results: Results) => Decision {
  const names = networks.flatMap((network) => [
    `${network}-none`,
    `${network}-${remedy}`,
  ]);
  return (results) =>
    bySeed(results, names, (...runs) => {
      const parts = networks.map((network, i) => {
        const [none, with_] = [runs[2 * i]!, runs[2 * i + 1]!].map(collapsedAt);
        return {
          so: none === null ? null : with_ === null,
          why: `${CALLED[network]} ${stepText(none!)} without, ` +
            `${stepText(with_!)} with`,
        };
      });
      return {
        so: allSo(parts.map(({ so }) => so)),
        why: parts.map(({ why }) => why).join(", "),
        steps: runs.map((run) => [run.arm, collapsedAt(run)]),
      };
    });
}

const PREVENTS =
  "At no evaluation is the sum of the softmax exactly 1 in half of the train rows " +
  "or more, ";
const BESIDE =
  "a seed says nothing where plain softmax is never there either. ";

const claims: Claim[] = [{
  id: "C52",
  statement: "A z-loss of 1e-4 prevents Softmax Collapse.",
  rule:
    `${PREVENTS}in the MLP and in the transformer; where plain softmax is ` +
    `not there, the network says nothing, and ${BESIDE}${BY_SEED}`,
  decide: prevents("z-loss", NETWORKS),
}, {
  id: "C53",
  statement:
    "Without weight decay ⊥Grad lets a network grok, and z-loss, qk-norm " +
    "and StableMax do not.",
  rule:
    "In the MLP and in the transformer the test accuracy is at 95 % at some " +
    "evaluation with ⊥Grad, and at none with z-loss (either weight), qk-norm, " +
    `StableMax or nothing. ${BY_SEED}`,
  decide: (results) => {
    const names = NETWORKS.flatMap((network) =>
      arms[network].map(({ name }) => name)
    );
    return bySeed(results, names, (...runs) => {
      const there = runs.filter((run) => grokked(run) !== null)
        .map(({ arm }) => arm);
      return {
        so: NETWORKS.every((network) => there.includes(`${network}-perp`)) &&
          there.every((arm) => arm.endsWith("-perp")),
        why: there.length === 0 ? "none groks" : `${there.join(", ")} grok`,
        steps: runs.map((run) => [run.arm, grokked(run)]),
      };
    });
  },
}, {
  id: "C54",
  statement: "qk-norm prevents Softmax Collapse.",
  rule: `${PREVENTS}in the transformer with qk-norm; ${BESIDE}${BY_SEED}`,
  decide: prevents("qk-norm", ["transformer"]),
}];

/** z-loss, qk-norm, StableMax, ⊥Grad and nothing. */
export const remedies: Figure = {
  title: "z-loss, qk-norm, StableMax and ⊥Grad",
  shows: "whether what keeps large models' logits in bounds prevents Softmax " +
    "Collapse, and lets a network grok without weight decay",
  settings:
    "Addition mod 31, 65 % of the pairs, float32, AdamW β 0.9 and 0.99, " +
    "ε 1e-25, no weight decay. MLP of one hidden layer of 100 without biases, lr " +
    "0.03, 4,000 steps (the setting of the phase diagram in findings.md); Nanda's " +
    "transformer with d_model 32, four heads and d_mlp 128, lr 0.003, 3,000 " +
    "steps. z-loss with w = 1e-4, in the MLP 1e-2 too; ⊥Grad tensor by tensor, " +
    "renormalised. Quick: 500 steps.",
  published:
    "Wortsman et al. (arXiv 2309.14322) repair the divergence of output " +
    "logits with z-loss and the growth of attention logits with qk-norm in " +
    "language models; Prieto et al. (arXiv 2501.04697) prevent Softmax Collapse " +
    "with StableMax and naïve loss minimisation with ⊥Grad. Nobody compares them.",
  arms: [...arms.mlp, ...arms.transformer],
  columns: [
    ACCURACY,
    "train_accuracy",
    "softmax_collapse",
    "zero_terms",
    "logit_scale",
    "log_partition",
  ],
  chart,
  rows,
  remarks: {
    full: [
      "Half of the rows lost: of a softmax the sum of exponentials is exactly 1 in " +
      "half of the train rows, of StableMax the loss is exactly 0 there. The panels " +
      "have the softmax of the logits in all of them.",
    ],
  },
  claims,
};
