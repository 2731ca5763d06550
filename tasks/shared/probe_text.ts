/**
 * Probe results as text.
 *
 * @module
 */

import { short, shown, table } from "../../lib/base/terminal.ts";
import { flagOf } from "../../lib/config/config.ts";
import type { Contents } from "../../lib/probes/asking/contents.ts";
import type { ProbeReport } from "../../lib/probes/asking/messages.ts";
import type { RunReport } from "../../lib/probes/asking/probe_run.ts";
import {
  type AnyProbe,
  type ProbeName,
  probes,
} from "../../lib/probes/catalogue.ts";
import type { ProbeSeries } from "../../lib/probes/run_options.ts";

// What a terminal shows of a series.
const MOST_ROWS = 21;

/** What there is to ask. */
export function renderList(probes: readonly AnyProbe[]): string {
  return probes.map(({ name, describe, needs }) =>
    `${name}\n  ${describe}\n  needs ${needs}`
  ).join("\n");
}

/** The same as JSON. */
export function listed(probes: readonly AnyProbe[]): unknown[] {
  return probes.map((probe) => ({
    name: probe.name,
    of: probe.of,
    describe: probe.describe,
    needs: probe.needs,
    costly: probe.of === "checkpoint" && probe.costly !== undefined,
    flags: Object.keys(probe.settings ?? {}).map(flagOf),
  }));
}

/** What a file has. */
export function renderContents(contents: Contents): string {
  const { source, constants, unread, ...parts } = contents;
  const section = (title: string, lines: readonly string[]) =>
    lines.length > 0 ? ["", title, ...indented(lines)] : [];
  return [
    shown(source),
    ...Object.entries(parts).flatMap(([part, values]) => [
      "",
      part,
      ...indented(table(
        values.map(({ name, dtype, shape }) => [
          name,
          dtype,
          `[${shape.map((d) => d === "" ? "?" : d).join(", ")}]`,
        ]),
      )),
    ]),
    ...section(
      "floats that are no weights",
      table(constants.map(({ name, why }) => [name, why])),
    ),
    ...section("weights that cannot be read", unread),
  ].join("\n");
}

// A line has names out of files in it.
const indented = (lines: readonly string[]) =>
  lines.map((line) => `  ${shown(line)}`);

const resultLines = (results: ProbeReport["probes"]) =>
  Object.entries(results).flatMap(([name, result]) => [
    "",
    name,
    ...indented(probes[name as ProbeName].text(result)),
  ]);

const skippedLines = (skipped: ProbeReport["skipped"]) =>
  Object.entries(skipped).flatMap((
    [name, reason],
  ) => ["", shown(`${name}: left out. ${reason}`)]);

/** A report on a checkpoint for a terminal. */
export function renderReport(report: ProbeReport): string {
  const { source, step, notes, summary, probes, skipped } = report;
  return [
    `${shown(source)}${step === null ? "" : ` (step ${step})`}`,
    ...indented([...notes, ...summary]),
    ...resultLines(probes),
    ...skippedLines(skipped),
  ].join("\n");
}

/** A report on a run for a terminal. */
export function renderRun(report: RunReport): string {
  const { source, steps, notes, summary, series, gaps, probes, skipped } =
    report;
  return [
    `${shown(source)} (${steps.length} checkpoints, steps ${steps[0]}–${
      steps.at(-1)
    })`,
    ...indented([...notes, ...summary]),
    ...Object.entries(series).flatMap(([name, rows]) => [
      "",
      name,
      ...indented(seriesLines(name as ProbeName, rows)),
      ...indented(name in gaps ? [`none at ${gaps[name as ProbeName]}`] : []),
    ]),
    ...resultLines(probes),
    ...skippedLines(skipped),
  ].join("\n");
}

// The numbers that make curves as a table, evenly thinned; of a probe that has
// none, its last result.
function seriesLines(name: ProbeName, series: ProbeSeries<unknown>): string[] {
  const probe = probes[name];
  const last = series.at(-1)!;
  if (probe.of === "run" || !probe.curves) {
    return [`step ${last.step}:`, ...probe.text(last.result)];
  }
  const { curves } = probe;
  const columns = Object.keys(curves(last.result));
  const every = Math.ceil((series.length - 1) / (MOST_ROWS - 1)) || 1;
  const shown = series.filter((_, i) => (series.length - 1 - i) % every === 0);
  const rows = shown.map(({ step, result }) => {
    const values = curves(result);
    return [String(step), ...columns.map((column) => short(values[column]))];
  });
  return table([["step", ...columns], ...rows]);
}
