/**
 * Constructed runs, on which every rule must be able to say everything.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import type {
  Decision,
  Json,
  Results,
  RunRecord,
  Scale,
} from "../../lib/figures/figure.ts";
import { figures } from "../../lib/figures/mod.ts";
import { columnsOf } from "../../lib/figures/record.ts";
import { jobsOf } from "../../lib/reproduce/layout.ts";
import { resultsOf } from "../../lib/reproduce/outcome.ts";
import { measures } from "./_measures.ts";

/** A column of a run: numbers over its steps, the same for each seed or not. */
export type Curve = (step: number, seed: number) => number;

/** The columns of an arm, and what was measured of it. */
export interface Constructed {
  readonly columns?: Readonly<Record<string, Curve>>;
  readonly measures?: Readonly<Record<string, Json>>;
  /** The step whose loss was not finite. */
  readonly diverged_at?: number;
}

/** Arms of a figure by name; those left out have columns of zeros. */
export type Arms = Readonly<Record<string, Constructed>>;

/** A column that is `high` from a step on, 0 before. */
export function from(step: number, high = 1): Curve {
  return (at) => at >= step ? high : 0;
}

/** A column that is the same throughout. */
export function always(value: number): Curve {
  return () => value;
}

/** Finished runs of a figure with constructed columns. */
export function constructed(
  name: string,
  arms: Arms,
  seeds = 3,
  scale: Scale = "full",
): Results {
  const figure = figures[name]!;
  for (const arm of Object.keys(arms)) {
    assert(figure.arms.some(({ name }) => name === arm), `${name} has ${arm}`);
  }
  const records = jobsOf(name, figure, scale, seeds, "").map(
    ({ arm, config }): RunRecord => {
      const { columns = {}, measures: own, diverged_at = null } = arms[arm] ??
        {};
      const { steps, evalEvery, seed } = config;
      const step = Array.from(
        { length: Math.floor(steps / evalEvery) + 1 },
        (_, i) => i * evalEvery,
      );
      const values = Object.fromEntries(
        columnsOf(figure, arm).map((name) => [
          name,
          step.map((at) => columns[name]?.(at, seed) ?? 0),
        ]),
      );
      const reached = (name: string) => {
        const i = values[name]?.findIndex((x) => x >= 0.99) ?? -1;
        return i < 0 ? null : step[i]!;
      };
      return {
        arm,
        seed,
        steps,
        memorised_at: reached("train_accuracy"),
        grokked_at: reached("test_accuracy"),
        diverged_at,
        ms_per_step: 1,
        made: null,
        config,
        columns: { step, ...values },
        measures: { ...measures[name], ...own },
      };
    },
  );
  return resultsOf(scale, seeds, records);
}

/** What a claim's rule says of constructed runs. */
export interface Cases {
  /** Runs of which the claim holds. */
  readonly holds: Arms;
  /** Runs of which it fails; each list entry by itself. */
  readonly fails: readonly Arms[];
  /** Runs that say nothing, where the rule knows such. */
  readonly neither?: readonly Arms[];
}

/**
 * Tests that each claim of a figure can hold and can fail, and that two seeds do
 * not decide it.
 *
 * @param name The figure.
 * @param cases For each claim, by its id, in the figure's order.
 */
export function testClaims(
  name: string,
  cases: Readonly<Record<string, Cases>>,
): void {
  const { claims } = figures[name]!;
  Deno.test(`${name}: there are cases for every claim`, () => {
    assertEquals(Object.keys(cases), claims.map(({ id }) => id));
  });
  for (const claim of claims) {
    const { holds, fails, neither = [] } = cases[claim.id]!;
    const verdict = (arms: Arms, seeds?: number, scale?: Scale) =>
      claim.decide(constructed(name, arms, seeds, scale));
    const assertVerdict = (decision: Decision, wanted: string) =>
      assertEquals(decision.verdict, wanted, decision.why);
    Deno.test(`${name}: ${claim.id} holds, fails and waits for seeds`, () => {
      assertVerdict(verdict(holds), "holds");
      for (const arms of fails) assertVerdict(verdict(arms), "fails");
      for (const arms of neither) assertVerdict(verdict(arms), "inconclusive");
      assertVerdict(verdict(holds, 2), "inconclusive");
      assertVerdict(verdict({}, 0), "inconclusive");
      // What a quick form says is marked, and takes one seed.
      assertEquals(
        claim.decide(constructed(name, {}, 0, "quick")).verdict,
        "inconclusive",
      );
    });
  }
}
