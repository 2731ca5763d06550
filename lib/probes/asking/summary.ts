/**
 * What probes found, in a few plain sentences.
 *
 * @module
 */

import { percent, short } from "../../base/terminal.ts";
import type { ProbeName, ProbeResults } from "../catalogue.ts";

/** More sentences than this nobody reads before the numbers. */
const MOST = 6;

type Found = Partial<ProbeResults>;
type Sentence = (found: Found) => string | undefined;

/**
 * Five or six sentences, the weightiest first; fewer where fewer probes answered.
 *
 * @param found Results by probe; of a run's probes, those of its last checkpoint.
 * @param skipped Why others have none.
 */
export function summaryOf(
  found: Found,
  skipped: Partial<Record<ProbeName, string>>,
): string[] {
  const said = SENTENCES.map((sentence) => sentence(found))
    .filter((sentence) => sentence !== undefined);
  const left = Object.keys(skipped);
  if (left.length === 0) return said.slice(0, MOST);
  return [
    ...said.slice(0, MOST - 1),
    `${left.length} ${
      left.length === 1 ? "probe is" : "probes are"
    } left out, ` +
    `${left.join(", ")}: why stands at the end.`,
  ];
}

const SENTENCES: readonly Sentence[] = [
  stages,
  scores,
  circuit,
  waves,
  margins,
  stability,
  naive,
  edge,
  scaling,
  collapse,
  parts,
  heads,
  path,
  weights,
];

function stages({ phases }: Found): string | undefined {
  if (!phases) return;
  const ends = Object.entries({
    memorisation: phases.memorisation,
    "circuit formation": phases.circuit_formation,
    "clean-up": phases.cleanup,
  }).map(([name, end]) =>
    `${name} ends ${end === null ? "nowhere" : `at step ${end.step}`}`
  );
  return `Of the phases of grokking ${ends.join(", ")}.`;
}

function scores(found: Found): string | undefined {
  const { progress, "logit-scaling": scaling } = found;
  const as = scaling?.rows.find(({ alpha }) => alpha === 1);
  const all = progress?.full ?? as;
  if (!all) return;
  const test = progress?.test
    ? `, ${percent(progress.test.accuracy)} of the test rows`
    : "";
  return `It answers ${percent(all.accuracy)} of all ` +
    `${progress ? "pairs" : "rows"} right${test}; the loss over all is ` +
    `${short(all.loss)}.`;
}

function circuit({ fourier }: Found): string | undefined {
  if (!fourier) return;
  const { key_frequencies: keys, order, agreement } = fourier;
  if (keys === null) {
    return "Its key frequencies are not known: what they are read from has no " +
      "name that is known (--map gives names, --map auto proposes them).";
  }
  const count = Math.floor(order / 2);
  if (keys.length === 0) return "No frequency is a key to it.";
  if (keys.length > count / 2) {
    return `It has no sparse structure: ${keys.length} of ${count} frequencies ` +
      "count as key ones.";
  }
  return `It computes with ${keys.length} of ${count} frequencies, ` +
    keys.join(", ") +
    (agreement === null
      ? "."
      : `; the rules for them agree to ${percent(agreement)}.`);
}

function waves({ progress }: Found): string | undefined {
  if (!progress?.restricted || !progress.key_frequencies?.length) return;
  const { restricted, full, excluded, train } = progress;
  return "With nothing but the waves of the key frequencies in its logits the " +
    `loss over all pairs is ${short(restricted.loss)} in place of ` +
    short(full.loss) +
    (excluded
      ? `; without them the train loss is ${
        short(excluded.loss)
      } in place of ` +
        `${short(train?.loss)}.`
      : ".");
}

function margins({ margin }: Found): string | undefined {
  if (!margin) return;
  const of = (what: string, { positive, at_quantiles }: typeof margin.train) =>
    `${
      percent(positive)
    } of the ${what} rows have a margin above 0, the least ` +
    short(at_quantiles[0]);
  return `${of("train", margin.train)}${
    margin.test ? `; ${of("test", margin.test)}` : ""
  }.`;
}

function stability(found: Found): string | undefined {
  const { "numerical-stability": stability } = found;
  const float32 = stability?.softmax.find((at) => at.precision === "float32");
  if (!stability || !float32) return;
  const { softmax_collapse, threshold } = float32;
  return `A float32 softmax loses ${
    percent(softmax_collapse)
  } of the train rows ` +
    "(Softmax Collapse): the largest logit lies " +
    `${short(stability.logit_gap)} above the second, and at ` +
    `${short(threshold)} a row is lost.`;
}

function naive({ nlm }: Found): string | undefined {
  const cos = nlm?.float64.cos;
  if (cos === null || cos === undefined) return;
  return `In float64 ${percent(cos ** 2)} of the gradient's square ` +
    `${cos > 0 ? "only scales the weights up" : "scales the weights down"} ` +
    `(cos(θ, −grad) is ${short(cos)}).`;
}

function edge(found: Found): string | undefined {
  const { "edge-of-stability": stability } = found;
  if (!stability) return;
  const { hessian, edge } = stability;
  return `The largest curvature of the loss is ${
    short(hessian.largest.value)
  }` +
    (edge.ratio === null
      ? "."
      : `, ${percent(edge.ratio)} of what the optimizer's steps bear.`);
}

function scaling(found: Found): string | undefined {
  const { "logit-scaling": scaling } = found;
  if (scaling?.exponent == null) return;
  const { exponent, homogeneous, depth } = scaling;
  return `Its logits grow like α^${
    exponent.toFixed(3)
  } when all weights grow ` +
    `by α${homogeneous ? `: it is homogeneous of degree ${depth}` : ""}.`;
}

function collapse(found: Found): string | undefined {
  const { "neural-collapse": collapse } = found;
  if (!collapse) return;
  return `The last hidden layer scatters within classes ${
    short(collapse.nc1)
  } ` +
    "times as much as between them (NC1, 0 where each class is one point).";
}

function parts({ ablation }: Found): string | undefined {
  if (!ablation) return;
  const [first, ...others] = ablation.ablations;
  const worst = others.reduce(
    (worst, one) => one.scores.all.loss > worst.scores.all.loss ? one : worst,
    first!,
  );
  return `What it needs most is ${worst.kind} ${worst.part}: without it the ` +
    `loss is ${short(worst.scores.all.loss)} in place of ` +
    `${short(ablation.whole.all.loss)}.`;
}

function heads({ attention }: Found): string | undefined {
  if (!attention) return;
  const even = attention.heads.map(({ layer, head, uniformity }) => ({
    name: `${layer}.${head}`,
    share: uniformity.at(-1) ?? 0,
  })).sort((a, b) => b.share - a.share);
  const [most, least] = [even[0]!, even.at(-1)!];
  return `At the last position head ${most.name} looks most evenly ` +
    `(${
      percent(most.share)
    } of the entropy there can be), head ${least.name} ` +
    `least (${percent(least.share)}).`;
}

function path({ trajectory }: Found): string | undefined {
  if (!trajectory) return;
  const [first, second] = trajectory.explained;
  return `Two directions hold ${percent(first + second)} of the way that the ` +
    `weights went; their length is ${
      short(trajectory.points.at(-1)!.weight_norm)
    } at its end.`;
}

function weights({ geometry }: Found): string | undefined {
  if (!geometry) return;
  const ranks = geometry.weights.flatMap(({ name, spectrum }) =>
    spectrum?.effective_rank == null ? [] : [{
      name,
      rank: spectrum.effective_rank,
      of: spectrum.singular_values.length,
    }]
  ).sort((a, b) => a.rank / a.of - b.rank / b.of);
  const least = ranks[0];
  return `All weights together have length ${short(geometry.weight_norm)}` +
    (least
      ? `; of lowest rank for its size is ${least.name}, effectively ` +
        `${short(least.rank)} of ${least.of}.`
      : ".");
}
