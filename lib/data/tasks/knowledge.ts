/**
 * What the tasks over a synthetic knowledge graph share.
 *
 * @module
 */

import {
  fraction,
  integer,
  positive,
  type Setting,
} from "../../settings/setting.ts";
import type { Examples } from "../dataset.ts";

/**
 * The most rows of a test set, as in the code of Wang et al. (arXiv
 * 2405.15071): others that might be tested are left out.
 */
export const MOST_TEST_FACTS = 3000;

/** The length of a fact's row: two tokens are filled up to three. */
export const FACT_LENGTH = 3;

/** Facts, each its tokens with the label behind them, as examples. */
export function rowsOfFacts(facts: readonly (readonly number[])[]): Examples {
  return {
    inputs: facts.map((fact) => fact.slice(0, FACT_LENGTH)),
    labels: facts.map((fact) => fact[FACT_LENGTH]!),
  };
}

/** How many of some facts or entities are out of distribution. */
export function oodCount(total: number, fraction: number): number {
  return Math.round(total * fraction);
}

/**
 * Why there are not enough inferred facts to train on and to test with.
 *
 * @param inferred How many in-distribution inferred facts there are.
 * @param atomic How many in-distribution atomic facts there are.
 * @param ratio The ratio that was asked for.
 */
export function tooFewInferred(
  inferred: number,
  atomic: number,
  ratio: number,
): string {
  return `--inferred-ratio must leave inferred facts to test with: there are ` +
    `${inferred} of ${atomic} in-distribution atomic facts, ` +
    `${(inferred / atomic).toPrecision(3)} for each, got ${ratio}`;
}

/** The settings of every task over a knowledge graph. */
export type KnowledgeSettings = {
  readonly [key in "entities" | "inferredRatio" | "oodFraction"]: Setting<
    number
  >;
};

/** The settings of every task over a knowledge graph. */
export const knowledgeSettings: KnowledgeSettings = {
  entities: integer([2, 10_000], 100, "<n>", "knowledge graph: entities"),
  inferredRatio: positive(
    7.2,
    "<φ>",
    "knowledge graph: inferred facts to train on for each atomic one",
  ),
  oodFraction: fraction(
    0.1,
    "<f>",
    "knowledge graph: share that is never combined in training",
  ),
};
