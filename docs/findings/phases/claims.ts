/**
 * The claims on the phase diagram and their rules, as they stood before it was
 * trained.
 *
 * @module
 */

import { minOf } from "../../../lib/base/extremes.ts";
import type { Outcome } from "./outcomes.ts";
import {
  bySeed,
  byShare,
  type Compared,
  ENOUGH,
  most,
  type Panel,
  type Panels,
} from "./panels.ts";

/** Cells of a panel: 8 shares × 10 rates. */
export const CELLS = 80;

/** What a claim comes to; "open" where runs are missing. */
export type Verdict = "holds" | "fails" | "inconclusive" | "open";

/** A claim, judged. */
export interface Claim {
  readonly text: string;
  readonly verdict: Verdict;
  readonly found: string;
}

const collapsed = (run: Outcome) => run.collapsed;
const generalises = (run: Outcome) => run.end >= 0.5;
const generalised = (run: Outcome) => run.best >= 0.5;
const groks = (run: Outcome) => run.best >= 0.99;

/** That there is more: in 8 cells or more, and in a quarter as many less at most. */
export function moreOf({ cells, more, less }: Compared): Verdict {
  if (cells < CELLS) return "open";
  if (more >= ENOUGH && less <= more / 4) return "holds";
  return more < 2 || less >= more ? "fails" : "inconclusive";
}

/**
 * That there is no difference: in fewer than 8 cells; 16 refute it. (Where a coin
 * decides, 7 of 8 seeds go one way or the other in 7 % of the cells.)
 */
export function sameAs({ cells, more, less }: Compared): Verdict {
  if (cells < CELLS) return "open";
  const differ = more + less;
  if (differ < ENOUGH) return "holds";
  return differ < 2 * ENOUGH ? "inconclusive" : "fails";
}

/** All of several: fails if one does. */
function all(verdicts: readonly Verdict[]): Verdict {
  const order = ["open", "fails", "inconclusive"] as const;
  return order.find((verdict) => verdicts.includes(verdict)) ?? "holds";
}

/** The least share at which most runs end with half of the test pairs, at some rate. */
export function border(panel: Panel): number | null {
  const shares = [...panel.values()].filter((runs) => most(runs, generalises))
    .map(([run]) => run!.share);
  return shares.length === 0 ? null : minOf(shares);
}

const said = (name: string, { cells, more, less }: Compared) =>
  `${name}: more in ${more}, less in ${less} of ${cells} cells`;

function pairs(
  text: string,
  rule: (compared: Compared) => Verdict,
  compared: Readonly<Record<string, Compared>>,
): Claim {
  return {
    text,
    verdict: all(Object.values(compared).map(rule)),
    found: Object.entries(compared).map(([name, of]) => said(name, of))
      .join("; "),
  };
}

function shareBorder(
  text: string,
  panels: readonly (readonly [Panel, Panel])[],
): Claim {
  const borders = panels.map((pair) => pair.map(border));
  const verdicts = panels.map((pair, index): Verdict => {
    if (pair.some((panel) => panel.size < CELLS)) return "open";
    const [plain, other] = borders[index]!;
    if (other === null || other === undefined) return "fails";
    // One whose border lies beyond the shares that were tried lies beyond 0.95.
    const by = (plain ?? 1.05) - other;
    return by > 0.15 ? "holds" : by > 0.05 ? "inconclusive" : "fails";
  });
  return {
    text,
    verdict: all(verdicts),
    found: borders.map(([plain, other]) => `${plain} and ${other}`).join("; "),
  };
}

/** That share is a border of its own: where nothing collapsed and all memorised. */
function lowShares(panel: Panel): Claim {
  const low = [...panel.values()].filter(([run]) => run!.share <= 0.55);
  const clean = low.filter((runs) =>
    most(runs, (run) => run.memorised && !run.collapsed)
  );
  const none = clean.filter((runs) => runs.filter(generalised).length <= 1);
  const verdict = panel.size < CELLS
    ? "open"
    : clean.length < 20
    ? "inconclusive"
    : none.length === clean.length
    ? "holds"
    : "fails";
  return {
    text: "P6 Precision is not the whole border: with 55 % of the pairs or " +
      "less plain softmax in float64 memorises, does not collapse, and does " +
      "not generalise either.",
    verdict,
    found: `${low.length} cells, most memorised and not collapsed in ` +
      `${clean.length}, at most one of them generalised in ${none.length}`,
  };
}

/** All claims, judged by these panels. */
export function claims(panels: Panels): Claim[] {
  const of = (name: string): Panel => panels.get(name) ?? new Map();
  const [s16, s32, s64] = ["float16", "float32", "float64"]
    .map((name) => of(`softmax ${name}`)) as [Panel, Panel, Panel];
  const [p16, p32, p64] = ["float16", "float32", "float64"]
    .map((name) => of(`softmax, ⊥Grad ${name}`)) as [Panel, Panel, Panel];
  const [m32, m64] = [of("StableMax float32"), of("StableMax float64")];
  const end = (run: Outcome) => run.end;
  const best = (run: Outcome) => run.best;
  return [
    pairs("P1 Precision moves the border of collapse.", moreOf, {
      "float16 to float32": byShare(s16, s32, collapsed),
      "float32 to float64": byShare(s32, s64, collapsed),
    }),
    pairs("P2 More precision ends with more test accuracy.", moreOf, {
      "float32 to float16": bySeed(s32, s16, end),
      "float64 to float32": bySeed(s64, s32, end),
    }),
    pairs("P3 More precision reaches more test accuracy.", moreOf, {
      "float32 to float16": bySeed(s32, s16, best),
      "float64 to float32": bySeed(s64, s32, best),
    }),
    pairs("P4 StableMax generalises where softmax does not.", moreOf, {
      float32: byShare(m32, s32, generalises),
      float64: byShare(m64, s64, generalises),
    }),
    pairs("P5 The precision of StableMax does not matter.", sameAs, {
      "float64 to float32": bySeed(m64, m32, end),
    }),
    lowShares(s64),
    shareBorder(
      "P7 ⊥Grad generalises with 20 % of the pairs less than plain softmax, " +
        "in each precision.",
      [[s16, p16], [s32, p32], [s64, p64]],
    ),
    pairs("P8 ⊥Grad groks where plain softmax does not.", moreOf, {
      float16: byShare(p16, s16, groks),
      float32: byShare(p32, s32, groks),
      float64: byShare(p64, s64, groks),
    }),
    pairs("P9 Under ⊥Grad precision does not matter.", sameAs, {
      "float32 to float16": bySeed(p32, p16, end),
      "float64 to float32": bySeed(p64, p32, end),
    }),
  ];
}
