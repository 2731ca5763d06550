// Public functions whose first argument is a file, a folder, a config or an
// experiment say what they got and what they want.

import { assert, assertEquals, assertRejects } from "@std/assert";
import * as groklab from "./_entries.ts";
import { UsageError } from "../lib/base/errors.ts";
import { findProbed } from "../lib/probes/foreign/checkpoints.ts";

type Any = (...args: unknown[]) => unknown;

const call = async (f: unknown, ...args: unknown[]) =>
  await (f as Any)(...args);

const open: Any = (...args) =>
  (groklab.RunContext.open as unknown as Any).call(groklab.RunContext, ...args);

const FILE = "a text, the name of a file or folder";
const CONFIG = "a config as resolveConfig() gives it";
const EXPERIMENT = "an experiment as makeExperiment() gives it";

/** Functions of one thing, which must be given. */
const OF: Record<string, [wanted: string, f: unknown, ...rest: unknown[]]> = {
  probe: [FILE, groklab.probe],
  probeRun: [FILE, groklab.probeRun],
  contentsOf: [FILE, groklab.contentsOf],
  loadProbeModel: [FILE, groklab.loadProbeModel],
  "RunContext.open": [FILE, open],
  exportCheckpoint: [FILE, groklab.exportCheckpoint, "/nonexistent/x.onnx"],
  checkpointsOf: [FILE, groklab.checkpointsOf],
  readConfig: [FILE, groklab.readConfig],
  readMetrics: [FILE, groklab.readMetrics],
  runOfCheckpoint: [FILE, groklab.runOfCheckpoint],
  isLocked: [FILE, groklab.isLocked],
  lockRun: [FILE, groklab.lockRun],
  removeRun: [FILE, groklab.removeRun],
  readSweep: [FILE, groklab.readSweep],
  readPlan: [FILE, groklab.readPlan],
  readEnded: [FILE, groklab.readEnded],
  decodeModel: ["bytes, a Uint8Array", groklab.decodeModel, "x.onnx"],
  makeExperiment: [CONFIG, groklab.makeExperiment],
  makeModel: [CONFIG, groklab.makeModel],
  datasetOf: [CONFIG, groklab.datasetOf],
  splitOf: [CONFIG, groklab.splitOf],
  dataKey: [CONFIG, groklab.dataKey],
  stepKey: [CONFIG, groklab.stepKey],
  lossOf: [CONFIG, groklab.lossOf],
  optimizerOf: [CONFIG, groklab.optimizerOf],
  runId: [CONFIG, groklab.runId],
  newRunPath: [CONFIG, groklab.newRunPath],
  taskOfConfig: [CONFIG, groklab.taskOfConfig],
  definitionsOf: [CONFIG, groklab.definitionsOf],
  configAt: [CONFIG, groklab.configAt, 0],
  onnxEngine: [EXPERIMENT, groklab.onnxEngine],
  tfjsEngine: [EXPERIMENT, groklab.tfjsEngine],
  openMeter: [EXPERIMENT, groklab.openMeter],
  openObjective: [EXPERIMENT, groklab.openObjective, {}],
};

const shown = (value: unknown) =>
  Array.isArray(value) ? "[]" : value === null ? "null" : `${value}`;

Deno.test("what is no file, config or experiment is refused, and said to be", async () => {
  for (const [name, [wanted, f, ...rest]] of Object.entries(OF)) {
    for (const value of [undefined, 42, [], null]) {
      const error = await assertRejects(() => call(f, value, ...rest));
      assert(error instanceof TypeError, `${name}: ${error}`);
      const argument = /for its \w+: /.exec(error.message)?.[0];
      assertEquals(
        error.message,
        `Cannot call ${name}() with ${
          shown(value)
        } ${argument}wanted ${wanted}`,
      );
    }
  }
});

Deno.test("what may be left out is a file or folder where it is given", async () => {
  const { startFrom, toResume } = groklab;
  for (const [name, f] of Object.entries({ startFrom, toResume, findProbed })) {
    for (const value of [42, [], null]) {
      await assertRejects(
        () => call(f, value),
        TypeError,
        `Cannot call ${name}() with ${shown(value)} for its `,
      );
    }
  }
});

Deno.test("lists of runs, configs and figures are lists, and not empty", async () => {
  const { makeReport, writeReport, serveReport, trainBand } = groklab;
  const cases = { makeReport, writeReport, serveReport, trainBand };
  for (const [name, f] of Object.entries(cases)) {
    const rest = name === "serveReport" ? [{ port: 0 }] : [];
    for (const value of [undefined, 42, null, "runs/x"]) {
      await assertRejects(
        () => call(f, value, ...rest),
        TypeError,
        `Cannot call ${name}() with `,
      );
    }
    await assertRejects(
      () => call(f, [], ...rest),
      UsageError,
      `Cannot call ${name}() with an empty list of `,
    );
    await assertRejects(
      () => call(f, [42], ...rest),
      TypeError,
      `${name}() with`,
    );
  }
  const { reproduce, publish, wholeOnes, lastWhole } = groklab;
  const lists = { reproduce, publish, wholeOnes, lastWhole };
  for (const [name, f] of Object.entries(lists)) {
    for (const value of [undefined, 42, "fig2"]) {
      await assertRejects(
        () => call(f, value),
        TypeError,
        `Cannot call ${name}() with `,
      );
    }
  }
});

Deno.test("of no checkpoints none is the last whole one", () =>
  assertRejects(
    () => call(groklab.lastWhole, []),
    RangeError,
    "of none: name one at least",
  ).then(() => {}));

Deno.test("no config but an object is resolved", async () => {
  for (const value of [undefined, 42, [], null, "add"]) {
    await assertRejects(
      () => call(groklab.resolveConfig, value),
      groklab.ConfigError,
      "A config must be an object of settings, got ",
    );
  }
});

Deno.test("probe() and probeRun() say what is wrong with their arguments", async () => {
  const file = "/nonexistent.onnx";
  const cases: [args: unknown[], of: new () => Error, message: string][] = [
    [[], TypeError, "with undefined for its path: wanted a text"],
    [[42], TypeError, "with 42 for its path: wanted a text"],
    [[null], TypeError, "with null for its path: wanted a text"],
    [[[file]], TypeError, "for its path: wanted a text"],
    [[file, "geometry"], TypeError, 'with "geometry" for its names: wanted a'],
    [[file, null], TypeError, "with null for its names: wanted a list"],
    [
      [file, [42]],
      TypeError,
      "with [42] for its names: wanted a list of texts",
    ],
    [[file, []], UsageError, "with an empty list of probes: name one at least"],
    [[file, ["furier"]], UsageError, "Cannot ask the probe furier: there is"],
    [[file, ["toString"]], UsageError, "Cannot ask the probe toString"],
  ];
  for (
    const [name, call] of Object.entries({
      probe: groklab.probe,
      probeRun: groklab.probeRun,
    })
  ) {
    for (const [args, of, message] of cases) {
      const error = await assertRejects(
        () => (call as (...args: unknown[]) => Promise<unknown>)(...args),
        of,
        message,
      );
      if (of === TypeError) {
        assert(error.message.startsWith(`Cannot call ${name}() with`));
      }
    }
  }
});
