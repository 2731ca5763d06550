import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import type { ConfigInput } from "../../lib/config/config.ts";
import { decodeModel } from "../../lib/onnx/file/model.ts";
import { openSession } from "../../lib/onnx/runtime/session.ts";
import {
  type HostTensor,
  hostTensorOf,
  toNumbers,
} from "../../lib/numeric/tensor.ts";
import type { ProbeContext } from "../../lib/probes/mod.ts";
import { filterMatrix } from "../../lib/report/live/network.ts";
import { liveOf } from "../../lib/report/playground/live_section.ts";
import {
  type LiveModel,
  liveModel,
} from "../../lib/report/playground/live_model.ts";
import { contextOf } from "../probes/_contexts.ts";

const P = 13;
const MLP: ConfigInput = { modulus: P, hidden: [8, 6] };
const TRANSFORMER: ConfigInput = {
  modulus: P,
  model: "transformer",
  dModel: 8,
  heads: 2,
  dMlp: 16,
};

function made({ model }: ProbeContext): LiveModel {
  const bytes = model.encodeWithOutputs([]);
  return liveModel(decodeModel(bytes, "constructed"), {
    modulus: P,
    weights: model.weightNames,
  });
}

/** Handles that change nothing, but for some. */
function handles(
  { alpha, masks, filter, precision }: LiveModel,
  changed: Record<string, readonly number[]> = {},
): Record<string, HostTensor> {
  const feeds: Record<string, HostTensor> = {
    [alpha]: hostTensorOf(precision, [], changed[alpha] ?? [1]),
  };
  for (const { input, size, unit } of masks) {
    const values = changed[input] ?? new Array(size).fill(1);
    const shape = unit === "head" ? [size, 1] : [size];
    feeds[input] = hostTensorOf(precision, shape, values);
  }
  if (filter) {
    const { rows, parts, input } = filter;
    const elements = Array.from({ length: P }, (_, i) => i);
    const removed = new Set(changed[input] ?? []);
    feeds[input] = hostTensorOf(
      precision,
      [rows, rows],
      filterMatrix({ rows, parts, stride: P, elements }, removed),
    );
  }
  return feeds;
}

async function logits(
  context: ProbeContext,
  live: LiveModel,
  changed: Record<string, readonly number[]> = {},
): Promise<Float64Array> {
  // Without fusions the products with 1 are made as they stand.
  const session = await openSession(live.bytes, {
    optimization: "disabled",
    threads: 1,
  });
  try {
    const inputs = { ...context.inputs(), ...handles(live, changed) };
    return toNumbers((await session.run(inputs, ["logits"])).logits!);
  } finally {
    await session.close();
  }
}

async function plain(context: ProbeContext): Promise<Float64Array> {
  const session = await openSession(context.model.encodeWithOutputs([]), {
    optimization: "disabled",
    threads: 1,
  });
  try {
    return toNumbers((await session.run(context.inputs())).logits!);
  } finally {
    await session.close();
  }
}

for (
  const [name, config] of [
    ["MLP", MLP],
    ["MLP in float64", { ...MLP, precision: "float64" }],
    ["transformer", TRANSFORMER],
  ] as const
) {
  Deno.test(`liveModel() of an untouched ${name} is the checkpoint to the last bit`, async () => {
    const context = await contextOf(config);
    const live = made(context);
    assertEquals(await logits(context, live), await plain(context));
    await context.model.close();
  });
}

Deno.test("liveModel() of an untouched encoder differs in the order of sums only", async () => {
  const context = await contextOf({
    ...TRANSFORMER,
    model: "encoder",
    precision: "float64",
  });
  const live = made(context);
  const wanted = await plain(context);
  // ONNX Runtime packs weights that are constant, and adds in another order then.
  // Logits are about 1, sums have at most 16 terms, layers are 6 deep.
  (await logits(context, live)).forEach((z, i) =>
    assertAlmostEquals(z, wanted[i]!, 6 * 16 * Number.EPSILON)
  );
});

Deno.test("liveModel() names what can be switched off", async () => {
  const mlp = await contextOf(MLP);
  const { masks, filter } = made(mlp);
  assertEquals(masks.map(({ hook, unit, size }) => [hook, unit, size]), [
    ["layers.0.hook_post", "neuron", 8],
    ["layers.1.hook_post", "neuron", 6],
  ]);
  assertEquals(filter!.weight, "layers.0.W");
  assertEquals([filter!.rows, filter!.parts], [2 * P, 2]);
  const transformer = await contextOf(TRANSFORMER);
  const live = made(transformer);
  assertEquals(live.masks.map(({ hook, unit, size }) => [hook, unit, size]), [
    ["blocks.0.attn.hook_z", "head", 2],
    ["blocks.0.mlp.hook_post", "neuron", 16],
  ]);
  assertEquals([live.filter!.weight, live.filter!.rows], ["W_E", P + 1]);
});

Deno.test("α = 2 multiplies the logits of three layers without biases by 8", async () => {
  const context = await contextOf(MLP);
  const live = made(context);
  const doubled = await logits(context, live, { [live.alpha]: [2] });
  // Powers of two are exact in every sum.
  assertEquals(doubled, (await plain(context)).map((z) => 8 * z));
});

Deno.test("a mask takes a neuron out as if its outgoing weights were 0", async () => {
  const context = await contextOf(MLP);
  const live = made(context);
  const W = context.weight("layers.2.W");
  const without = toNumbers(W).map((w, i) => Math.floor(i / P) === 4 ? 0 : w);
  const other = await contextOf(MLP, {
    "layers.2.W": hostTensorOf("float32", W.shape, without),
  });
  const [, mask] = live.masks;
  assertEquals(
    await logits(context, live, { [mask!.input]: [1, 1, 1, 1, 0, 1] }),
    await plain(other),
  );
});

Deno.test("a mask takes a head out as if its W_O were 0", async () => {
  const context = await contextOf(TRANSFORMER);
  const live = made(context);
  const W = context.weight("blocks.0.attn.W_O");
  const half = W.data.length / 2;
  const without = toNumbers(W).map((w, i) => i < half ? 0 : w);
  const other = await contextOf(TRANSFORMER, {
    "blocks.0.attn.W_O": hostTensorOf("float32", W.shape, without),
  });
  assertEquals(
    await logits(context, live, { [live.masks[0]!.input]: [0, 1] }),
    await plain(other),
  );
});

Deno.test("filterMatrix() is a projection that removes its frequencies and no other", () => {
  for (const n of [12, 13]) {
    const elements = Array.from({ length: n }, (_, i) => i);
    const shape = { rows: n + 1, parts: 1, stride: n, elements };
    for (const removed of [[], [1], [2, 5], [6]]) {
      const F = filterMatrix(shape, new Set(removed));
      const after = (x: (i: number) => number) =>
        Array.from({ length: n + 1 }, (_, i) => {
          let sum = 0;
          for (let j = 0; j <= n; j++) sum += F[i * (n + 1) + j]! * x(j);
          return sum;
        });
      for (let k = 0; 2 * k <= n; k++) {
        for (const f of [Math.cos, Math.sin]) {
          // The row behind the group's is that of "=".
          const x = (i: number) => i < n ? f(2 * Math.PI * k * i / n) : 3;
          const y = after(x);
          for (let i = 0; i < n; i++) {
            const wanted = removed.includes(k) ? 0 : x(i);
            // Sums of n products of numbers up to 1, with cosines that are off by
            // up to 2⁻⁵² times their angles.
            assertAlmostEquals(y[i]!, wanted, 1e-13);
          }
          assertEquals(y[n], 3);
        }
      }
    }
  }
});

Deno.test("filterMatrix() follows the order of a multiplicative group", () => {
  // Powers of 2 mod 5; 0 belongs to no frequency.
  const shape = { rows: 5, parts: 1, stride: 5, elements: [1, 2, 4, 3] };
  const F = filterMatrix(shape, new Set([1]));
  const character = [7, 1, 0, 0, -1]; // cos(2πi/4) at 2^i, 7 at 0
  character[2] = 0;
  const after = character.map((_, i) =>
    character.reduce((sum, x, j) => sum + F[i * 5 + j]! * x, 0)
  );
  after.forEach((y, i) => assertAlmostEquals(y, i === 0 ? 7 : 0, 1e-15));
});

Deno.test("liveOf() refuses rows that nobody types", async () => {
  const context = await contextOf({
    task: "add",
    modulus: 11,
    encoding: "scalar",
    hidden: [4],
  });
  const bytes = context.model.encodeWithOutputs([]);
  let message = "";
  await liveOf(bytes, context).catch((error) => message = error.message);
  assert(/nobody types/.test(message), message);
});
