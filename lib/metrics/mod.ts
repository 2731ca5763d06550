/**
 * Metrics: groups of them, one a file, and which an experiment has.
 *
 * @module
 */

import type * as tf from "../base/tfjs.ts";
import { UsageError } from "../base/errors.ts";
import { append } from "../base/extremes.ts";
import {
  checkArgument,
  checkOptions,
  experimentCheck,
} from "../base/options.ts";
import { SESSION, type SessionOptions } from "../onnx/runtime/options.ts";
import { attention } from "./attention.ts";
import { attentionLogits } from "./attention_logits.ts";
import { basic, type basicNames } from "./basic.ts";
import { crossEntropy } from "./cross_entropy.ts";
import { effectiveRank } from "./effective_rank.ts";
import type {
  GraphMetrics,
  Measurable,
  Measured,
  Meter,
  MetricGroup,
} from "./group.ts";
import { logits } from "./logits.ts";
import { margin } from "./margin.ts";
import { nlm } from "./nlm.ts";
import { tensors } from "./tensors.ts";
import { underflow } from "./underflow.ts";
import { updates } from "./updates.ts";

export type {
  Columns,
  GraphMetrics,
  HostMetrics,
  Measurable,
  Measured,
  Meter,
  MetricGroup,
  Named,
  OfRows,
  Rows,
} from "./group.ts";
export type { Initialised } from "../../models/buffers.ts";
export type { Sized } from "../../models/size.ts";
export { defineMetrics } from "./group.ts";
export { basicNames } from "./basic.ts";
export { effectiveRankOf } from "./effective_rank.ts";
export { collapseThreshold } from "./logits.ts";
export { homogeneousDegree } from "./margin.ts";

/** Every group of metrics by its name in a config, in the order of the rows. */
export const metricGroups = {
  basic,
  tensors,
  updates,
  underflow,
  logits,
  margin,
  nlm,
  attention,
  "attention-logits": attentionLogits,
  "cross-entropy": crossEntropy,
  "effective-rank": effectiveRank,
} satisfies Record<string, MetricGroup>;

/** The name of a group of metrics. */
export type MetricGroupName = keyof typeof metricGroups;

const groupNames = Object.keys(metricGroups) as MetricGroupName[];

/** Groups under one name: what the paper's figures show, and everything. */
export const metricSets = {
  paper: ["basic", "tensors", "updates", "underflow", "logits"],
  all: groupNames,
} satisfies Record<string, readonly MetricGroupName[]>;

/** What a config may name as its metrics. */
export type MetricChoice = MetricGroupName | keyof typeof metricSets;

const choices = () =>
  [...groupNames, ...Object.keys(metricSets)] as MetricChoice[];

const chosen = choices();

/** Every name that a config may have. */
export const metricChoices: readonly MetricChoice[] = chosen;

/** Adds groups behind those that there are; nobody else has their names. */
export function addMetricGroups(
  groups: Readonly<Record<string, MetricGroup>>,
): void {
  Object.assign(metricGroups, groups);
  append(groupNames, Object.keys(groups) as MetricGroupName[]);
  chosen.length = 0;
  append(chosen, choices());
}

/**
 * The groups that names stand for, the basic one always among them.
 *
 * @param names Groups, or sets of them.
 */
export function metricGroupsOf(
  names: readonly MetricChoice[],
): MetricGroupName[] {
  const chosen = new Set<MetricGroupName>(
    names.flatMap((name) =>
      name in metricSets ? metricSets[name as "all"] : [name as MetricGroupName]
    ),
  );
  return groupNames.filter((name) => name === "basic" || chosen.has(name));
}

/** The basic metrics; a regression has none of those of classes. */
export type MetricName = (typeof basicNames)[number];

/** Those that need classes. */
export type ClassMetricName =
  | "train_accuracy"
  | "test_accuracy"
  | "softmax_collapse";

/**
 * Metrics by name: the basic ones, and whatever else was asked for; none of the test
 * rows where a task has none.
 */
export type Metrics<T = number> =
  & {
    readonly [name in Exclude<MetricName, ClassMetricName | "test_loss">]: T;
  }
  & { readonly [name in ClassMetricName | "test_loss"]?: T }
  & { readonly [name: string]: T };

/** An experiment that says which metrics it has. */
export interface Metered extends Measurable {
  /** Precisions, the metrics, and the model's name. */
  readonly config: Measurable["config"] & {
    readonly metrics: readonly MetricChoice[];
    readonly model: string;
  };
}

/** Computes the metrics of one state, each a scalar []. */
export type GraphMeasure = (measured: Measured) => Metrics<tf.Tensor>;

const isGraph = (group: MetricGroup): group is GraphMetrics => "make" in group;

/**
 * Makes what computes an experiment's metrics of one state in its step's graph,
 * each a scalar [].
 *
 * @throws {UsageError} when called, if a group that the config names finds
 * nothing to measure.
 */
export function makeMeasure(experiment: Metered): GraphMeasure {
  const { metrics, model } = experiment.config;
  const parts = metricGroupsOf(metrics).flatMap((name) => {
    const group: MetricGroup = metricGroups[name];
    return isGraph(group) ? [{ name, compute: group.make(experiment) }] : [];
  });
  return (measured) => {
    const all: Record<string, tf.Tensor> = {};
    for (const { name, compute } of parts) {
      const own = compute(measured);
      if (Object.keys(own).length === 0 && metrics.includes(name)) {
        throw new UsageError(
          `--metrics ${name} has nothing to measure in --model ${model}` +
            (measured.train.classes === undefined
              ? ", whose task has no classes"
              : "") +
            ": leave it out",
        );
      }
      add(all, own, name);
    }
    return all as Metrics<tf.Tensor>;
  };
}

// Of two metrics under one name one would be lost.
function add<T>(
  all: Record<string, T>,
  own: Readonly<Record<string, T>>,
  group: string,
): void {
  const twice = Object.keys(own).find((name) => Object.hasOwn(all, name));
  if (twice !== undefined) {
    throw new UsageError(
      `--metrics ${group} has a metric ${twice}, as another group has: give ` +
        "it a name of its own",
    );
  }
  Object.assign(all, own);
}

/**
 * Opens the meters of an experiment's metrics that are measured outside its
 * step; undefined where it has none.
 *
 * @param experiment Of it only the config, the model and the shapes matter.
 * @param options Runtime and threads.
 * @throws {TypeError} if it is no experiment as makeExperiment() gives it.
 * @throws {UsageError} if an option is unknown, or is not what it must be.
 */
export async function openMeter(
  experiment: Metered,
  options: SessionOptions = {},
): Promise<Meter | undefined> {
  checkArgument("openMeter()", "experiment", experiment, experimentCheck);
  checkOptions("openMeter()", options, SESSION);
  const meters: [group: string, meter: Meter][] = [];
  for (const name of metricGroupsOf(experiment.config.metrics)) {
    const group: MetricGroup = metricGroups[name];
    if (isGraph(group)) continue;
    meters.push([name, await group.open(experiment, options)]);
  }
  if (meters.length === 0) return undefined;
  return {
    async measure(state, inputs) {
      const all: Record<string, number> = {};
      for (const [group, meter] of meters) {
        add(all, await meter.measure(state, inputs), group);
      }
      return all;
    },
    async close() {
      for (const [, meter] of meters) await meter.close();
    },
  };
}
