/**
 * Comparison of attributes over a synthetic knowledge graph.
 *
 * @module
 */

import { integer, type Setting } from "../../settings/setting.ts";
import { type Checks, number, only, whole } from "../../base/options.ts";
import type { Dataset } from "../dataset.ts";
import { defineTask, type TaskDefinition } from "../definition.ts";
import {
  checkKnowledge,
  datasetOfFacts,
  FACT_LENGTH,
  type KnowledgeOptions,
  type KnowledgeSettings,
  knowledgeSettings,
  MOST_TEST_FACTS,
  oodCount,
  tooFewInferred,
} from "./knowledge.ts";
import { permutation, type RandomKey, sample } from "../../numeric/random.ts";

/** The size of a comparison task. */
export interface ComparisonOptions extends KnowledgeOptions {
  /** How many attributes each entity has. */
  readonly attributes: number;
  /** How many values an attribute may have: 0, 1, … */
  readonly attributeValues: number;
}

const COMPARISON: Checks<ComparisonOptions> = {
  entities: whole(1),
  attributes: whole(1),
  attributeValues: whole(1),
  inferredRatio: number,
  oodFraction: number,
};

/** What a comparison finds: the first value is smaller, equal, or larger. */
const OUTCOMES = 3;

/** How many classes there are: values, and three outcomes of each attribute. */
export function comparisonClasses(
  { attributeValues, attributes }: Pick<
    ComparisonOptions,
    "attributeValues" | "attributes"
  >,
): number {
  return attributeValues + OUTCOMES * attributes;
}

/**
 * How many of each kind there are, which is no matter of chance.
 *
 * @returns In- and out-of-distribution entities of an attribute,
 * in-distribution atomic facts, and pairs of entities to train on, of how many.
 */
function counts(
  { entities, attributes, inferredRatio, oodFraction }: ComparisonOptions,
) {
  const ood = oodCount(entities, oodFraction);
  const id = entities - ood;
  const atomic = id * attributes;
  return {
    id,
    ood,
    atomic,
    wanted: Math.round(inferredRatio * atomic / 2),
    pairs: pairsOf(id) * attributes,
  };
}

const pairsOf = (n: number) => n * (n - 1) / 2;

/** Why there is no such task, one line naming the flag; or undefined. */
export function comparisonProblem(
  options: ComparisonOptions,
): string | undefined {
  const { entities, oodFraction, inferredRatio } = options;
  const { id, ood, atomic, wanted, pairs } = counts(options);
  if (ood < 2 || id < 2) {
    return `--ood-fraction must leave at least two of the ${entities} entities ` +
      `in and two out of distribution, got ${oodFraction}: ${id} in, ${ood} out`;
  }
  return wanted < pairs
    ? undefined
    : tooFewInferred(2 * pairs, atomic, inferredRatio);
}

/**
 * Random values of entities' attributes, and which of two is larger. Atomic
 * facts (a, e) → v say the value of attribute a of entity e. Inferred facts
 * (a, e₁, e₂) → <, =, > compare two entities. Of each attribute a share of the
 * entities is out of distribution (OOD).
 *
 * Train: every atomic fact, and φ times as many inferred facts as there are
 * in-distribution (ID) atomic ones, over ID entities. Test: comparisons of other
 * pairs of ID entities. `ood`: comparisons of two OOD entities. A pair comes in
 * both orders and these stay in one part, so that none can be had by turning
 * another round. Test sets have 3000 rows at most.
 *
 * Tokens: entities 0..E−1, attributes E..E+A−1, and E+A, which fills up the rows
 * of atomic facts: [a, e₁, e₂] and [a, e, E+A]. Labels: values 0..V−1, then
 * three for each attribute, V+3a for <, V+3a+1 for =, V+3a+2 for >.
 *
 * Source: Wang et al. (arXiv 2405.15071), Section 4, where E is 1000, A 20, V
 * 20, φ 3.6 to 12.6, and 10 % of the entities are OOD.
 *
 * @param options The sizes.
 * @param key Streams for the values, the OOD entities, and the pairs.
 * @returns Rows of three tokens, V+3A classes, in parts.
 * @throws {UsageError} if there are too few entities or pairs.
 */
export function comparison(
  options: ComparisonOptions,
  key: RandomKey,
): Dataset {
  checkKnowledge("comparison()", options, COMPARISON, comparisonProblem);
  const { entities, attributes, attributeValues: values } = options;
  const { id, ood, wanted, pairs } = counts(options);
  const stream = key("data/graph");
  const value = Array.from(
    { length: attributes },
    () => Array.from({ length: entities }, () => stream.integer(values)),
  );
  const order = key("data/ood");
  const orders = value.map(() => permutation(entities, order));
  const atomic = value.flatMap((ofAttribute, a) =>
    ofAttribute.map((v, e) => [entities + a, e, entities + attributes, v])
  );
  const compare = (a: number, first: number, second: number) => [
    entities + a,
    first,
    second,
    values + OUTCOMES * a + 1 +
    Math.sign(value[a]![first]! - value[a]![second]!),
  ];
  // Both comparisons of each of some pairs, these numbered attribute by
  // attribute among `size` entities that stand from `from` on in the orders.
  const compared = (from: number, size: number, numbers: readonly number[]) =>
    numbers.flatMap((number) => {
      const a = Math.floor(number / pairsOf(size));
      const [i, j] = pairAt(number % pairsOf(size));
      const [first, second] = [orders[a]![from + i]!, orders[a]![from + j]!];
      return [compare(a, first, second), compare(a, second, first)];
    });
  const draw = (most: number, pairs: number, purpose: string) =>
    sample(Math.min(most, pairs), pairs, key(purpose));
  const known = draw(wanted + MOST_TEST_FACTS / 2, pairs, "data/inferred");
  const unknown = draw(
    MOST_TEST_FACTS / 2,
    pairsOf(ood) * attributes,
    "data/ood-test",
  );
  return datasetOfFacts({
    train: [...atomic, ...compared(0, id, known.slice(0, wanted))],
    test: compared(0, id, known.slice(wanted)),
    ood: compared(id, ood, unknown),
  }, comparisonClasses(options));
}

// The pairs i < j in the order 01, 02, 12, 03, 13, 23, …: before those of j
// there are j(j − 1)/2.
function pairAt(number: number): [i: number, j: number] {
  const j = Math.floor((1 + Math.sqrt(1 + 8 * number)) / 2);
  return [number - pairsOf(j), j];
}

/** Comparison's settings. */
export type ComparisonSettings =
  & KnowledgeSettings
  & {
    readonly [key in "attributes" | "attributeValues"]: Setting<number>;
  };

/** The task of comparing what is known of two entities. */
export const comparisonTask: TaskDefinition<ComparisonSettings> = defineTask({
  summary: "which of two entities has more of an attribute",
  settings: {
    ...knowledgeSettings,
    attributes: integer([1, 1000], 10, "<n>", "comparison: attributes"),
    attributeValues: integer(
      [2, 10_000],
      20,
      "<n>",
      "comparison: values that an attribute may have",
    ),
  },
  check: comparisonProblem,
  form: (config) => ({
    input: {
      kind: "tokens",
      vocabulary: config.entities + config.attributes + 1,
      length: FACT_LENGTH,
    },
    classes: comparisonClasses(config),
  }),
  dataset: (config, key) => comparison(only(config, COMPARISON), key),
  describe: ({ entities, attributes, inferredRatio }) =>
    `comparison of ${entities} entities by ${attributes} attributes, ` +
    `φ ${inferredRatio}`,
});
