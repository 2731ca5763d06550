// Parts of an extension that throw, or give what is not wanted: a line says whose
// they are, what was found and wanted, and nothing is written.

import { assert, assertEquals, assertRejects } from "@std/assert";
import * as tf from "@tensorflow/tfjs-core";
import { join } from "node:path";
import { defaults } from "../../lib/config/config.ts";
import { plainLoss } from "../../lib/losses/loss.ts";
import { losses } from "../../lib/losses/mod.ts";
import { models } from "../../models/mod.ts";
import { optimizers } from "../../lib/optim/mod.ts";
import { tasks } from "../../lib/data/registry.ts";
import { defineExtension } from "../../lib/extensions/extension.ts";
import { notNegative } from "../../lib/settings/setting.ts";
import { train } from "../../lib/train/train.ts";
import { contentsOf, withTempDir } from "../tasks/_run.ts";

const tiny = { modulus: 5, hidden: [4], steps: 2, threads: 1 } as const;

// What is wrong is of a wrong type: the compiler would say so.
// deno-lint-ignore no-explicit-any -- as above.
type Wrong = any;

class OwnError extends Error {}
const boom = (..._: unknown[]): Wrong => {
  throw new OwnError("of its own");
};

const softmax = losses.softmax.make(defaults);
const lossOf = (part: object): Wrong =>
  plainLoss({ ...softmax, ...part } as Wrong, "wrong");
const LOSSES: Record<string, [definition: Wrong, says: string]> = {
  throwing: [lossOf({ terms: boom }), "fails in terms(): of its own"],
  text: [
    lossOf({
      gradient() {
        throw "a text";
      },
    }),
    "fails in gradient(): it throws a text",
  ],
  mean: [
    lossOf({ terms: (z: tf.Tensor) => tf.mean(z) }),
    "terms() gives a tensor [], wanted a tensor [10]",
  ],
  later: [
    lossOf({ terms: async () => await 1 }),
    "terms() gives a promise (await is missing), wanted a tensor [10]",
  ],
  nothing: [
    lossOf({ gradient: () => {} }),
    "gradient() gives undefined, wanted a tensor [10, 5]",
  ],
  number: [lossOf({ terms: () => NaN }), "terms() gives NaN, wanted a tensor"],
  unmade: [
    { ...losses.softmax, make: async () => await softmax },
    "make() gives a promise (await is missing), wanted a loss",
  ],
  halfMade: [
    { ...losses.softmax, make: () => ({ ...softmax, gradient: 3 }) },
    "make() gives a loss whose gradient is 3, wanted a function",
  ],
  unchecked: [
    { ...losses.softmax, check: () => Promise.resolve() },
    "check() gives a promise (await is missing), wanted a text, or undefined",
  ],
};

const { add } = tasks;
const TASKS: Record<string, [definition: Wrong, says: string]> = {
  throwsRows: [{ ...add, dataset: boom }, "fails in dataset(): of its own"],
  laterRows: [
    { ...add, dataset: async () => await 1 },
    "dataset() gives a promise (await is missing), wanted { inputs, labels, cl",
  ],
  noInputs: [
    { ...add, dataset: () => ({ labels: [], classes: 5 }) },
    "dataset() gives as inputs undefined, wanted a list of lists",
  ],
  badLabels: [
    { ...add, dataset: () => ({ inputs: [[0, 0]], labels: [9], classes: 5 }) },
    "fails in dataset(): Cannot learn the task badLabels: of the rows (all) n",
  ],
  noForm: [{ ...add, form: () => {} }, "form() gives undefined, wanted { inp"],
  noKind: [
    { ...add, form: () => ({ input: { kind: "bits" }, classes: 2 }) },
    'form() gives as input the kind bits, wanted { kind: "tokens" or "numbers"',
  ],
  noSize: [
    {
      ...add,
      form: () => ({
        input: { kind: "tokens", vocabulary: 5.5, length: 2 },
        classes: 2,
      }),
    },
    "form() gives as input.vocabulary 5.5, wanted an integer of 1 or more",
  ],
};

const { mlp } = models;
const modelOf = (part: object): Wrong => ({
  ...mlp,
  make: (...args: Wrong) => ({
    ...(mlp.make as Wrong)(...args),
    ...part,
  }),
});
const MODELS: Record<string, [definition: Wrong, says: string]> = {
  throwsLogits: [modelOf({ apply: boom }), "fails in apply(): of its own"],
  flat: [
    modelOf({ apply: (_: unknown, x: tf.Tensor) => tf.sum(x) }),
    "apply() gives a tensor [], wanted a tensor [",
  ],
  noDraw: [modelOf({ init: () => ({ W: 3 }) }), "init() gives as W 3, wanted"],
  noRow: [modelOf({ row: 2 }), "make() gives a model whose row is 2, wanted"],
  refusing: [{ ...mlp, refuses: () => true }, "refuses() gives true, wanted a"],
};

const optimizerOf = (update: Wrong): Wrong => ({
  ...optimizers.sgd,
  make: () => ({ init: () => ({}), update }),
});
const OPTIMIZERS: Record<string, [definition: Wrong, says: string]> = {
  throwsUpdate: [optimizerOf(boom), "fails in update(): of its own"],
  single: [
    optimizerOf((g: Wrong) => g),
    "update() gives an object, wanted a l",
  ],
  lost: [
    optimizerOf((_: Wrong, state: Wrong) => [{}, state]),
    "update() gives as updates.layers.0.W none, wanted a tensor [10, 4]",
  ],
  grown: [
    optimizerOf((g: Wrong) => [g, { n: tf.scalar(1) }]),
    "update() gives as state.n a tensor [], wanted none",
  ],
};

const METRICS: Record<string, [definition: Wrong, says: string]> = {
  vector: [
    { summary: "x", make: () => ({ train }: Wrong) => ({ v: train.terms }) },
    "make()() gives as v a tensor [10], wanted a tensor []",
  ],
  host: [
    { summary: "x", make: () => () => ({ v: 3 }) },
    "make()() gives as v 3, wanted a tensor []",
  ],
  noFunction: [
    { summary: "x", make: () => ({}) },
    "make() gives an object, wanted a function of what is measured",
  ],
  rows: [
    {
      summary: "x",
      make: () => ({ train }: Wrong) => ({ v: train.byRow(boom) }),
    },
    "fails in make()(): of its own",
  ],
  meter: [
    {
      summary: "x",
      open: () =>
        Promise.resolve({
          measure: () => Promise.resolve({ v: "3" }),
          close: () => Promise.resolve(),
        }),
    },
    "measure() gives as v a text, wanted a number",
  ],
};

const stage = {
  summary: "wrong",
  settings: { wrongly: notNegative(0, "<x>", "wrong: how much") },
  by: "wrongly",
  place: "gradient",
  make: () => ({ init: () => ({}), update: () => [[], {}] }),
};

const part = (cases: Record<string, [Wrong, string]>): Wrong =>
  Object.fromEntries(Object.entries(cases).map(([name, [it]]) => [name, it]));

/** A loss of which the functions read fields of their class. */
class Named {
  readonly #precisions = ["float32"] as const;
  readonly summary = "of a class";
  readonly settings = {};
  get precisions() {
    return this.#precisions;
  }
  make() {
    return Object.freeze({ ...softmax, precisions: this.precisions });
  }
}

const wrong = defineExtension({
  losses: { ...part(LOSSES), ofClass: new Named() as Wrong },
  tasks: part(TASKS),
  models: part(MODELS),
  optimizers: part(OPTIMIZERS),
  metrics: part(METRICS),
  stages: { wrongStage: stage as Wrong },
});

const CASES: [
  key: string,
  one: string,
  cases: Record<string, [Wrong, string]>,
][] = [
  ["loss", "loss", LOSSES],
  ["task", "task", TASKS],
  ["model", "model", MODELS],
  ["optimizer", "optimizer", OPTIMIZERS],
  ["metrics", "group of metrics", METRICS],
];

for (const [key, one, cases] of CASES) {
  Deno.test(`a ${one} of an extension that throws, or gives what is not wanted, is named, and nothing is written`, () =>
    withTempDir(async (dir) => {
      for (const [name, [, says]] of Object.entries(cases)) {
        const error = await assertRejects(
          () =>
            train({ ...tiny, [key]: key === "metrics" ? [name] : name }, {
              use: [wrong],
              run: join(dir, name),
            }),
          Error,
          says,
          name,
        );
        const { message } = error;
        assert(
          message.startsWith(`The ${one} ${name} of the extension /`),
          message,
        );
        assert(message.includes("guard_test.ts"), message);
        assert(!message.includes("\n"), message);
        assertEquals(message.match(/of the extension/g)!.length, 1, message);
        // Its class is kept.
        assertEquals(error instanceof OwnError, says.endsWith("of its own"));
        // A meter measures what has begun.
        if (name !== "meter") assertEquals(await contentsOf(dir), {}, name);
        else await Deno.remove(join(dir, name), { recursive: true });
      }
    }));
}

Deno.test("a stage is named, a definition of a class is used as it is", () =>
  withTempDir(async (dir) => {
    await assertRejects(
      () =>
        train({ ...tiny, wrongly: 1 } as Wrong, {
          use: [wrong],
          run: join(dir, "a"),
        }),
      TypeError,
      "update() gives as updates a list of 0, wanted an object of tensors",
    );
    const { final } = await train({ ...tiny, loss: "ofClass" } as Wrong, {
      use: [wrong],
      run: join(dir, "b"),
    });
    const own = await train({ ...tiny, loss: "softmax" }, {
      run: join(dir, "c"),
    });
    assertEquals(final, own.final);
  }));
