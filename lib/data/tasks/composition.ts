/**
 * Two-hop composition over a synthetic knowledge graph.
 *
 * @module
 */

import { UsageError } from "../../base/errors.ts";
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
import { type RandomKey, sample } from "../../numeric/random.ts";

/** The size of a composition task. */
export interface CompositionOptions extends KnowledgeOptions {
  /** How many relations. */
  readonly relations: number;
  /** How many relations lead out of each entity. */
  readonly outDegree: number;
}

const COMPOSITION: Checks<CompositionOptions> = {
  entities: whole(1),
  relations: whole(1),
  outDegree: whole(1),
  inferredRatio: number,
  oodFraction: number,
};

// What fits into memory.
const MOST_WALKS = 10_000_000;

interface Edge {
  readonly head: number;
  readonly relation: number;
  readonly tail: number;
  readonly ood: boolean;
}

/**
 * Why there can be no such task, whatever the graph; one line naming the flag,
 * or undefined.
 */
export function compositionProblem(
  options: CompositionOptions,
): string | undefined {
  const { entities, relations, outDegree, oodFraction } = options;
  if (outDegree > relations) {
    return `--out-degree must be at most --relations ${relations}, ` +
      `got ${outDegree}`;
  }
  const atomic = entities * outDegree;
  if (atomic * outDegree > MOST_WALKS) {
    return `--out-degree must make at most ${MOST_WALKS} inferred facts of ` +
      `${entities} entities, got ${outDegree}: ${atomic * outDegree}`;
  }
  const ood = oodCount(atomic, oodFraction);
  if (ood === 0 || ood === atomic) {
    return "--ood-fraction must leave atomic facts in and out of distribution, " +
      `of ${atomic} in all, got ${oodFraction}`;
  }
  // At most as many walks begin with an edge as edges lead on.
  return Math.round(options.inferredRatio * (atomic - ood)) <
      (atomic - ood) * outDegree
    ? undefined
    : tooFewInferred(
      (atomic - ood) * outDegree,
      atomic - ood,
      options.inferredRatio,
    );
}

/**
 * Facts of a random graph and what follows from them. Atomic facts (h, r) → t
 * are the edges: `outDegree` different relations out of each entity, each to a
 * random one. Inferred facts (h, r₁, r₂) → t are its walks of two edges. A share
 * of the edges is out of distribution (OOD).
 *
 * Train: every atomic fact, and φ times as many inferred facts as there are
 * in-distribution (ID) edges, walks over ID edges alone. Test: other walks over
 * ID edges. `ood`: walks over OOD edges alone, of which training has combined
 * none. Walks over one of each are left out. Test sets have 3000 rows at most.
 *
 * Tokens: entities 0..E−1, relations E..E+R−1, and E+R, which fills up the rows
 * of atomic facts: [h, r₁, r₂] and [h, r, E+R]. A label is the last entity.
 *
 * Source: Wang et al. (arXiv 2405.15071), Sections 2 and 3, where E is 2000, R
 * 200, the out-degree 20, φ 3.6 to 18, and 5 % of the edges are OOD.
 *
 * @param options The sizes.
 * @param key Streams for the graph, its OOD edges, and which walks are in it.
 * @returns Rows of three tokens, E classes, in parts.
 * @throws {UsageError} if the graph has too few walks.
 */
export function composition(
  options: CompositionOptions,
  key: RandomKey,
): Dataset {
  checkKnowledge("composition()", options, COMPOSITION, compositionProblem);
  const { entities, relations, inferredRatio, oodFraction } = options;
  const edges = edgesOf(options, key);
  const atomic = edges.flat();
  const walks = walksOver(edges, entities);
  const inDistribution = atomic.filter(({ ood }) => !ood).length;
  const wanted = Math.round(inferredRatio * inDistribution);
  if (wanted >= walks.id.length) {
    throw new UsageError(
      tooFewInferred(walks.id.length, inDistribution, inferredRatio),
    );
  }
  if (walks.ood.length === 0) {
    throw new UsageError(
      "--ood-fraction must leave atomic facts out of distribution that follow " +
        `each other: of the ${atomic.length - inDistribution} in this graph ` +
        `no two do, got ${oodFraction}`,
    );
  }
  const draw = (rows: readonly number[][], most: number, purpose: string) =>
    sample(Math.min(most, rows.length), rows.length, key(purpose))
      .map((row) => rows[row]!);
  const known = draw(walks.id, wanted + MOST_TEST_FACTS, "data/inferred");
  const unknown = draw(walks.ood, MOST_TEST_FACTS, "data/ood-test");
  const pad = entities + relations;
  const edgeRows = atomic.map(({ head, relation, tail }) => [
    head,
    entities + relation,
    pad,
    tail,
  ]);
  return datasetOfFacts({
    train: [...edgeRows, ...known.slice(0, wanted)],
    test: known.slice(wanted),
    ood: unknown,
  }, entities);
}

// The walks of two edges of one kind, each its tokens and the last entity.
function walksOver(edges: readonly (readonly Edge[])[], entities: number) {
  const walks = { id: [] as number[][], ood: [] as number[][] };
  for (const { head, relation, tail, ood } of edges.flat()) {
    for (const next of edges[tail]!) {
      if (next.ood !== ood) continue;
      walks[ood ? "ood" : "id"].push([
        head,
        entities + relation,
        entities + next.relation,
        next.tail,
      ]);
    }
  }
  return walks;
}

// The edges that lead out of each entity.
function edgesOf(
  { entities, relations, outDegree, oodFraction }: CompositionOptions,
  key: RandomKey,
): Edge[][] {
  const total = entities * outDegree;
  const ood = new Set(
    sample(oodCount(total, oodFraction), total, key("data/ood")),
  );
  const stream = key("data/graph");
  return Array.from(
    { length: entities },
    (_, head) =>
      sample(outDegree, relations, stream).map((relation, i) => ({
        head,
        relation,
        tail: stream.integer(entities),
        ood: ood.has(head * outDegree + i),
      })),
  );
}

/** Composition's settings. */
export type CompositionSettings =
  & KnowledgeSettings
  & {
    readonly [key in "relations" | "outDegree"]: Setting<number>;
  };

/** The task of following two relations. */
export const compositionTask: TaskDefinition<CompositionSettings> = defineTask({
  summary: "where two relations lead from an entity",
  settings: {
    ...knowledgeSettings,
    relations: integer([1, 10_000], 20, "<n>", "composition: relations"),
    outDegree: integer(
      [1, 10_000],
      10,
      "<n>",
      "composition: relations that lead out of an entity",
    ),
  },
  check: compositionProblem,
  form: ({ entities, relations }) => ({
    input: {
      kind: "tokens",
      vocabulary: entities + relations + 1,
      length: FACT_LENGTH,
    },
    classes: entities,
  }),
  dataset: (config, key) => composition(only(config, COMPOSITION), key),
  describe: ({ entities, relations, inferredRatio }) =>
    `composition of ${relations} relations over ${entities} entities, ` +
    `φ ${inferredRatio}`,
});
