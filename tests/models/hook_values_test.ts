/**
 * The activations of checkpoints, held to PyTorch (tests/golden/networks/make_hooks.py):
 * of every hook what it stands for, before or behind which operation.
 */

import { assert, assertEquals } from "@std/assert";
import { checkpointWriter } from "../../lib/runs/checkpoint.ts";
import { ProbeModel } from "../../lib/onnx/inspect/probe_model.ts";
import { type HostTensor, hostTensorOf } from "../../lib/numeric/tensor.ts";
import { treeOf } from "../../lib/base/tree.ts";
import { mlp, type MlpOptions } from "../../models/mlp.ts";
import type { Model } from "../../models/model.ts";
import {
  transformer,
  type TransformerOptions,
} from "../../models/transformer.ts";
import { assertClose, golden, tensorOf, valuesOf } from "../_golden.ts";

type Flat = Readonly<Record<string, readonly number[]>>;

/** A network of models.json or batch_norm.json. */
interface Network {
  readonly options:
    & { readonly vocabulary: number; readonly length: number }
    & (TransformerOptions | Omit<MlpOptions, "input">);
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  readonly params: Flat;
  readonly buffers?: Flat;
  readonly tokens: readonly (readonly number[])[];
}

interface Activations {
  readonly rows: number;
  readonly activations: Readonly<Record<string, readonly (number | null)[]>>;
}

const reference = await golden<
  Record<"models" | "batch_norm", Record<string, Activations>>
>("networks/hooks");
const { cases } = await golden<{ cases: Record<string, Network> }>(
  "networks/models",
);
const normed = await golden<Record<string, Network>>("networks/batch_norm");

function modelOf({ options, buffers }: Network): Model {
  if (!("hidden" in options)) {
    return transformer(options as TransformerOptions);
  }
  const { vocabulary, length, ...sizes } = options;
  return mlp({
    ...sizes,
    input: { kind: "tokens", vocabulary, length },
    batchNorm: buffers !== undefined,
  });
}

/** All activations that a network's checkpoint gives, by its hooks' names. */
async function activationsOf(network: Network, rows: number) {
  const { shapes, params, buffers, options } = network;
  const tensors: Record<string, HostTensor> = Object.fromEntries(
    Object.entries({ ...params, ...buffers }).map(([path, values]) => [
      path,
      hostTensorOf("float64", shapes[path]!, values.map(Math.fround)),
    ]),
  );
  const writer = await checkpointWriter(
    modelOf(network),
    treeOf(Object.entries(tensors)),
  );
  const file = new ProbeModel(writer.encode(tensors, {}), "checkpoint");
  const tokens = tensorOf("int64", network.tokens.slice(0, rows));
  assertEquals(tokens.shape, [rows, options.length]);
  const values = await file.run({ tokens }, file.hookNames);
  await file.close();
  return values;
}

// Half of the last of the reference's 12 digits; and some hundred roundings, of
// which a few add up.
const CLOSE = { relative: 5e-12 + 1e-12, absolute: 1e-13 };

const networks = [
  ...Object.entries(reference.models).map(([name, expected]) =>
    [name, cases[name]!, expected] as const
  ),
  ...Object.entries(reference.batch_norm).map(([name, expected]) =>
    [`batch normalisation, ${name}`, normed[name]!, expected] as const
  ),
];

for (const [name, network, { rows, activations }] of networks) {
  Deno.test(`${name}: every hook has PyTorch's activations`, async () => {
    const found = await activationsOf(network, rows);
    assertEquals(Object.keys(found).sort(), Object.keys(activations).sort());
    for (const [hook, expected] of Object.entries(activations)) {
      const values = valuesOf(found[hook]);
      assertEquals(values.length, expected.length, hook);
      const seen = (i: number) => expected[i] !== null;
      // What may not be looked at is below any score.
      assert(values.every((x, i) => seen(i) || x < -1e9), hook);
      assertClose(
        values.filter((_, i) => seen(i)),
        expected.filter((x) => x !== null),
        CLOSE,
        hook,
      );
    }
  });
}
