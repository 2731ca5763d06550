/** Replicas equal single runs, whatever they train. */

import { assert, assertEquals } from "@std/assert";
import type { ConfigInput } from "../../lib/config/config.ts";
import {
  type HostTensor,
  hostTensorOf,
  toNumbers,
} from "../../lib/numeric/tensor.ts";
import {
  type Experiment,
  makeExperiment,
} from "../../lib/experiment/experiment.ts";
import { onnxBand, onnxEngine } from "../../lib/engine/onnx/onnx_engine.ts";
import {
  replicaConfigs,
  type ReplicaOptions,
} from "../../lib/train/band/replicas.ts";
import { mapTree, type Tree } from "../../lib/base/tree.ts";
import { small } from "./_small.ts";

const CASES: Record<
  string,
  [config: ConfigInput, replicas: Omit<ReplicaOptions, "replicas">]
> = {
  "seeds": [small, {}],
  "several layers with biases": [
    { ...small, hidden: [12, 8], biases: true },
    {},
  ],
  "a shared split": [small, { shareSplit: true }],
  "learning rates and weight decays": [small, {
    lr: [0.01, 0.003, 0.02],
    weightDecay: [0, 0.1, 1],
  }],
  "sgd with warm-up and rates": [
    { ...small, optimizer: "sgd", momentum: 0.9, warmup: 10, lr: 0.1 },
    { lr: [0.1, 0.2, 0.05] },
  ],
  "softmax, global ⊥Grad": [
    { ...small, loss: "softmax", perpScope: "global" },
    {},
  ],
  "the transformer": [
    { modulus: 7, model: "transformer", dModel: 16, heads: 2, dMlp: 24 },
    {},
  ],
  "an encoder of 2 layers, StableMax attention": [
    {
      modulus: 5,
      model: "encoder",
      layers: 2,
      attention: "stablemax",
      dModel: 8,
      heads: 2,
      dFf: 8,
      lr: 1e-3,
    },
    {},
  ],
  "the MLP with an embedding, its output scaled": [
    { ...small, embedding: 5, outputScale: 2 },
    { lr: [0.01, 0.003, 0.02] },
  ],
  "parity": [{ task: "parity", bits: 12, samples: 200, hidden: [16] }, {}],
  "binary codes": [{ ...small, encoding: "binary" }, {}],
  // Of a random graph's facts there are more or less.
  "tests of other sizes": [
    { ...small, task: "composition", entities: 20, inferredRatio: 2 },
    {},
  ],
  "every metric": [{ ...small, metrics: ["all"] }, {}],
  "every metric of the transformer": [{
    modulus: 7,
    model: "transformer",
    dModel: 16,
    heads: 2,
    dMlp: 24,
    metrics: ["all"],
  }, {}],
};

// Metrics that are shares of rows or of entries, of which there are more.
const SHARES = /accuracy|collapse(\.blocks|$)|terms|^zero|absorbed|exponential/;

/** A hundred steps of a single run. */
async function hundred(experiment: Experiment) {
  const engine = await onnxEngine(experiment, { threads: 1 });
  const { evaluations, losses } = await engine.advance(100, 10);
  const state = await engine.state();
  await engine.close();
  return { evaluations, losses, state };
}

type Run = Awaited<ReturnType<typeof hundred>>;

const namesOf = ({ evaluations }: Run) => Object.keys(evaluations[0]!.metrics);

/** The same experiment, every initial weight moved by its last place. */
function nudged({ params, ...rest }: Experiment): Experiment {
  const up = { float32: 2 ** -23, float64: 2 ** -52 };
  return {
    ...rest,
    params: mapTree<HostTensor, HostTensor, Tree<HostTensor>>(
      params,
      ({ dtype, shape, data }) => {
        const values = toNumbers({ data });
        const by = up[dtype as keyof typeof up];
        // Up and down in turns: all of them up would be another scale, in which
        // nothing turns.
        return hostTensorOf(
          dtype,
          shape,
          values.map((x, i) => x * (i % 2 === 0 ? 1 + by : 1 - by)),
        );
      },
    ) as Tree<HostTensor>,
  };
}

/** The same experiment with further rows to evaluate on. */
function withMore({ split, ...rest }: Experiment): Experiment {
  const { inputs, labels } = split.test;
  const few = { inputs: inputs.slice(0, 9), labels: labels.slice(0, 9) };
  return { ...rest, split: { ...split, extra: { few } } };
}

/** By how much two runs differ, relative to the size of each quantity. */
function differences(a: Run, b: Run): Record<string, number> {
  const found: Record<string, number> = {};
  const compare = (of: string, x: ArrayLike<number>, y: ArrayLike<number>) => {
    assertEquals(x.length, y.length, of);
    let [difference, size] = [0, 0];
    for (let i = 0; i < x.length; i++) {
      if (Object.is(x[i], y[i])) continue; // where it is not defined
      difference = Math.max(difference, Math.abs(x[i]! - y[i]!));
      size = Math.max(size, Math.abs(y[i]!));
    }
    found[of] = difference === 0 ? 0 : difference / size;
  };
  compare("losses", a.losses, b.losses);
  for (const name of namesOf(b).filter((name) => !SHARES.test(name))) {
    const of = ({ evaluations }: Run) =>
      evaluations.map(({ metrics }) => metrics[name]!);
    compare(name, of(a), of(b));
  }
  for (const [path, tensor] of Object.entries(b.state)) {
    compare(path, toNumbers(a.state[path]!), toNumbers(tensor));
  }
  return found;
}

// Training multiplies rounding. So that what it makes of it is not taken for a
// difference, nor a difference for that, the measure is what becomes of a last
// place.
// Graphs that take long to make are compared in the precision in which more shows.
const LONG = /encoder|every metric of the transformer/;

for (const [what, [config, options]] of Object.entries(CASES)) {
  const precisions = ["float32", "float64"] as const;
  for (const precision of LONG.test(what) ? ["float64"] as const : precisions) {
    Deno.test(`replicas equal single runs: ${what}, ${precision}`, async () => {
      const configs = replicaConfigs(
        { ...config, precision, lossPrecision: precision },
        { replicas: 3, ...options },
      );
      const experiments = configs.map(makeExperiment).map(withMore);
      const engine = await onnxBand(experiments, { threads: 1 });
      const advances = await engine.advance(100, 10);
      const now = await engine.at(100);
      await engine.close();
      const ulp = precision === "float32" ? 2 ** -23 : 2 ** -52;
      for (const [r, experiment] of experiments.entries()) {
        const single = await hundred(experiment);
        const replica = { ...advances[r]!, state: now[r]!.state };
        const rounding = differences(await hundred(nudged(experiment)), single);
        for (const [of, x] of Object.entries(differences(replica, single))) {
          const most = 10 * Math.max(rounding[of]!, 10 * ulp);
          assert(x <= most, `${of} of replica ${r} is off by ${x} > ${most}`);
        }
        const rows = experiment.split.train.labels.length;
        single.evaluations.forEach(({ step, metrics }, i) => {
          const own = replica.evaluations[i]!;
          assertEquals(own.step, step);
          for (
            const name of namesOf(single).filter((name) => SHARES.test(name))
          ) {
            // Rounding may move a row over a threshold.
            const moved = Math.abs(own.metrics[name]! - metrics[name]!) * rows;
            assert(moved < 1.5, `${name} of replica ${r}: ${moved} rows`);
          }
        });
      }
    });
  }
}
