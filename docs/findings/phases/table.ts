/**
 * The tables of the phase diagram.
 *
 * @module
 */

import { maxOf } from "../../../lib/base/extremes.ts";
import { border } from "./claims.ts";
import type { Outcome } from "./outcomes.ts";
import type { Panel, Panels } from "./panels.ts";

/** What a run ended as, the first that is so. */
const PHASES: readonly (readonly [string, (run: Outcome) => boolean])[] = [
  ["groks", (run) => run.best >= 0.99 && run.end >= 0.5],
  ["generalises", (run) => run.end >= 0.5],
  ["lost it again", (run) => run.best >= 0.5],
  ["collapsed", (run) => run.collapsed],
  ["memorised", (run) => run.memorised],
  ["never memorised", () => true],
];

/** The phase of most runs of a cell; of as many the one that stands first. */
export function phaseOf(runs: readonly Outcome[]): string {
  const names = runs.map((run) => PHASES.find(([, so]) => so(run))![0]);
  const counts = PHASES.map(([name]) =>
    names.filter((other) => other === name).length
  );
  return PHASES[counts.indexOf(maxOf(counts))]![0];
}

/** Cells of each phase, and the border in the share of the pairs, by panel. */
export function table(panels: Panels): string {
  const head = ["panel", "cells", ...PHASES.map(([name]) => name), "border"];
  const lines = [head, head.map(() => "---"), ...[...panels].map(row)];
  return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

function row([name, panel]: readonly [string, Panel]): string[] {
  const phases = [...panel.values()].map(phaseOf);
  return [
    name,
    String(panel.size),
    ...PHASES.map(([phase]) =>
      String(phases.filter((other) => other === phase).length)
    ),
    String(border(panel) ?? "–"),
  ];
}
