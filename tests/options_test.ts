// Functions with options refuse those that they do not know, and values that are
// none.

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs-core";
import * as groklab from "./_entries.ts";
import { UsageError } from "../lib/base/errors.ts";
import { checkOptions, flag, only, whole } from "../lib/base/options.ts";
import { f32 } from "./trace/_run.ts";
import { traceX } from "./trace/_graphs.ts";
import { config, experiment, model } from "./onnx/_exp.ts";

const absent = "/nonexistent/of-options-test";

// What is no option of any function.
type Options = Record<string, unknown>;

const key = groklab.randomKey(0);

const MLP = {
  input: { kind: "tokens", vocabulary: 5, length: 2 },
  hidden: [4],
  classes: 5,
  biases: false,
} as const;

const TRANSFORMER = {
  ...{ vocabulary: 6, length: 3, classes: 5 },
  ...{ dModel: 4, heads: 2, dMlp: 8 },
};

const COMPARISON = {
  ...{ entities: 20, attributes: 2, attributeValues: 3 },
  ...{ inferredRatio: 1, oodFraction: 0.2 },
};

const COMPOSITION = {
  ...{ entities: 20, relations: 4, outDegree: 3 },
  ...{ inferredRatio: 1, oodFraction: 0.3 },
};

/** Every public function that has options, called with some. */
const CALLS: Record<string, (options: Options) => unknown> = {
  "train()": (o) => groklab.train(config, o),
  "trainBand()": (o) => groklab.trainBand([groklab.resolveConfig(config)], o),
  "trainBand() of replicas": (o) =>
    groklab.trainReplicas(config, { replicas: 2 }, o),
  "replicaConfigs()": (o) =>
    groklab.replicaConfigs(config, { replicas: 2, ...o }),
  "startFrom()": (o) => groklab.startFrom(absent, o),
  "exportCheckpoint()": (o) =>
    groklab.exportCheckpoint(absent, `${absent}.onnx`, o),
  "probe()": (o) => groklab.probe(absent, undefined, o),
  "probeRun()": (o) => groklab.probeRun(absent, undefined, o),
  "RunContext.open()": (o) => groklab.RunContext.open(absent, o),
  "contentsOf()": (o) => groklab.contentsOf(absent, o),
  "loadProbeModel()": (o) => groklab.loadProbeModel(absent, o),
  "ProbeModel": (o) => new groklab.ProbeModel(model, "exp", o),
  "introduce()": (o) =>
    groklab.introduce(new groklab.ProbeModel(model, "exp"), o),
  "Scorer": (o) => new groklab.Scorer(o),
  "lanczos()": (o) =>
    groklab.lanczos(
      (v) => Promise.resolve(v),
      2,
      groklab.randomKey(0)("lanczos"),
      o,
    ),
  "makeReport()": (o) => groklab.makeReport([absent], o),
  "writeReport()": (o) => groklab.writeReport([absent], o),
  "serveReport()": (o) => groklab.serveReport([absent], { port: 0, ...o }),
  "reproduce()": (o) => groklab.reproduce([], o),
  "collectSweep()": (o) => groklab.collectSweep(absent, `${absent}.csv`, o),
  "writeSweepReport()": (o) => groklab.writeSweepReport(absent, o),
  "planSweep()": (o) => groklab.planSweep({ parts: [{ seeds: [0] }] }, o),
  "sweepCost()": (o) =>
    groklab.sweepCost({ folder: absent, kinds: [], known: [] }, {
      jobs: 1,
      ...o,
    }),
  "publish()": (o) => groklab.publish([], o),
  "openSession()": (o) => groklab.openSession(model, o),
  "openSession() of compile()": (o) =>
    groklab.compile(({ x }) => ({ y: tf.exp(x) }), { x: f32([], [1]) }, o),
  "openSession() of runTraced()": (o) =>
    groklab.runTraced(({ x }) => ({ y: tf.exp(x) }), { x: f32([], [1]) }, o),
  "onnxEngine()": (o) => groklab.onnxEngine(experiment(), o),
  "openObjective()": (o) => groklab.openObjective(experiment(), undefined, o),
  "modelOf()": (o) =>
    groklab.modelOf(traceX((x) => tf.exp(x)), { name: "exp", ...o }),
  "trace()": (o) =>
    groklab.trace(({ x }) => ({ y: x }), {
      x: { dtype: "float32", shape: [] },
    }, o),
  "openMeter()": (o) => groklab.openMeter(experiment(), o),
  "warningsOf()": (o) =>
    groklab.warningsOf([], [], { ...groklab.WARNING_OPTIONS, ...o }),
  "alarmsByChance()": (o) =>
    groklab.alarmsByChance([], { ...groklab.WARNING_OPTIONS, ...o }),
  "earlyWarningStudy()": (o) =>
    groklab.earlyWarningStudy([], [], { ...groklab.WARNING_OPTIONS, ...o }),
  "perpGrad()": (o) => groklab.perpGrad(o),
  "scaleByAdam()": (o) =>
    groklab.scaleByAdam({ beta1: 0.9, beta2: 0.98, eps: 1e-8, ...o }),
  "scaleByMuon()": (o) =>
    groklab.scaleByMuon({ beta1: 0.9, eps: 1e-7, muonScale: "original", ...o }),
  "mlp()": (o) => groklab.mlp({ ...MLP, ...o }),
  "transformer()": (o) => groklab.transformer({ ...TRANSFORMER, ...o }),
  "parity()": (o) =>
    groklab.parity({ bits: 4, parityBits: 2, samples: 4, ...o }, key("data")),
  "comparison()": (o) => groklab.comparison({ ...COMPARISON, ...o }, key),
  "composition()": (o) => groklab.composition({ ...COMPOSITION, ...o }, key),
  "mnist()": (o) => groklab.mnist({ mnist: absent, trainSize: 5, ...o }, key),
  "grokfastEma()": (o) => groklab.grokfastEma(o),
  "grokfastMa()": (o) => groklab.grokfastMa(o),
  "scaleByLion()": (o) => groklab.scaleByLion({ beta1: 0.9, beta2: 0.9, ...o }),
  "scaleByRmsprop()": (o) =>
    groklab.scaleByRmsprop({ beta2: 0.9, eps: 1e-8, ...o }),
  "softmaxCrossEntropy()": (o) => groklab.softmaxCrossEntropy(o),
};

// Called so that what it throws at once is a rejection, too.
const called = async (call: () => unknown) => await call();

for (const [name, call] of Object.entries(CALLS)) {
  const [of] = name.split(" of ");
  Deno.test(`${name} refuses options that it does not know`, async () => {
    const error = await assertRejects(
      () => called(() => call({ thread: 1 })),
      UsageError,
      `Unknown option "thread" of ${of}: `,
    );
    assert(/there are|the nearest of/.test(error.message));
    // What every object has is no option.
    await assertRejects(
      () => called(() => call({ toString: 1 })),
      UsageError,
      `Unknown option "toString" of ${of}`,
    );
  });
}

/** Values that an option does not know. */
const WRONG: [call: string, options: Options, message: string][] = [
  [
    "openSession()",
    { runtime: "nodejs" },
    "The option runtime of openSession() must be one of node, web, " +
    'got "nodejs"',
  ],
  ["openSession()", { device: "gpu" }, "one of cpu, cuda, webgpu"],
  ["openSession()", { threads: -1 }, "a whole number, 0 or more, got -1"],
  ["openSession()", { threads: "2" }, 'a whole number, 0 or more, got "2"'],
  ["openSession()", { optimization: "most" }, "one of disabled, basic"],
  ["openSession() of compile()", { runtime: "wasm" }, "one of node, web"],
  ["probe()", { runtime: "nodejs" }, "option runtime of probe()"],
  ["probe()", { jobs: 0 }, "a whole number, 1 or more, got 0"],
  ["probe()", { operation: "plus" }, "option operation of probe()"],
  ["probeRun()", { lenient: "yes" }, "true or false"],
  ["loadProbeModel()", { rowsAtOnce: 0.5 }, "a whole number"],
  ["train()", { overwrite: "no" }, 'must be true or false, got "no"'],
  ["train()", { run: 3 }, "must be a text, got 3"],
  ["train()", { onProgress: true }, "must be a function, got true"],
  ["train()", { signal: {} }, "must be an AbortSignal, got object"],
  ["startFrom()", { step: -5 }, "a whole number, 0 or more, got -5"],
  ["exportCheckpoint()", { hooks: "all" }, 'must be a list, got "all"'],
  ["writeReport()", { formats: ["pdf"] }, "a list of html, svg, png"],
  ["makeReport()", { probes: ["furier"] }, "must be a list of "],
  ["serveReport()", { port: -1 }, "a whole number, 0 or more"],
  ["reproduce()", { scale: "fast" }, "one of full, quick"],
  ["perpGrad()", { scope: "all" }, "one of tensor, global"],
  ["scaleByMuon()", { muonScale: "none" }, "one of original, match_rms_adamw"],
  ["softmaxCrossEntropy()", { temperature: "1" }, "must be a number"],
  ["mlp()", { hidden: 4 }, "a list of whole numbers, 1 or more, got 4"],
  ["mlp()", { hidden: [4, 0.5] }, "1 or more, got [4, 0.5]"],
  ["mlp()", { hidden: undefined }, "a list of whole numbers, 1 or more, got"],
  ["mlp()", { input: "tokens" }, "an input, whose kind is tokens or numbers"],
  ["mlp()", { embedding: "8" }, "a whole number, 1 or more, or null, got"],
  ["mlp()", { init: "kaiming" }, "pytorch, nanda, got"],
  ["transformer()", { norm: "rms" }, "one of none, pre, post"],
  ["transformer()", { dMlp: undefined }, "a whole number, 1 or more, got"],
  ["parity()", { samples: 1.5 }, "a whole number, 1 or more, got 1.5"],
  ["parity()", { bits: undefined }, "The option bits of parity() must be"],
  ["comparison()", { oodFraction: "a" }, 'a number, got "a"'],
  ["composition()", { relations: 0 }, "a whole number, 1 or more, got 0"],
  ["mnist()", { mnist: 7 }, "a text, or null, got 7"],
  ["grokfastMa()", { window: 1 }, "a whole number, 2 or more, got 1"],
  ["scaleByLion()", { beta2: undefined }, "a number, got undefined"],
  ["scaleByAdam()", { eps: undefined }, "a number, got undefined"],
];

for (const [name, options, message] of WRONG) {
  Deno.test(`${name} refuses ${JSON.stringify(options)}`, async () => {
    await assertRejects(
      () => called(() => CALLS[name]!(options)),
      UsageError,
      message,
    );
  });
}

Deno.test("options are an object; one that is undefined is left out", async () => {
  const of = (options: unknown) =>
    checkOptions("f()", options as { a?: boolean }, { a: flag });
  for (const none of [null, "runs/x", 3, true]) {
    assertThrows(() => of(none), TypeError, "Cannot call f() with");
  }
  of({ a: undefined });
  of({});
  const session = await groklab.openSession(model, {
    threads: 1,
    device: undefined,
  } as never);
  await session.close();
});

Deno.test("only() takes the options of another function out", () => {
  const checks = { a: flag, b: whole(0) };
  const given: { a?: boolean; b?: number } = { a: true, ...{ c: 3 } };
  assertEquals(only(given, checks), { a: true });
});

Deno.test("modular() refuses an operation that there is not", () => {
  for (const name of ["plus", "toString", undefined]) {
    assertThrows(
      () => groklab.modular(name as "add", 5),
      UsageError,
      `Cannot compute the operation ${name}: there are `,
    );
  }
});
