/**
 * Tasks that are learnt one after the other: which rows are trained on, and what
 * of the first task is replayed with the second.
 *
 * @module
 */

import * as v from "../base/valibot.ts";
import { append } from "../base/extremes.ts";
import type { RandomKey } from "../numeric/random.ts";
import { ifNamed, type Setting } from "../settings/setting.ts";
import type { Dataset, Examples, Split } from "./dataset.ts";
import { split, trainSize } from "./dataset.ts";
import type { Form } from "./definition.ts";
import { withLabelNoise } from "./label_noise.ts";

/** How tasks are learnt one after the other. Configs of one task have no such key. */
export type SequenceSettings = {
  /** Which of the tasks is trained, from 1; undefined for the first. */
  readonly currentTask: Setting<number | undefined>;
  /** Share of the first task's train rows that are replayed; undefined for none. */
  readonly replay: Setting<number | undefined>;
  /** Weight of the new task's loss beside that of the replayed rows. */
  readonly newLossWeight: Setting<number | undefined>;
};

/** What a config says of it. */
export type Sequence = {
  readonly [key in keyof SequenceSettings]?: number | undefined;
};

const number = (
  says: (x: number) => boolean,
  must: string,
  value: string,
  help: string,
): Setting<number | undefined> =>
  ifNamed<number>({
    schema: v.pipe(v.number("must be a number"), v.check(says, must)),
    preset: 0,
    value,
    kind: "number",
    help,
  });

/** How tasks are learnt one after the other; all of it may change on the way. */
export const sequenceSettings: SequenceSettings = {
  currentTask: number(
    (x) => x === 1 || x === 2,
    "must be 1 or 2",
    "<n>",
    "two tasks: which of them is trained, 1 or 2 (default: 1)",
  ),
  replay: number(
    (x) => x >= 0 && x <= 1,
    "must lie in [0, 1]",
    "<f>",
    "two tasks: share of the first one's train rows that is replayed with the " +
      "second (default: 0)",
  ),
  newLossWeight: number(
    (x) => x > 0 && x < 1,
    "must lie in (0, 1)",
    "<w>",
    "two tasks: weight of the second one's loss beside that of replayed rows " +
      "(default: every row counts the same)",
  ),
};

/** The keys that say how tasks are learnt one after the other. */
export const sequenceKeys = Object.keys(
  sequenceSettings,
) as (keyof SequenceSettings)[];

/**
 * Why a config's words on two tasks do not go together, in a line that begins with
 * a flag; undefined where they do.
 *
 * @param config Its keys.
 * @param form The task's.
 */
export function sequenceProblem(
  config: Sequence & { readonly task: string; readonly trainFraction: number },
  { total = 0, tasks = 1 }: Form,
): string | undefined {
  const flags = {
    currentTask: "--current-task",
    replay: "--replay",
    newLossWeight: "--new-loss-weight",
  };
  const said = sequenceKeys.find((key) => config[key] !== undefined);
  if (tasks === 1) {
    return said && `${flags[said]} must be left out with --task ` +
        `${config.task}, which has no second task, got ${config[said]}`;
  }
  const { currentTask = 1, replay = 0, newLossWeight } = config;
  if (replay > 0 && currentTask === 1) {
    return "--replay must come with --current-task 2 (in --to: " +
      `currentTask=2,replay=${replay}): while the first task is trained ` +
      `nothing is replayed, got ${replay}`;
  }
  if (newLossWeight !== undefined && replay === 0) {
    return "--new-loss-weight must come with a --replay above 0: without " +
      `replayed rows there is no other loss, got ${newLossWeight}`;
  }
  const rows = trainSize(config.trainFraction, total);
  if (replay > 0 && replayedRows(replay, rows) === 0) {
    return `--replay must be at least one of the first task's ${rows} train ` +
      `rows, ${(1 / rows).toPrecision(2)}, got ${replay}`;
  }
}

/**
 * How many of a task's train rows a share replays: round(share · n).
 *
 * @param share In [0, 1].
 * @param rows n.
 */
export function replayedRows(share: number, rows: number): number {
  return Math.round(share * rows);
}

/**
 * How many rows are trained on beside the new task's: m replayed ones each once, or
 * so many, round(n (1 − w) / w), that the new task's n rows are the share w of all.
 * Then the mean over all rows is w · L_new + (1 − w) · L_replay.
 *
 * @param m How many rows are replayed.
 * @param n The new task's train rows.
 * @param weight w, in (0, 1); undefined to take each once.
 */
export function repeatedRows(
  m: number,
  n: number,
  weight: number | undefined,
): number {
  if (m === 0 || weight === undefined) return m;
  return Math.max(Math.round(n * (1 - weight) / weight), 1);
}

/**
 * The parts of a dataset of two tasks, each of them divided at random by itself.
 * Trained on are the current task's train rows and, with the second task, the
 * first m of the first one's train rows, which come in random order: cyclically
 * repeated until there are {@link repeatedRows}. The test rows are the current
 * task's; `task1_train`, `task1_test`, `task2_train` and `task2_test` are
 * evaluated throughout.
 *
 * Source: experience replay as in De Lange et al. (arXiv 2205.13452), Section 5,
 * with a fixed memory; that loss weights are numbers of rows is ours.
 *
 * @param whole The rows of all tasks, one behind the other.
 * @param config How they are learnt.
 * @param key The random streams of the data.
 */
export function sequenceSplit(
  whole: Dataset,
  config: Sequence & {
    readonly trainFraction: number;
    readonly labelNoise: number;
  },
  key: RandomKey,
): Split {
  const { currentTask = 1, replay = 0, newLossWeight } = config;
  let begin = 0;
  const tasks = whole.taskSizes!.map((size, i) => {
    const rows = rowsIn(whole, begin, begin += size);
    const name = i === 0 ? "" : `/task${i + 1}`;
    const parts = split(rows, config.trainFraction, key(`split${name}`));
    const noise = key(`label-noise${name}`);
    return config.labelNoise === 0 ? parts : {
      ...parts,
      train: withLabelNoise(
        parts.train,
        config.labelNoise,
        whole.classes,
        noise,
      ),
    };
  });
  const current = tasks[currentTask - 1]!;
  const memory = currentTask === 1
    ? 0
    : replayedRows(replay, tasks[0]!.train.labels.length);
  const count = repeatedRows(
    memory,
    current.train.labels.length,
    newLossWeight,
  );
  return {
    train: followed(current.train, tasks[0]!.train, memory, count),
    test: current.test,
    extra: Object.fromEntries(
      tasks.flatMap(({ train, test }, i) => [
        [`task${i + 1}_train`, train],
        [`task${i + 1}_test`, test],
      ]),
    ),
  };
}

function rowsIn(
  { inputs, labels }: Examples,
  begin: number,
  end: number,
): Examples {
  return {
    inputs: inputs.slice(begin, end),
    labels: labels.slice(begin, end),
  };
}

// Rows, and behind them so many of the first m of others, over and over.
function followed(
  rows: Examples,
  others: Examples,
  m: number,
  count: number,
): Examples {
  if (count === 0) return rows;
  const [inputs, labels] = [[...rows.inputs], [...rows.labels]];
  const places = Array.from({ length: count }, (_, i) => i % m);
  append(inputs, places.map((i) => others.inputs[i]!));
  append(labels, places.map((i) => others.labels[i]!));
  return { inputs, labels };
}
