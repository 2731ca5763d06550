import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "node:path";
import {
  ConfigError,
  type ConfigInput,
  resolveConfig,
} from "../../lib/config/config.ts";
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
import { bandOf } from "../../lib/train/band/band.ts";
import {
  replicaConfigs,
  type ReplicaOptions,
  trainReplicas,
} from "../../lib/train/band/replicas.ts";
import { DivergedError, train } from "../../lib/train/train.ts";
import { readMetrics } from "../../lib/runs/read.ts";
import { UsageError } from "../../lib/base/errors.ts";
import { mapTree, type Tree } from "../../lib/base/tree.ts";
import { assertClose } from "../_golden.ts";

const small: ConfigInput = { modulus: 11, hidden: [16], trainFraction: 0.5 };

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
        const by = 1 + up[dtype as keyof typeof up];
        return hostTensorOf(dtype, shape, values.map((x) => x * by));
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

Deno.test("replicaConfigs() counts seeds up; each is a config of its own", () => {
  const configs = replicaConfigs({ seed: 5 }, { replicas: 3, lr: [1, 2, 3] });
  assertEquals(configs.map(({ seed }) => seed), [5, 6, 7]);
  assertEquals(configs.map(({ lr }) => lr), [1, 2, 3]);
  assertEquals(configs.map(({ dataSeed }) => dataSeed), [null, null, null]);
  configs.forEach((config) => assertEquals(resolveConfig(config), config));
  const shared = replicaConfigs({ seed: 5 }, { replicas: 2, shareSplit: true });
  const [a, b] = shared.map(makeExperiment);
  assertEquals(a!.split, b!.split);
  assertEquals(a!.split, makeExperiment(resolveConfig({ seed: 5 })).split);
});

const REFUSED: [ReplicaOptions, ConfigInput, string][] = [
  [{ replicas: 0 }, {}, "--replicas must be an integer in 1..4096, got 0"],
  [{ replicas: 1.5 }, {}, "got 1.5"],
  [{ replicas: 5000 }, {}, "got 5000"],
  [{ replicas: 2, lr: [1] }, {}, "--replica-lr must name a value for each"],
  [{ replicas: 1, weightDecay: [1, 2] }, {}, "--replica-weight-decay"],
  [{ replicas: 2, lr: [1, -1] }, {}, "--lr must be above 0, got -1"],
  [{ replicas: 2 }, { engine: "tfjs" }, "use --engine onnx"],
];

for (const [options, config, message] of REFUSED) {
  Deno.test(`replicaConfigs() refuses: ${message}`, () => {
    assertThrows(() => replicaConfigs(config, options), ConfigError, message);
  });
}

for (const chunks of [[40], [1, 39], [2, 38], [3, 37], [1, 1, 1, 37]]) {
  Deno.test(`a replica's last finite state can be had again, in chunks of ${chunks}`, async () => {
    const diverging = (warmup: number, lr: number) =>
      makeExperiment(resolveConfig({
        ...small,
        optimizer: "sgd",
        perpGrad: false,
        loss: "softmax",
        warmup,
        lr,
      }));
    // The first ends after an update of rate 1e30, the other after three of 0,
    // small and large.
    for (const [warmup, lr] of [[0, 1e30], [40, 1e32]] as const) {
      const bad = diverging(warmup, lr);
      const engine = await onnxBand([bad, diverging(warmup, 0.1)]);
      const single = await onnxEngine(bad, { threads: 1 });
      let found: number | undefined;
      for (const count of chunks) {
        const [first] = await engine.advance(count, 1);
        found ??= first!.diverged;
        if (found === undefined) continue;
        const [last] = await engine.at(found - 1);
        const { diverged } = await single.advance(40, 1);
        assertEquals(diverged, found);
        assertEquals(last!.evaluation.step, single.step);
        assert(Number.isFinite(last!.evaluation.metrics.train_loss));
        for (const [path, x] of Object.entries(await single.state())) {
          assertClose(
            toNumbers(last!.state[path]!),
            toNumbers(x),
            { relative: 1e-5, absolute: 1e-6 },
            path,
          );
        }
        break;
      }
      assert(found !== undefined);
      await engine.close();
      await single.close();
    }
  });
}

Deno.test("onnxBand() refuses more loops than can be compiled", async () => {
  const large = makeExperiment(resolveConfig({}));
  await assertRejects(
    () => onnxBand(Array(257).fill(large)),
    UsageError,
    "--replicas must be at most 256 here",
  );
});

Deno.test("onnxBand() says how far it can go back", async () => {
  const engine = await onnxBand(
    [0, 1].map((seed) => makeExperiment(resolveConfig({ ...small, seed }))),
  );
  for (const count of [2, 3, 4]) await engine.advance(count, 100);
  const [there] = await engine.at(5);
  assertEquals(there!.evaluation.step, 5);
  await assertRejects(() => engine.at(4), RangeError, "since step 5 are known");
  await engine.close();
});

Deno.test("a replica that diverges ends with its last finite state, alone", async () => {
  const run = await Deno.makeTempDir();
  const config: ConfigInput = {
    ...small,
    optimizer: "sgd",
    perpGrad: false,
    loss: "softmax",
    steps: 40,
    evalEvery: 4,
  };
  const error = await assertRejects(
    () => trainReplicas(config, { replicas: 3, lr: [0.1, 1e30, 0.1] }, { run }),
    DivergedError,
    "seed 1 at step",
  );
  assert(error.message.includes("The other 2 of 3 runs are whole"));
  const single = await train({ ...config, lr: 0.1, seed: 2 }, {
    run: join(run, "single"),
  });
  const rows = await readMetrics(join(run, "replica-2"));
  assertEquals(rows.map(({ step }) => step), [
    0,
    4,
    8,
    12,
    16,
    20,
    24,
    28,
    32,
    36,
    40,
  ]);
  assertClose(
    [rows.at(-1)!.train_loss],
    [single.final.train_loss],
    { relative: 1e-5, absolute: 0 },
    "loss",
  );
  const broken = await readMetrics(join(run, "replica-1"));
  assert(broken.every((row) => Number.isFinite(row.train_loss)));
  const kept: string[] = [];
  for await (
    const { name } of Deno.readDir(join(run, "replica-1/checkpoints"))
  ) {
    kept.push(name);
  }
  assertEquals(kept.length, 1);
  await Deno.remove(run, { recursive: true });
});

Deno.test("trainReplicas() leaves a whole run for each, and takes no folder twice", async () => {
  const run = await Deno.makeTempDir();
  const go = (overwrite = false) =>
    trainReplicas(
      { ...small, steps: 30, checkpointEvery: 15 },
      { replicas: 2 },
      { run, overwrite },
    );
  const results = await go();
  for (const [r, result] of results.entries()) {
    assertEquals(result.run, join(run, `replica-${r}`));
    assertEquals(result.steps, 30);
    const files: string[] = [];
    for await (
      const { name } of Deno.readDir(join(result.run, "checkpoints"))
    ) {
      files.push(name);
    }
    assertEquals(
      files.sort(),
      [0, 15, 30].map((n) => `step-${String(n).padStart(8, "0")}.onnx`),
    );
  }
  await assertRejects(() => go(), RangeError, "it holds a run already");
  const again = await go(true);
  assertEquals(
    again.map(({ final }) => final),
    results.map(({ final }) => final),
  );
  await Deno.remove(run, { recursive: true });
});

Deno.test("bandOf() counts who passed, and when", () => {
  const result = (grokked_at: number | null, test_accuracy: number) =>
    ({ memorised_at: 10, grokked_at, final: { test_accuracy } }) as never;
  const band = bandOf([
    result(30, 1),
    result(null, 0.2),
    result(10, 0.99),
  ]);
  assertEquals(band, {
    runs: 3,
    memorised: { runs: 3, first: 10, median: 10, last: 10 },
    grokked: { runs: 2, first: 10, median: 20, last: 30 },
    final: { test_accuracy: { least: 0.2, median: 0.99, most: 1 } },
  });
  assertEquals(bandOf([result(null, 0)]).grokked, {
    runs: 0,
    first: null,
    median: null,
    last: null,
  });
});
