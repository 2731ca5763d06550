/**
 * The two-layer linear network with opposing outliers: arms, and what is measured.
 *
 * @module
 */

import { probe } from "../../probes/asking/probe_checkpoint.ts";
import type { OpposingSignalsResult } from "../../probes/dynamics/opposing.ts";
import { checkpointPath } from "../../runs/layout.ts";
import type { Arm, Json, RunRecord } from "../figure.ts";
import { mlp } from "../paper/settings.ts";
import { measureOf } from "../readings.ts";
import { rowSwings } from "./row_swings.ts";

const toy = {
  ...mlp,
  task: "opposing-signals",
  signalFeatures: 10,
  outlierSize: 10,
  outlierShare: 0.01,
  trainRows: 4000,
  testRows: 1000,
  lossThreshold: null,
  hidden: [20],
  activation: "identity",
  init: "lecun-normal",
  initScale: 0.3,
  precision: "float64",
  loss: "squared-error",
  lossPrecision: "float64",
  optimizer: "sgd",
  momentum: 0,
  steps: 220,
  evalEvery: 10,
  checkpointEvery: 20,
} as const;

/** η, and what a trial with other draws had: opposition, flips, leverage. */
export const RATES = {
  "0.02": ["0.94", "0.01", 0.059 / 9.4e-3],
  "0.1": ["0.68", "0.03", 8.7e-4 / 4.9e-6],
  "0.4": ["0.94", "0.92", 8.3e-4 / 1.1e-10],
  "0.45": ["1.00", "1.00", 1.73 / 4.9e-5],
  "0.5": ["1.00", "1.00", 9.27 / 4.0e-3],
  "0.6": ["1.00", "1.00", 31.4 / 0.24],
} as const;

/** An arm for each. */
export const toys: Arm[] = Object.keys(RATES).map((rate) => ({
  name: `eta${rate}`,
  label: `η ${rate}`,
  config: { ...toy, lr: Number(rate) },
  quick: { trainRows: 2000 },
}));

/** The checkpoint from which updates are followed, to the end of the run. */
export const FROM = 20;
const UPDATES = 200;

// Curves of the first updates are enough to be seen.
const DRAWN = 30;

/** How the groups of a run move; null of one that has classes. */
export async function groups(run: string): Promise<Json> {
  if (await hasClasses(run)) return null;
  const { probes } = await probe(
    checkpointPath(run, FROM),
    ["opposing-signals"],
    { settings: { swingSteps: UPDATES } },
  );
  const { groups, control, total_change, losses, gradients } =
    probes["opposing-signals"]!;
  const drawn = (xs: readonly number[]) =>
    xs.slice(0, DRAWN).map((x) => Number(x.toPrecision(5)));
  return {
    groups: { ...groups },
    control: { ...control },
    total_change,
    gradients: { ...gradients },
    losses: {
      rising: drawn(losses.rising),
      falling: drawn(losses.falling),
      all: drawn(losses.all),
    },
  };
}

async function hasClasses(run: string): Promise<boolean> {
  const config = JSON.parse(await Deno.readTextFile(`${run}/config.json`));
  return config.task !== toy.task;
}

/** {@link rowSwings} of a run that has classes; else null. */
export const swings = async (run: string): Promise<Json> =>
  await hasClasses(run) ? await rowSwings(run) : null;

/** What {@link groups} gives. */
export type Groups = Pick<
  OpposingSignalsResult,
  "groups" | "control" | "gradients" | "losses" | "total_change"
>;
/** What was measured of a run. */
export const groupsIn = (run: RunRecord) => measureOf<Groups>(run, "groups");
