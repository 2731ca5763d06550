// Extensions in use, in this process: what they add, threads that load them, and
// what they are held to. They stay in use, so these tests stand in an order.

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs-core";
import { join } from "node:path";
import { NotApplicableError, UsageError } from "../../lib/base/errors.ts";
import {
  type Config,
  ConfigError,
  configKeys,
  configSettings,
  defaults,
  definitionsOf,
  idleKeys,
  resolveConfig,
} from "../../lib/config/config.ts";
import { configWithout, lacks } from "../../lib/config/stand_ins.ts";
import { settingGroups } from "../../lib/config/groups.ts";
import { defineExtension } from "../../lib/extensions/extension.ts";
import { loadExtension } from "../../lib/extensions/load.ts";
import { loadable, useExtension } from "../../lib/extensions/use.ts";
import { defineLoss } from "../../lib/losses/loss.ts";
import { losses } from "../../lib/losses/mod.ts";
import { defineMetrics, type HostMetrics } from "../../lib/metrics/group.ts";
import { metricGroupsOf } from "../../lib/metrics/mod.ts";
import { defineStage } from "../../lib/optim/definition.ts";
import { stateless, zipTrees } from "../../lib/optim/transform.ts";
import { probe } from "../../lib/probes/asking/probe_checkpoint.ts";
import { probeNames } from "../../lib/probes/catalogue.ts";
import { defineProbe } from "../../lib/probes/probe.ts";
import { Lane } from "../../lib/train/threads/lane.ts";
import { notNegative } from "../../lib/settings/setting.ts";
import { scalar } from "../../lib/trace/precision.ts";
import { DivergedError } from "../../lib/train/diverged.ts";
import { trainReplicas } from "../../lib/train/band/replicas.ts";
import { train } from "../../lib/train/train.ts";
import { withTempDir } from "../tasks/_run.ts";
import { bytesOf } from "../train/_runs.ts";

const tiny = { modulus: 5, hidden: [4], steps: 2, trainFraction: 0.5 } as const;

const before = { keys: [...configKeys], config: JSON.stringify(defaults) };

// A module that threads can load: a loss under another name, and a probe.
const MODULE = `
import { defineExtension, defineProbe, losses } from "@groklab/groklab";
const stable = losses.stablemax;
const counting = defineProbe({
  name: "counting", of: "checkpoint", describe: "rows", needs: "rows",
  compute: ({ dataset }) => ({ rows: dataset.labels.length }),
  text: ({ rows }) => [String(rows)],
});
export default defineExtension({
  losses: { stable }, probes: { counting },
});
`;

Deno.test("threads that train and that probe load the extensions in use", () =>
  withTempDir(async (dir) => {
    const path = join(dir, "lab.ts");
    await Deno.writeTextFile(path, MODULE);
    const lab = await loadExtension(path);
    // Again, and once more as an object, it is the same.
    assertEquals(await loadExtension(path), lab);
    useExtension(lab);
    assertEquals(loadable()!.modules.length, 1);
    assertEquals(configKeys.slice(0, -1), before.keys);
    assertEquals(configKeys.at(-1), "use");
    const config = resolveConfig({ ...tiny, loss: "stable", threads: 1 });
    const run = join(dir, "run");
    {
      using lane = new Lane("a_test.ts");
      const { ms, result } = await lane.train(config, run, {});
      assert(ms > 0);
      assertEquals([result!.run, result!.steps], [run, 2]);
    }
    // The same numbers as the loss has under its own name.
    const own = join(dir, "own");
    await train({ ...tiny, threads: 1 }, { run: own });
    const [a, b] = [await bytesOf(run), await bytesOf(own)];
    assertEquals(a["metrics.jsonl"], b["metrics.jsonl"]);
    const { probes } = await probe(
      join(run, "checkpoints/step-00000002.onnx"),
      ["counting", "geometry"],
      { jobs: 2 },
    );
    assertEquals((probes as Record<string, unknown>)["counting"], { rows: 25 });
    assert(probes.geometry!.weight_norm! > 0);
    // What has changed since is not taken for it by a thread that starts now.
    await Deno.writeTextFile(path, `${MODULE}// Another.\n`);
    using late = new Lane("a_test.ts");
    await assertRejects(
      () => late.train(config, join(dir, "late"), {}),
      Error,
      "its files have changed since this began; begin again",
    );
  }));

const flip = defineStage({
  summary: "the gradient times a number",
  settings: { flipBy: notNegative(0, "<x>", "flip: factor") },
  by: "flipBy",
  place: "gradient",
  make: ({ flipBy }) =>
    stateless((gradients) =>
      zipTrees((g) => tf.mul(g, scalar(flipBy)), gradients)
    ),
});

const broken = defineLoss({
  summary: "no gradient",
  settings: { brokenBy: notNegative(0, "<x>", "broken: nothing") },
  precisions: ["float32"],
  make: () => ({
    ...losses.stablemax.make({}),
    name: "broken",
    gradient: (logits) => tf.mul(logits, scalar(NaN)) as tf.Tensor2D,
  }),
});

const counted: HostMetrics = {
  summary: "numbers of the state",
  open: () =>
    Promise.resolve({
      measure: (state) =>
        Promise.resolve({ counted: Object.keys(state).length }),
      close: () => Promise.resolve(),
    }),
};

const inline = defineExtension({
  stages: { flip },
  losses: { broken },
  metrics: {
    counted,
    twice: defineMetrics({
      summary: "a name that there is",
      make: () => ({ params: _ }) => ({ train_loss: scalar(1) }),
    }),
  },
  probes: {
    asked: defineProbe({
      name: "asked",
      of: "checkpoint",
      describe: "what it was told",
      needs: "nothing",
      settings: { askedFor: notNegative(3, "<n>", "asked: what to say") },
      compute: (_, { askedFor }) => ({ askedFor }),
      text: ({ askedFor }) => [String(askedFor)],
    }),
  },
});

Deno.test("train() takes extensions that are written beside it, and their keys", () =>
  withTempDir(async (run) => {
    const flags = { ...tiny, flipBy: 2, metrics: ["counted"], l1: 0.5 };
    const { final, config, checkpoint } = await train(flags, {
      use: [inline],
      run,
    });
    assertEquals((config as unknown as { flipBy: number }).flipBy, 2);
    assert(final["counted"]! >= 2);
    // Stages of an extension stand behind those that there are, keys beside theirs.
    const keys: readonly string[] = configKeys;
    assertEquals(keys.indexOf("flipBy"), keys.indexOf("constantNorm") + 1);
    assertEquals(settingGroups().get("flipBy" as keyof Config), "optimizer");
    assertEquals(settingGroups().get("brokenBy" as keyof Config), "loss");
    assertEquals(idleKeys(config).includes("brokenBy" as keyof Config), true);
    assertEquals(metricGroupsOf(["all"]).slice(-2), ["counted", "twice"]);
    assertEquals(probeNames.at(-1), "asked");
    // In one thread, since no other can load this module.
    const { probes } = await probe(checkpoint, ["asked", "geometry"], {
      jobs: 2,
      settings: { askedFor: 5 },
    });
    assertEquals((probes as Record<string, unknown>)["asked"], { askedFor: 5 });
    assertEquals(loadable(), undefined);
    assertThrows(
      () => new Lane("a_test.ts"),
      UsageError,
      "written in the program's main module: put it into a file of its own",
    );
  }));

Deno.test("replicas take extensions as single runs do", () =>
  withTempDir(async (dir) => {
    const flags = { ...tiny, flipBy: 2, threads: 1 };
    const use = [inline];
    const [first] = await trainReplicas(flags, { replicas: 2 }, {
      run: join(dir, "band"),
      use,
    });
    const { final } = await train(flags, { run: join(dir, "one"), use });
    assertEquals(first!.final, final);
  }));

Deno.test("a loss without a finite gradient, and a metric that there is, end a training", () =>
  withTempDir(async (dir) => {
    const error = await assertRejects(
      () =>
        train({ ...tiny, loss: "broken" }, { use: [inline], run: `${dir}/a` }),
      DivergedError,
    );
    assert(error.message.includes("is not finite at step"), error.message);
    await assertRejects(
      () =>
        train({ ...tiny, metrics: ["twice"] }, {
          use: [inline],
          run: `${dir}/b`,
        }),
      UsageError,
      "--metrics twice has a metric train_loss, as another group has",
    );
  }));

Deno.test("a config says which extensions it was made with, and is held to them", () => {
  const config = resolveConfig({ flipBy: 1 });
  const { use } = config as unknown as { use: { sha256: string }[] };
  assertEquals(use.length, 2);
  assertEquals(resolveConfig(config), config);
  const sha256 = "0".repeat(64);
  const others = [use[0]!, { ...use[1]!, sha256 }];
  assertThrows(
    () => resolveConfig({ ...config, use: others }),
    ConfigError,
    `is ${use[1]!.sha256}, it was ${sha256}`,
  );
  assertThrows(
    () =>
      resolveConfig({
        ...config,
        use: [{ ...use[0], module: "x.ts", sha256 }],
      }),
    ConfigError,
    "--use must name x.ts, the extension with which this was made",
  );
  assertThrows(
    () => resolveConfig({ flipBy: -1 }),
    ConfigError,
    "--flip-by must be 0 or more, got -1",
  );
  // But for their keys the defaults are what they were.
  const { flipBy, brokenBy, use: _, ...rest } = defaults as unknown as Record<
    string,
    unknown
  >;
  assertEquals([flipBy, brokenBy], [0, 0]);
  assertEquals(JSON.stringify(rest), before.config);
  assert(Object.hasOwn(configSettings, "flipBy"));
});

Deno.test("what an extension is lacking for says which of them is not there", () => {
  const { use } = resolveConfig({}) as unknown as { use: object[] };
  const gone = { module: "gone.ts", sha256: "0".repeat(64), imports: {} };
  const config = configWithout({
    ...defaults,
    task: "gone",
    loss: "gone",
    use: [...use, gone],
  })!;
  for (const what of ["task", "loss"] as const) {
    const made = definitionsOf(config);
    assertThrows(
      () => what === "task" ? made.task.form(config) : made.loss.make(config),
      NotApplicableError,
      `It needs the ${what} gone of the extension gone.ts, which is not here`,
    );
  }
  assertThrows(
    () => lacks({ ...defaults, use } as Config, "the loss gone"),
    NotApplicableError,
    "of the extension lab.ts or registries_test.ts, which is here in a version",
  );
});
