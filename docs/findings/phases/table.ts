/**
 * The tables of the phase diagram.
 *
 * @module
 */

import { maxOf } from "../../../lib/base/extremes.ts";
import { border } from "./claims.ts";
import type { Outcome } from "./outcomes.ts";
import type { Panel, Panels } from "./panels.ts";

/** What a run ended as, the first that is so, and its letter on the map. */
export const PHASES: readonly {
  readonly name: string;
  readonly letter: string;
  so(run: Outcome): boolean;
}[] = [
  {
    name: "groks",
    letter: "G",
    so: (run) => run.best >= 0.99 && run.end >= 0.5,
  },
  { name: "generalises", letter: "g", so: (run) => run.end >= 0.5 },
  { name: "lost it again", letter: "L", so: (run) => run.best >= 0.5 },
  { name: "collapsed", letter: "C", so: (run) => run.collapsed },
  { name: "memorised", letter: "M", so: (run) => run.memorised },
  { name: "never memorised", letter: "N", so: () => true },
];

/** The phase of most runs of a cell; of as many the one that stands first. */
export function phaseOf(runs: readonly Outcome[]): typeof PHASES[number] {
  const found = runs.map((run) => PHASES.find(({ so }) => so(run)));
  const counts = PHASES.map((phase) =>
    found.filter((other) => other === phase).length
  );
  return PHASES[counts.indexOf(maxOf(counts))]!;
}

/** Cells of each phase, and the border in the share of the pairs, by panel. */
export function table(panels: Panels): string {
  const head = ["panel", "cells", ...PHASES.map(({ name }) => name), "border"];
  const lines = [head, head.map(() => "---"), ...[...panels].map(row)];
  return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

function row([name, panel]: readonly [string, Panel]): string[] {
  const phases = [...panel.values()].map(phaseOf);
  return [
    name,
    String(panel.size),
    ...PHASES.map((phase) =>
      String(phases.filter((other) => other === phase).length)
    ),
    String(border(panel) ?? "–"),
  ];
}
