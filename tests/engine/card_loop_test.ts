/** The loop for cards, on the processor: it does what the one that asks does. */

import { assert, assertEquals } from "@std/assert";
import { type ConfigInput, resolveConfig } from "../../lib/config/config.ts";
import type { Advance } from "../../lib/engine/engine.ts";
import { cardModel } from "../../lib/engine/onnx/card_loop.ts";
import { segmentsOf } from "../../lib/engine/onnx/card_plan.ts";
import { BLOCK } from "../../lib/engine/onnx/card_steps.ts";
import {
  ASKING,
  type LoopForm,
  PLANNED,
} from "../../lib/engine/onnx/loop_session.ts";
import { loopStep } from "../../lib/engine/onnx/traced_step.ts";
import { initialState } from "../../lib/engine/state.ts";
import { makeExperiment } from "../../lib/experiment/experiment.ts";
import type { GraphProto } from "../../lib/onnx/file/protobuf.ts";
import { optimizers } from "../../lib/optim/mod.ts";
import type { HostState } from "../../models/buffers.ts";
import { assertClose, valuesOf } from "../_golden.ts";
import { stageConfigs } from "../optim/_stages.ts";
import { cardBand, cardLoops } from "./_card_loop.ts";
import { GRADUAL, HUGE } from "./_huge.ts";

const small: ConfigInput = {
  modulus: 5,
  hidden: [8],
  biases: true,
  dModel: 8,
  heads: 2,
  dMlp: 8,
  dFf: 8,
  trainFraction: 0.6,
  eps: 1e-3,
  weightDecay: 0.01,
  momentum: 0.5,
  precision: "float64",
  lossPrecision: "float64",
  steps: 100,
};

const experimentsOf = (config: ConfigInput, seeds: readonly number[] = [0]) =>
  seeds.map((seed) =>
    makeExperiment(resolveConfig({ ...small, ...config, seed }))
  );

// Of the same arithmetic on tensors of other shapes the last bits may differ; a
// dozen steps multiply that by no more than a thousand.
const ROUNDING = 1000 * 2 ** -52;

function assertAlike(
  actual: { turns: readonly Advance[]; states: readonly HostState[] },
  expected: { turns: readonly Advance[]; states: readonly HostState[] },
) {
  const tolerance = { relative: ROUNDING, absolute: ROUNDING };
  assertEquals(actual.turns.length, expected.turns.length);
  for (const [r, { losses, evaluations }] of expected.turns.entries()) {
    const own = actual.turns[r]!;
    assertClose(own.losses, losses, tolerance, `losses of ${r}`);
    assertEquals(
      own.evaluations.map(({ step }) => step),
      evaluations.map(({ step }) => step),
    );
    for (const [i, { metrics, step }] of evaluations.entries()) {
      const { metrics: found } = own.evaluations[i]!;
      assertEquals(Object.keys(found), Object.keys(metrics));
      assertClose(
        Object.values(found) as number[],
        Object.values(metrics) as number[],
        tolerance,
        `metrics of ${r} at ${step}`,
      );
    }
    const [state, other] = [actual.states[r]!, expected.states[r]!];
    assertEquals(Object.keys(state), Object.keys(other));
    for (const [path, x] of Object.entries(other)) {
      assertEquals(state[path]!.shape, x.shape, path);
      assertClose(valuesOf(state[path]), valuesOf(x), tolerance, path);
    }
  }
}

const cases: Record<string, ConfigInput> = {
  ...Object.fromEntries(
    Object.keys(optimizers).map((optimizer) => [
      optimizer,
      { optimizer } as ConfigInput,
    ]),
  ),
  ...Object.fromEntries(
    Object.entries(stageConfigs).map(([name, config]) => [
      `stage ${name}`,
      config,
    ]),
  ),
  "a warm-up and half a cosine": { schedule: "cosine", warmup: 2 },
  "drops": { schedule: "step", lrStepEvery: 2 },
  "mini-batches, 2 an epoch": { batchSize: 7 },
  "mini-batches, 1 an epoch": { batchSize: 9 },
  "mini-batches and dropout": { batchSize: 4, dropout: 0.3 },
  "batch normalisation": { batchNorm: true, batchSize: 7 },
  "a transformer": { model: "transformer" },
  "an encoder with dropout": { model: "encoder", dropout: 0.1 },
};

for (const [name, config] of Object.entries(cases)) {
  Deno.test(`a card's loop trains as the one that asks: ${name}`, async () => {
    const experiments = experimentsOf(config);
    const found = [];
    for (const form of [PLANNED, ASKING]) {
      const { loops, states } = await cardLoops(experiments, form);
      // Not all from the start: what is counted goes on.
      const early = await loops.run(states, 0, 2, 1);
      found.push([early, await loops.run(early.states, 2, 9, 4)] as const);
      await loops.close();
    }
    const [planned, asked] = found as [typeof found[0], typeof found[0]];
    assertAlike(planned[0], asked[0]);
    assertAlike(planned[1], asked[1]);
    const [{ losses }] = asked[1].turns as [Advance];
    assertEquals(losses.length, 9);
    assert(losses.some((loss) => loss !== losses[0]));
  });
}

const bands: Record<string, readonly ConfigInput[]> = {
  "of one config": [{}, {}, {}],
  "of several rates, with a warm-up": [
    { lr: 0.01, warmup: 3 },
    { lr: 0.02, weightDecay: 0.1, warmup: 3 },
  ],
  "in mini-batches": [{ batchSize: 7 }, { batchSize: 7 }],
};

for (const [name, configs] of Object.entries(bands)) {
  Deno.test(`a card's loop trains replicas ${name}`, async () => {
    const experiments = configs.flatMap((config, i) =>
      experimentsOf(config, [i])
    );
    const found = [];
    for (const form of [PLANNED, ASKING]) {
      const { loops, states } = await cardLoops(experiments, form);
      found.push(await loops.run(states, 0, 7, 3));
      await loops.close();
    }
    assertAlike(found[0]!, found[1]!);
    const [one, other] = found[0]!.turns as [Advance, Advance];
    assert(one.losses[0] !== other.losses[0]);
  });
}

Deno.test("a card's loop evaluates where the one that asks does, wherever it begins and ends", async () => {
  const experiments = experimentsOf({ warmup: 5 });
  const planned = await cardLoops(experiments, PLANNED);
  const asking = await cardLoops(experiments, ASKING);
  let evaluations = 0;
  for (const every of [1, 2, 5, 1000]) {
    for (const first of [0, 1, 4, 5, 999]) {
      for (const count of [1, 2, 3, 6, 11]) {
        const [own, other] = [
          await planned.loops.run(planned.states, first, count, every),
          await asking.loops.run(asking.states, first, count, every),
        ];
        assertAlike(own, other);
        const due = (step: number) => Math.floor((step - 1) / every);
        const expected = due(first + count) - due(first);
        assertEquals(own.turns[0]!.evaluations.length, expected);
        evaluations += expected;
      }
    }
  }
  assert(evaluations > 100);
  await planned.loops.close();
  await asking.loops.close();
});

Deno.test("a card's loop counts on from block to block, in float32 too", async () => {
  const experiments = experimentsOf({
    precision: "float32",
    lossPrecision: "float32",
    batchSize: 7,
    schedule: "cosine",
    steps: 1000,
    lr: 1e-4,
  });
  const { loops, states } = await cardLoops(experiments, PLANNED);
  const together = await loops.run(states, 0, 2 * BLOCK + 9, 1000);
  let now = states;
  const losses: number[] = [];
  for (let step = 0; step < 2 * BLOCK + 9;) {
    const count = Math.min(37, 2 * BLOCK + 9 - step);
    const part = await loops.run(now, step, count, 1000);
    losses.push(...part.turns[0]!.losses);
    now = part.states;
    step += count;
  }
  assertEquals(losses, together.turns[0]!.losses);
  assertEquals(now, together.states);
  await loops.close();
});

// How runs end, after 3 to 13 updates.
const ends: Record<string, (seed: number) => ConfigInput> = {
  // The weights grow by a factor in every step.
  "a loss that is not finite": (seed) => ({
    ...HUGE,
    seed,
    optimizer: "sgd",
    momentum: 0,
    lr: 1e-3,
    weightDecay: 11000 / seed,
  }),
  "a state that is not finite": (seed) => ({ ...GRADUAL, seed }),
};

/** Advances a band until no run goes on, and says all that was seen. */
async function story(
  configs: readonly ConfigInput[],
  calls: readonly number[],
  form: LoopForm,
) {
  const experiments = configs.map((config) =>
    makeExperiment(resolveConfig(config))
  );
  const band = await cardBand(experiments, form);
  const ended = new Set<number>();
  const seen = [];
  for (const count of calls) {
    const advances = await band.advance(count, 5);
    const last = [];
    for (const [r, { diverged }] of advances.entries()) {
      if (diverged === undefined || ended.has(r)) continue;
      ended.add(r);
      last.push(await band.at(diverged - 1));
    }
    seen.push({ advances, step: band.step, last });
    if (ended.size === advances.length) break;
  }
  await band.close();
  return seen;
}

// Of float32, and a growth that hands on what rounding leaves to all steps behind.
const SINGLE = { relative: 1000 * 2 ** -23, absolute: 0 };

/** Asserts that what was seen is the same but for rounding. */
function assertSame(actual: unknown, expected: unknown, path = ""): void {
  // Steps and lengths are whole numbers, and small.
  const isExact = Number.isInteger(expected) && expected as number < 100;
  if (typeof expected === "number" && !isExact) {
    assertClose([actual as number], [expected], SINGLE, path);
  } else if (ArrayBuffer.isView(expected)) {
    const [own, other] = [actual, expected] as unknown as Float32Array[];
    const largest = other!.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    const absolute = SINGLE.relative * largest;
    assertClose(own!, other!, { relative: 0, absolute }, path);
  } else if (typeof expected === "object" && expected !== null) {
    assertEquals(Object.keys(actual!), Object.keys(expected), path);
    for (const [key, value] of Object.entries(expected)) {
      assertSame(
        (actual as Record<string, unknown>)[key],
        value,
        `${path}.${key}`,
      );
    }
  } else assertEquals(actual, expected, path);
}

for (const [name, configOf] of Object.entries(ends)) {
  Deno.test(`a card's loop goes back from ${name}, wherever it is met`, async () => {
    const alone = [configOf(1)];
    const [whole] = await story(alone, [60], ASKING);
    const end = whole!.advances[0]!.diverged!;
    assert(end > 1 && end < 50, `ends at ${end}`);
    // Met in the middle, at the end, and at the beginning of a call.
    for (
      const calls of [[60], [end + 1], [end, 1], [end - 1, 20], [1, 1, 60]]
    ) {
      const seen = await story(alone, calls, PLANNED);
      assertSame(seen, await story(alone, calls, ASKING), `${calls}`);
      assertEquals(seen.at(-1)!.advances[0]!.diverged, end);
      assertEquals(seen.at(-1)!.step, end - 1);
    }
  });

  Deno.test(`a card's loop lets the others go on behind ${name}`, async () => {
    const band = [1, 2, 3].map(configOf);
    for (const calls of [[7], [2, 5]]) {
      const seen = await story(band, calls, PLANNED);
      assertSame(seen, await story(band, calls, ASKING), `${calls}`);
      const ended = seen.map(({ last }) => last.length);
      assertEquals(ended.reduce((a, b) => a + b), 1);
      const made = seen.at(-1)!.advances.map(({ losses }) => losses.length);
      assertEquals(made.filter((count) => count === calls.at(-1)).length, 2);
    }
  });
}

Deno.test("a plain step of a card asks nothing and makes nothing that its number says", async () => {
  const experiment = makeExperiment(
    resolveConfig({ ...small, batchSize: 7, schedule: "cosine", warmup: 3 }),
  );
  const state = await initialState(experiment);
  const step = await loopStep([experiment], state, { device: "cuda" });
  const { graph } = cardModel([step]);
  const bodiesIn = ({ node }: GraphProto): [op: string, body: GraphProto][] =>
    node.flatMap(({ opType, attribute }) =>
      attribute.flatMap(({ g }) =>
        g ? [[opType, g] as [string, GraphProto], ...bodiesIn(g)] : []
      )
    );
  const bodies = bodiesIn(graph!);
  // The segments, the evaluated step, whether there are plain ones, those.
  assertEquals(bodies.map(([op]) => op), ["Loop", "Loop", "Loop", "Scan"]);
  const opsOf = ({ node }: GraphProto) => node.map(({ opType }) => opType);
  const [evaluated, plain] = [bodies[1]!, bodies[3]!]
    .map(([, body]) => opsOf(body));
  // An order of the rows, corrections of moments, the schedule; the next count.
  for (const op of ["TopK", "BitShift", "Tanh", "Cos", "Floor", "Mod"]) {
    assert(!plain!.includes(op), op);
  }
  assert(evaluated!.includes("TopK") && evaluated!.includes("Tanh"));
  assertEquals(
    bodies[3]![1].input.filter(({ name }) => name.endsWith(".count")),
    [],
  );
});

Deno.test("segments have every step once, and evaluations at their beginnings", () => {
  for (const every of [1, 3, BLOCK, BLOCK + 1, 3 * BLOCK]) {
    for (const first of [0, 1, 2, BLOCK + 1]) {
      for (const count of [0, 1, 4, 2 * BLOCK + 3]) {
        let step = first;
        for (
          const { first: at, evaluated, plain } of segmentsOf({
            count,
            first,
            every,
          })
        ) {
          assertEquals(at, step);
          assertEquals(evaluated, at % every === 0);
          assert(plain <= BLOCK && plain >= 0);
          for (let i = at + 1; i < at + plain + Number(evaluated); i++) {
            assert(i % every !== 0, `${i} is evaluated`);
          }
          step += plain + Number(evaluated);
        }
        assertEquals(step, first + count);
      }
    }
  }
});
