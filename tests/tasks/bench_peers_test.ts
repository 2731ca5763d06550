/** The benchmark of steps, with peers that only pretend. */

import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { join } from "node:path";
import { ourLosses, peerTimer } from "../../bench/measure.ts";
import { renderBench } from "../../bench/table.ts";
import { otherWork, workFile } from "../../bench/work_file.ts";
import { resolveConfig } from "../../lib/config/config.ts";
import { makeExperiment } from "../../lib/experiment/experiment.ts";
import { pathOf } from "./_fakes.ts";

const TINY = { modulus: 5, hidden: [4], trainFraction: 0.5 };

Deno.test({
  name:
    "a peer is handed our rows and weights, and refused where its losses are not ours",
  ignore: Deno.build.os === "windows",
  async fn() {
    const folder = await Deno.makeTempDir();
    try {
      const losses = await ourLosses(TINY, 4, { threads: 1 });
      const said = join(folder, "said");
      const { PATH } = await pathOf(folder, {
        python: `/bin/cp "$2" ${join(folder, "work.json")}
echo "$3 $4 $5 $6 $7 $8" >>${said}
printf '{"peer":"Fake","ms":[7],"losses":[%s]}' "$(/bin/cat ${folder}/losses)"`,
      });
      const python = join(PATH, "python");
      const time = await peerTimer(TINY, python, 9, { threads: 2 });
      await Deno.writeTextFile(join(folder, "losses"), losses.join());
      assertEquals(
        await time("torch compile looked up", 1e-4),
        { name: "Fake", ms: 7, losses },
      );
      assertEquals(
        await Deno.readTextFile(said),
        "9 1 2 cpu compile looked-up\n",
      );
      const written = JSON.parse(
        await Deno.readTextFile(join(folder, "work.json")),
      );
      assertEquals(written.inputs.shape, [12, 2]);
      assertEquals(written.weights["layers.0.W"].shape, [10, 4]);

      const [first, ...rest] = losses;
      await Deno.writeTextFile(
        join(folder, "losses"),
        [first! * 1.01, ...rest].join(),
      );
      await assertRejects(
        () => time("jax", 1e-4),
        Error,
        `Fake does other work: its loss of step 0 is ${first! * 1.01}, ` +
          `ours ${first}`,
      );
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

Deno.test("a peer's losses agree within rounding, relative to ours", () => {
  assertEquals(otherWork([4, 2, 1], [4.03, 2], 0.01), undefined);
  assertMatch(otherWork([4, 2, 1], [4, 2.03], 0.01)!, /step 1 is 2.03, ours 2/);
  assertMatch(otherWork([4], [NaN], 0.01)!, /step 0 is NaN/);
  assertEquals(otherWork([4], [], 0.01), "it gives no losses");
});

Deno.test("what peers are handed is the whole work", () => {
  const experiment = makeExperiment(resolveConfig(TINY));
  const { inputs, labels, weights, ...settings } = JSON.parse(
    workFile(experiment),
  );
  assertEquals(settings, {
    model: "mlp",
    tokens: true,
    precision: "float32",
    lossPrecision: "float32",
    lr: 0.01,
    beta1: 0.95,
    beta2: 0.999,
    eps: 1e-8,
  });
  const { train } = experiment.split;
  assertEquals(inputs.data, train.inputs.flat());
  assertEquals(labels, train.labels);
  assertEquals(Object.keys(weights), ["layers.0.W", "layers.1.W"]);
});

Deno.test("the fastest peer is named, and held to the targets", () => {
  const text = renderBench({
    cores: 2,
    threads: 2,
    peers: {
      torch: "PyTorch 9",
      jax: "JAX 8",
      "jax looked up": "JAX 8, looked up",
    },
    replicas: {},
    workloads: {
      mlp: {
        threads: 2,
        flops: 2e9,
        bytes: 3e6,
        floor_ms: 5,
        timings: {
          groklab: [9, 8, 7],
          "groklab, evaluating every 10": [8.4],
          torch: [20],
          "jax looked up": [9, 9, 100],
          jax: [10],
        },
      },
      "mod-31": {
        threads: 1,
        flops: 1e9,
        bytes: 1e6,
        floor_ms: 1,
        timings: { groklab: [4], torch: [5] },
      },
    },
  });
  assertEquals(text.split("\n").filter((line) => /^\| m/.test(line)), [
    "| mlp | 8.00 | groklab, evaluating every 10 | 8.40 | 1.05 | ≤ 1.1 | holds |",
    "| mlp | 8.00 | PyTorch 9 | 20.00 | 0.40 | – |  |",
    "| mlp | 8.00 | best: JAX 8, looked up | 9.00 | 0.89 | ≤ 0.9 | holds |",
    "| mlp | 8.00 | JAX 8 | 10.00 | 0.80 | – |  |",
    "| mod-31 | 4.00 | best: PyTorch 9 | 5.00 | 0.80 | ≤ 0.75 | **misses** |",
    "| mlp | 2 | 2.00 | 3 | 5.00 | 8.00 | 1.60 | ≤ 1.5 | **misses** |",
    "| mod-31 | 1 | 1.00 | 1 | 1.00 | 4.00 | 4.00 | – |  |",
  ]);
});
