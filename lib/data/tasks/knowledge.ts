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
import { UsageError } from "../../base/errors.ts";
import { checkOptions, type Checks } from "../../base/options.ts";
import { type Dataset, datasetOfParts, type Examples } from "../dataset.ts";

/**
 * The most rows of a test set, as in the code of Wang et al. (arXiv
 * 2405.15071): others that might be tested are left out.
 */
export const MOST_TEST_FACTS = 3000;

/** The length of a fact's row: two tokens are filled up to three. */
export const FACT_LENGTH = 3;

/** The size of a task over a knowledge graph. */
export interface KnowledgeOptions {
  /** How many entities. */
  readonly entities: number;
  /** φ: inferred facts to train on for each in-distribution atomic fact. */
  readonly inferredRatio: number;
  /** Share of the entities or atomic facts that training never combines. */
  readonly oodFraction: number;
}

/**
 * Checks the size of a task over a knowledge graph: every option is needed.
 *
 * @param name The function that was called.
 * @param options The size.
 * @param checks What each option must be.
 * @param problemOf Why there is no task of a size; undefined where there is one.
 * @throws {UsageError} naming what is wrong.
 */
export function checkKnowledge<Options extends KnowledgeOptions>(
  name: string,
  options: Options,
  checks: Checks<Options>,
  problemOf: (options: Options) => string | undefined,
): void {
  const needed = Object.keys(checks) as (keyof Options & string)[];
  checkOptions(name, options, checks, needed);
  const problem = problemOf(options);
  if (problem !== undefined) throw new UsageError(problem);
}

// Facts, each its tokens with the label behind them.
type Facts = readonly (readonly number[])[];

/**
 * The dataset of facts to train on, to test, and out of distribution.
 *
 * @param facts Each its tokens with the label behind them.
 * @param classes How many labels there are.
 */
export function datasetOfFacts(
  { train, test, ood }: Readonly<Record<"train" | "test" | "ood", Facts>>,
  classes: number,
): Dataset {
  return datasetOfParts({
    train: rowsOfFacts(train),
    test: rowsOfFacts(test),
    extra: { ood: rowsOfFacts(ood) },
  }, classes);
}

function rowsOfFacts(facts: Facts): Examples {
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
