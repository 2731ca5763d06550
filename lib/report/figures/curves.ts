/**
 * Curves over training, out of metrics.jsonl: runs laid over each other, bands
 * over seeds.
 *
 * @module
 */

import type { Axis, Point, Published, Series } from "../../charts/chart.ts";
import { chartSvg } from "../../charts/chart_svg.ts";
import { lowerMedian, median, quantile } from "../../numeric/statistics.ts";
import { switchStep } from "../../probes/dynamics/stability_gap.ts";
import { type Group, reached } from "../runs.ts";
import type { ReportFigure, Table } from "./figure.ts";

/** A curve of a chart. */
interface Curve {
  /** The key of metrics.jsonl. */
  readonly key: string;
  /** What the legend calls it; nothing where it is alone in its chart. */
  readonly name?: string;
  readonly line?: Series["line"];
}

// The dashes of runs, where a chart has a single curve of each.
const LINES = ["solid", "dashed", "dotted"] as const;

interface Chart {
  readonly id: string;
  readonly title: string;
  readonly caption: string;
  readonly y: Axis;
  readonly curves: readonly Curve[];
  /** Mark when runs memorised and grokked, or began a second task. */
  readonly marks?: "grokked" | "switched";
}

const CHARTS: readonly Chart[] = [
  {
    id: "accuracy",
    title: "Accuracy",
    caption: "Share of the rows whose largest logit is the label's. Upright " +
      "lines: the first evaluation with 99 %, of the train rows (memorised) and " +
      "of the test rows (grokked); of several seeds the step by which half of " +
      "them had it.",
    y: { label: "accuracy (%)", domain: [0, 1], percent: true },
    curves: [
      { key: "test_accuracy", name: "test" },
      { key: "train_accuracy", name: "train", line: "dashed" },
    ],
    marks: "grokked",
  },
  {
    id: "tasks",
    title: "Two tasks",
    caption:
      "Accuracy on the first and the second task, whichever is trained, " +
      "of the rows to train on and of the others. Upright lines: the step from " +
      "which on the second task is trained; of several runs the median.",
    y: { label: "accuracy (%)", domain: [0, 1], percent: true },
    curves: [
      { key: "task1_test_accuracy", name: "task 1, test" },
      { key: "task1_train_accuracy", name: "task 1, train", line: "dashed" },
      { key: "task2_test_accuracy", name: "task 2, test" },
      { key: "task2_train_accuracy", name: "task 2, train", line: "dashed" },
    ],
    marks: "switched",
  },
  {
    id: "loss",
    title: "Loss",
    caption: "Mean of the loss that was trained on, of train and test rows.",
    y: { label: "loss", scale: "log" },
    curves: [
      { key: "test_loss", name: "test" },
      { key: "train_loss", name: "train", line: "dashed" },
    ],
  },
  {
    id: "collapse",
    title: "Softmax Collapse",
    caption:
      "Share of the train rows whose sum of exponentials is exactly 1 in " +
      "the loss's precision, and of those whose loss term is exactly 0. Where " +
      "the loss is no softmax, the first is what a softmax would have lost.",
    y: { label: "share of train rows (%)", domain: [0, 1], percent: true },
    curves: [
      { key: "softmax_collapse", name: "collapse" },
      { key: "zero_terms", name: "zero terms", line: "dotted" },
    ],
  },
  {
    id: "logit-scale",
    title: "Logit scale",
    caption: "Mean over the train rows of the largest absolute logit. Logits " +
      "that grow without end are what naïve loss minimisation comes to.",
    y: { label: "logit scale", scale: "log" },
    curves: [{ key: "logit_scale" }],
  },
  {
    id: "nlm",
    title: "Naïve loss minimisation",
    caption: "Cosine of the weights and the negative gradient: 1 where the " +
      "gradient only scales the weights up.",
    y: { label: "cos(w, −grad)", domain: [-1, 1] },
    curves: [{ key: "cos_weight_neg_gradient" }],
  },
  {
    id: "weight-norm",
    title: "Weight norm",
    caption: "L2 norm of all parameters.",
    y: { label: "‖θ‖₂" },
    curves: [{ key: "weight_norm" }],
  },
  {
    id: "gradient-norm",
    title: "Gradient norm",
    caption: "L2 norm of the gradient of the train loss.",
    y: { label: "‖∇L‖₂", scale: "log" },
    curves: [{ key: "gradient_norm" }],
  },
];

/**
 * Charts of all runs; those without a number of their first curve are left out: of
 * regressions accuracy and collapse.
 */
export function curveFigures(groups: readonly Group[]): ReportFigure[] {
  const runs = groups.flatMap(({ runs }) => runs);
  const has = (key: string) =>
    runs.some(({ rows }) => rows.some((row) => Number.isFinite(row[key])));
  return CHARTS.filter(({ curves: [first] }) => has(first!.key))
    .map((chart) => figureOf(chart, groups));
}

function figureOf(
  { id, title, caption, y, curves, marks }: Chart,
  groups: readonly Group[],
): ReportFigure {
  const alone = groups.length === 1;
  const series = groups.flatMap(({ label, runs }, g) =>
    curves.map(({ key, name, line = "solid" }, c): Series => ({
      name: [alone ? [] : label, name ?? []].flat().join(" · "),
      // Of one run the curves have colours, of several the runs; where each has
      // one curve, the runs have their dashes too.
      colour: alone ? c : g,
      line: curves.length === 1 ? LINES[g % LINES.length]! : line,
      points: thinned(bandOf(runs.map(({ rows }) => rows), key)),
    }))
  );
  const published = groups.flatMap((group, g) =>
    marksOf(group, marks, (c) => alone ? c : g)
  );
  const svg = chartSvg({
    title,
    panels: [{
      title: "",
      x: { label: "step", scale: "log" },
      y,
      series,
      published,
    }],
  });
  return {
    id,
    title,
    caption: groups.some(uneven)
      ? `${caption} Runs that ended earlier are in their band as far as they came.`
      : caption,
    svg,
    data: tableOf(groups, curves),
  };
}

// The upright lines of a group of runs.
function marksOf(
  { runs }: Group,
  marks: Chart["marks"],
  colour: (curve: number) => number,
): Published[] {
  const mark = (xs: readonly number[], c: number, name: string) => {
    const x = lowerMedian(xs);
    return x === 0 || x === Infinity ? [] : [{ x, colour: colour(c), name }];
  };
  if (marks === undefined) return [];
  if (marks === "switched") {
    const steps = runs.map(({ config }) => switchStep(config) ?? Infinity);
    return mark(steps, 2, "second task begins");
  }
  // Half of the runs are there: those that never are come last.
  return (["train", "test"] as const).flatMap((set) =>
    mark(
      runs.map((run) => reached(run, set) ?? Infinity),
      set === "test" ? 0 : 1,
      "memorised, grokked",
    )
  );
}

type Row = Readonly<Record<string, number | null>>;

/**
 * The median at each step that all runs evaluated which came that far, between the
 * least and the most, or the shares of the runs that are named.
 */
export function bandOf(
  runs: readonly (readonly Row[])[],
  key: string,
  [low, high]: readonly [number, number] = [0, 1],
): Point[] {
  const going = runs.filter((rows) => rows.length > 0).map((rows) => ({
    end: rows.at(-1)!.step!,
    at: new Map(rows.map((row) => [row.step!, row])),
  }));
  const steps = new Set(going.flatMap(({ at }) => [...at.keys()]));
  return [...steps].sort((a, b) => a - b).flatMap((step) => {
    const rows = going.filter(({ end }) => end >= step)
      .map(({ at }) => at.get(step));
    if (!rows.every((row) => row !== undefined)) return [];
    const values = rows.map((row) => row[key] ?? NaN).filter(Number.isFinite);
    if (values.length === 0) return [];
    const point = { x: step, y: median(values) };
    return runs.length === 1 ? [point] : [{
      ...point,
      low: quantile(values, low),
      high: quantile(values, high),
    }];
  });
}

// Whether some run of a band ended before the others.
const uneven = ({ runs }: Group) =>
  new Set(runs.map(({ rows }) => rows.at(-1)?.step)).size > 1;

// Columns of a chart in which more than two points are not seen apart.
const BINS = 300;

/**
 * On the logarithmic axis; of each column the lowest and the highest point. Step 0
 * has no place there, unless there is no other.
 */
export function thinned(points: readonly Point[]): Point[] {
  if (points.every(({ x }) => x <= 0)) return [...points];
  const last = Math.log(points.at(-1)?.x ?? 1);
  const bins = new Map<number, Point[]>();
  for (const point of points) {
    if (point.x <= 0) continue;
    const bin = Math.floor(BINS * Math.log(point.x) / Math.max(last, 1));
    bins.set(bin, [...bins.get(bin) ?? [], point]);
  }
  return [...bins.values()].flatMap((bin) => {
    const sorted = bin.toSorted((a, b) => a.y - b.y);
    const ends = [sorted[0]!, sorted.at(-1)!];
    return bin.filter((point) => ends.includes(point));
  });
}

function tableOf(groups: readonly Group[], curves: readonly Curve[]): Table {
  const keys = curves.map(({ key }) => key);
  return {
    columns: ["run", "seed", "step", ...keys],
    rows: groups.flatMap(({ runs }) =>
      runs.flatMap(({ name, config, rows }) =>
        (rows as readonly Row[])
          .filter((row) => keys.some((key) => row[key] !== undefined))
          .map((row) => [
            name,
            config.seed,
            row.step!,
            ...keys.map((key) => row[key] ?? null),
          ])
      )
    ),
  };
}
