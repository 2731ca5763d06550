/** Steps in a device's own memory, on the processor: those of the loop. */

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import type { HostState } from "../../models/buffers.ts";
import type { ConfigInput } from "../../lib/config/config.ts";
import { BoundSteps, plan } from "../../lib/engine/onnx/bound_steps.ts";
import { openLoops } from "../../lib/engine/onnx/loop_session.ts";
import { difference } from "../../lib/engine/onnx/tried_steps.ts";
import { packState } from "../../lib/engine/onnx/packed_state.ts";
import { type Form, loopStep } from "../../lib/engine/onnx/traced_step.ts";
import { initialStates } from "../../lib/engine/state.ts";
import type { Stepper } from "../../lib/engine/stepped_band.ts";
import { makeExperiment } from "../../lib/experiment/experiment.ts";
import { BoundSession } from "../../lib/onnx/native/bound_session.ts";
import { HostPlace, type Recorded } from "../../lib/onnx/native/place.ts";
import { replicaConfigs } from "../../lib/train/band/replicas.ts";
import { GRADUAL } from "./_huge.ts";
import { SMALL } from "./_twenty.ts";

async function stepOf(
  config: ConfigInput,
  replicas = 1,
  form: Form = "processor",
) {
  const experiments = replicaConfigs(config, { replicas }).map(makeExperiment);
  const initial = await initialStates(experiments);
  const step = await loopStep(experiments, initial[0]!, {}, form);
  const states = initial.map((state) => packState(state, step.packed));
  const options = { threads: 1 };
  return {
    states,
    loops: () => openLoops([step], [replicas], options),
    bound: (place = new HostPlace()) =>
      new BoundSteps(step, replicas, place, options),
  };
}

type Steps = Awaited<ReturnType<Stepper["run"]>>;

// Losses, states and when they are evaluated to the last bit. Metrics are outside an
// If here, where ONNX Runtime may put a transposition into a sum: they may differ in
// their last two places.
function assertEqualSteps(found: Steps, wanted: Steps, what = ""): void {
  const metrics = ({ turns }: Steps) =>
    turns.flatMap(({ evaluations }) =>
      evaluations.flatMap(({ metrics }) => Object.values(metrics))
    );
  const rest = ({ turns, states }: Steps) => ({
    states,
    turns: turns.map((turn) => ({
      ...turn,
      evaluations: turn.evaluations.map(({ step, metrics }) =>
        [step, Object.keys(metrics)] as const
      ),
    })),
  });
  assertEquals(rest(found), rest(wanted), what);
  const ours = metrics(found);
  metrics(wanted).forEach((wanted, i) => {
    const off = Math.abs(ours[i]! - wanted);
    const same = Object.is(ours[i], wanted);
    assert(same || off <= 4 * Number.EPSILON * Math.abs(wanted), what);
  });
}

const cases: Record<string, [ConfigInput, replicas?: number]> = {
  "an MLP": [SMALL],
  "a transformer with a schedule": [{
    ...SMALL,
    model: "transformer",
    lr: 1e-3,
    warmup: 10,
    schedule: "cosine",
    steps: 100,
  }],
  "dropout and mini-batches": [{ ...SMALL, dropout: 0.2, batchSize: 16 }],
  "float64": [{ ...SMALL, precision: "float64", lossPrecision: "float64" }],
  "a loss in float16": [{
    ...SMALL,
    loss: "softmax",
    perpGrad: false,
    lossPrecision: "float16",
  }],
  "three replicas": [SMALL, 3],
  "an optimizer whose state overflows": [GRADUAL],
};

for (const [name, [config, replicas]] of Object.entries(cases)) {
  Deno.test(`steps run one after the other are those of the loop: ${name}`, async () => {
    const { states, loops, bound } = await stepOf(config, replicas);
    const [wanted, found] = [await loops(), bound()];
    let a: readonly HostState[] = states;
    let b = a;
    let first = 0;
    const calls = [[1, 1], [5, 3], [24, 5], [17, 1000]] as const;
    for (const [count, every] of calls) {
      const one = await wanted.run(a, first, count, every);
      const other = await found.run(b, first, count, every);
      assertEqualSteps(other, one, `${count} steps from ${first}`);
      a = one.states;
      b = other.states;
      first += count;
    }
    // From where nobody stands any more, with the number of the step there.
    const again = await found.run(states, 3, 2, 4);
    assertEqualSteps(again, await wanted.run(states, 3, 2, 4));
    assertEqualSteps(
      await found.run(b, first, 2, 1000),
      await wanted.run(a, first, 2, 1000),
    );
    await wanted.close();
    await found.close();
  });
}

Deno.test("steps as a card computes them are those of the loop within rounding", async () => {
  const { states, loops, bound } = await stepOf(SMALL, 2, "card");
  const [wanted, found] = [await loops(), bound()];
  // With a step that is evaluated outside an If other operators become one.
  const { turns } = await wanted.run(states, 3, 12, 5);
  const other = (await found.run(states, 3, 12, 5)).turns;
  assertEquals(difference(turns, other), undefined);
  assertEquals(
    other.map(({ evaluations }) => evaluations.map(({ step }) => step)),
    [[5, 10], [5, 10]],
  );
  await wanted.close();
  await found.close();
});

Deno.test("steps are launched together between evaluations, and with the one before them", () => {
  const lengths = (first: number, count: number, every: number) =>
    plan(first, count, every)
      .map(({ steps, measured }) => measured ? -steps : steps);
  assertEquals(lengths(0, 1, 1), [-1]);
  assertEquals(lengths(0, 30, 10), [-10, -10, -10]);
  assertEquals(lengths(1, 30, 10), [4, 4, 1, -10, -10, -1]);
  assertEquals(lengths(5, 40, 1000), [16, 16, 4, 4]);
  assertEquals(lengths(99, 22, 100), [1, -1, 16, 4]);
  assertEquals(lengths(64, 65, 64), [-64, -1]);
  // Losses have no more rows.
  assertEquals(lengths(65, 65, 65), [-1, 16, 16, 16, 16]);
});

/** Where recorded work goes wrong from some launch on. */
class WrongPlace extends HostPlace {
  constructor(readonly right: number) {
    super();
  }
  override record(work: () => void): Recorded {
    let launches = 0;
    return { launch: () => launches++ < this.right ? work() : undefined };
  }
}

Deno.test("what was recorded is used only if it does what the steps do, twice", async () => {
  const { states, bound } = await stepOf(SMALL);
  for (const right of [0, 1]) {
    const steps = bound(new WrongPlace(right));
    await assertRejects(
      () => steps.run(states, 0, 1, 1),
      Error,
      "Cannot use recorded steps: they do not do what the steps do",
    );
    await steps.close();
  }
  const steps = bound(new WrongPlace(3));
  const { turns } = await steps.run(states, 0, 1, 1);
  assert(turns[0]!.losses[0]! > 0);
  await steps.close();
});

Deno.test("what ONNX Runtime says against a model is an error's message", () => {
  assertThrows(
    () => new BoundSession(Uint8Array.of(1, 2, 3), new HostPlace()),
    Error,
    "protobuf",
  );
});

Deno.test("memory that was not taken is not reached", () => {
  const place = new HostPlace();
  const block = place.allocate(5000);
  place.write(block + 4990n, new Uint8Array(10));
  assertThrows(
    () => place.write(block + 4991n, new Uint8Array(10)),
    RangeError,
    "Cannot reach 10 bytes",
  );
  assert(place.allocate(0) !== block);
  place.close();
});
