/**
 * The phase diagram itself.
 *
 * @module
 */

import { percent } from "../../../lib/base/terminal.ts";
import {
  cellMapSvg,
  type CellPanel,
  type MapCell,
} from "../../../lib/charts/cell_map.ts";
import type { Outcome } from "./outcomes.ts";
import type { Panel, Panels } from "./panels.ts";
import { phaseOf, PHASES } from "./table.ts";

/** All panels on a sheet: colours are test accuracies, letters are phases. */
export function phaseMap(panels: Panels): string {
  return cellMapSvg({
    title:
      "Addition mod 31 without regularisation, by share of the pairs and rate",
    description: "What most of eight runs ended as, in each cell.",
    colour: {
      label: "test accuracy after 3,000 steps, median of eight seeds",
      domain: [0, 1],
      show: (x) => percent(x, 0),
    },
    signs: [
      "What most runs are: " +
      PHASES.map(({ letter, name }) => `${letter} ${name}`).join(", "),
    ],
    panels: [...panels].filter(([, panel]) => panel.size > 0).map(panelOf),
  });
}

function panelOf([title, panel]: readonly [string, Panel]): CellPanel {
  const along = (of: (run: Outcome) => number) =>
    [...new Set([...panel.values()].map(([run]) => of(run!)))]
      .sort((a, b) => a - b);
  const shares = along(({ share }) => share), rates = along(({ lr }) => lr);
  return {
    title,
    x: { label: "share of the pairs", levels: shares.map(String) },
    y: { label: "rate", levels: rates.map(String) },
    cells: [...panel.values()].map((runs) =>
      cellOf(
        runs,
        shares.indexOf(runs[0]!.share),
        rates.indexOf(runs[0]!.lr),
      )
    ),
  };
}

function cellOf(runs: readonly Outcome[], x: number, y: number): MapCell {
  const { name, letter } = phaseOf(runs);
  const ends = runs.map(({ end }) => end).sort((a, b) => a - b);
  const value = (ends[(ends.length - 1) >> 1]! + ends[ends.length >> 1]!) / 2;
  return {
    x,
    y,
    value,
    text: letter,
    title: `${runs[0]!.share} at ${runs[0]!.lr}: ${name}, ${percent(value, 0)}`,
  };
}
