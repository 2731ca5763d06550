/**
 * Runs as text: tables for a terminal, CSV.
 *
 * @module
 */

import { cellOf } from "../../lib/formats/columns.ts";
import { csvLine } from "../../lib/formats/csv.ts";
import { maxOf } from "../../lib/base/extremes.ts";
import { percent, short, shown, table } from "../../lib/base/terminal.ts";
import type { RunComparison, RunDescription } from "../../lib/store/compare.ts";
import { SHOWN } from "../../lib/store/columns.ts";
import { calledText } from "../../lib/store/labels.ts";
import type { ListedRun } from "../../lib/store/list.ts";

/** The heads of columns that are called otherwise in a table. */
const HEADS: Readonly<Record<string, string>> = {
  memorised_at: "memorised",
  grokked_at: "grokked",
  test_accuracy: "test",
  started: "when",
};

// Letters of a day, as 2026-01-31.
const DAY = 10;
// The columns that a narrow terminal has in a line of their own, where all runs say
// the same: the first of them first.
const ASIDE = ["task", "model", "optimizer", "loss", "seed", "state"];

/**
 * A list as a table.
 *
 * @param runs The runs.
 * @param columns Which columns, if the user said so.
 * @param width How wide it should be: without columns that the user wants, what
 * is the same in all runs stands above a table that would be wider, and of times
 * the day, as far as that is needed.
 */
export function listText(
  runs: readonly ListedRun[],
  columns?: readonly string[],
  width = Infinity,
): string {
  if (columns === undefined) return narrowed(runs, width);
  const names = Object.keys(runs[0] ?? {});
  const rows = runs.map((run) => names.map((name) => plainCell(run[name])));
  return table([names, ...rows]).join("\n");
}

function narrowed(runs: readonly ListedRun[], width: number): string {
  let names = SHOWN;
  let rows = runs.map((run) => names.map((name) => cell(run, name)));
  const lines = () =>
    table([names.map((name) => HEADS[name] ?? name), ...rows]);
  const fits = () => maxOf(lines().map(({ length }) => length)) <= width;
  const same: string[] = [];
  for (const name of ASIDE) {
    if (fits()) break;
    const at = names.indexOf(name);
    const said = new Set(rows.map((row) => row[at]!));
    if (said.size !== 1) continue;
    same.push(`${name} ${shown([...said][0]!)}`);
    names = names.toSpliced(at, 1);
    rows = rows.map((row) => row.toSpliced(at, 1));
  }
  if (!fits()) {
    const at = names.indexOf("started");
    rows = rows.map((row) => row.with(at, row[at]!.slice(0, DAY)));
  }
  return [...same.length > 0 ? [`all: ${same.join(", ")}`] : [], ...lines()]
    .join("\n");
}

function cell(run: ListedRun, name: string): string {
  const value = run[name];
  switch (name) {
    case "name":
      return String(value ?? run["folder"]) || String(run["run"]);
    case "optimizer":
      return value === null
        ? "–"
        : `${run["perpGrad"] === true ? "⊥" : ""}${value}`;
    case "test_accuracy":
      return typeof value === "number" ? percent(value) : "–";
    case "started":
      return typeof value === "string" ? whenText(value) : "–";
  }
  return plainCell(value);
}

// UTC, as the names of folders have it.
const whenText = (time: string) => time.slice(0, 16).replace("T", " ");

/** A value in a table. */
export function plainCell(value: unknown): string {
  if (value === null || value === undefined) return "–";
  if (typeof value === "number") {
    return Number.isInteger(value) ? String(value) : numberText(value);
  }
  if (Array.isArray(value) && value.every((each) => typeof each !== "object")) {
    return value.join(",") || "–";
  }
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

// What somebody typed stays as it is; what was measured needs few digits.
const numberText = (value: number) =>
  String(value).length <= 7 ? String(value) : short(value);

/**
 * Runs as CSV, a header first; lists and objects as JSON, nothing as nothing.
 *
 * @param runs The runs.
 * @param columns What stands in the header where there are none.
 */
export function csvOf(
  runs: readonly ListedRun[],
  columns: readonly string[] = ["run", ...SHOWN],
): string {
  const names = runs[0] ? Object.keys(runs[0]) : columns;
  const lines = runs.map((run) =>
    csvLine(names.map((name) => cellOf(run[name])))
  );
  return `${csvLine(names)}${lines.join("")}`;
}

const indented = (lines: readonly string[]) => lines.map((line) => `  ${line}`);

/** A run, in words. */
export function descriptionText(of: RunDescription): string {
  const { run, state, problem, labels, changed, outcome, checkpoints } = of;
  const { name, tags, note } = labels;
  const pairs = (values: Readonly<Record<string, unknown>>) =>
    indented(table(
      Object.entries(values).map(([key, value]) => [key, plainCell(value)]),
    ));
  const config = Object.entries(changed).map((
    [key, { is, default: usual }],
  ) => [
    key,
    plainCell(is),
    `(default: ${plainCell(usual)})`,
  ]);
  const steps = checkpoints.length === 0
    ? "none"
    : checkpoints.length <= 8
    ? `of steps ${checkpoints.join(", ")}`
    : `${checkpoints.length}, of steps ${checkpoints[0]} to ` +
      `${checkpoints.at(-1)}`;
  return [
    calledText(name, run),
    `state: ${state}${problem === null ? "" : ` (${problem})`}`,
    ...(tags.length > 0 ? [`tags: ${tags.join(", ")}`] : []),
    ...(note === null ? [] : ["note:", ...indented(note.split("\n"))]),
    config.length === 0
      ? "config: the default"
      : "config, where it is not the default:",
    ...indented(table(config)),
    "outcome:",
    ...pairs(outcome),
    `checkpoints: ${steps}`,
    ...madeText(of),
  ].map(shown).join("\n");
}

function madeText({ manifest }: RunDescription): string[] {
  if (manifest === null) return [];
  const { groklab, started, command, device, git, replica, resumed } = manifest;
  const [program, ...words] = command;
  return [
    `started: ${whenText(started)} UTC` +
    (resumed === undefined ? "" : `, gone on with ${resumed.length} times`),
    `made with: groklab ${groklab}, ${device.provider}, ${device.os} ` +
    `${device.arch}, ${device.cores} cores` +
    (git === null
      ? ""
      : `, commit ${git.commit.slice(0, 12)}${
        git.dirty ? " and changes" : ""
      }`),
    `command: ${[program, ...words].join(" ")}` +
    (replica ? `, replica ${replica.index} of ${replica.of}` : ""),
  ];
}

/** In what runs differ, as a table. */
export function comparisonText(
  { runs, names, config, outcome }: RunComparison,
): string {
  // Names are one run's in a folder of runs; in others there may be the same.
  const heads = runs.map((run, i) => {
    const name = names[i] ?? null;
    const isOne = names.filter((other) => other === name).length === 1;
    return isOne ? name ?? run : calledText(name, run);
  });
  const rows = (values: Readonly<Record<string, readonly unknown[]>>) =>
    Object.entries(values).map(([key, each]) => [key, ...each.map(plainCell)]);
  const blank = runs.map(() => "");
  const part = (
    what: string,
    values: Readonly<Record<string, readonly unknown[]>>,
  ) =>
    Object.keys(values).length === 0
      ? [[`${what}: the same`, ...blank]]
      : [[`${what}:`, ...blank], ...rows(values)];
  return table([
    ["", ...heads],
    ...part("config", config),
    ...part("outcome", outcome),
  ]).join("\n");
}
