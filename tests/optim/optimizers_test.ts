/**
 * Eight steps of every optimizer and stage, held to PyTorch's own and to NumPy
 * (tests/golden/optim/make_optimizers.py).
 */

import { assertThrows } from "@std/assert";
import { type ConfigInput, resolveConfig } from "../../lib/config/config.ts";
import { type HostTensor, hostTensorOf } from "../../lib/numeric/tensor.ts";
import { optimizerOf } from "../../lib/experiment/experiment.ts";
import { type Tree, treeOf } from "../../lib/base/tree.ts";
import { assertClose, golden, valuesOf } from "../_golden.ts";
import { take } from "./_steps.ts";

type Flat = Record<string, number[]>;

interface Golden {
  readonly shapes: Record<string, number[]>;
  readonly params: Flat;
  readonly gradients: readonly Flat[];
  readonly runs: readonly {
    readonly name: string;
    readonly dtype: "float32" | "float64";
    readonly settings: ConfigInput;
    readonly after: Record<string, Flat>;
  }[];
}

const { shapes, params, gradients, runs } = await golden<Golden>(
  "optim/optimizers",
);

const tree = (values: Flat, dtype: "float32" | "float64"): Tree<HostTensor> =>
  treeOf(
    Object.entries(values).map(([path, flat]) =>
      [path, hostTensorOf(dtype, shapes[path]!, flat)] as const
    ),
  );

// A step rounds a few times, by half a last place of numbers up to 10; nothing
// in these runs multiplies it but Newton–Schulz, whose slope at 0 is 3.4445⁵ of a
// singular value beside the largest, and Grokfast, whose sums are of gradients up
// to 10 six times over. Eight steps make less than a hundred of all that.
const TOLERANCE = {
  float32: { relative: 0, absolute: 100 * 10 * 2 ** -24 },
  float64: { relative: 0, absolute: 100 * 10 * 2 ** -53 },
};

for (const { name, dtype, settings, after } of runs) {
  Deno.test(`${name} makes the reference's steps, in ${dtype}`, async () => {
    const taken = await take(
      optimizerOf(resolveConfig(settings)),
      tree(params, dtype),
      gradients.map((g) => tree(g, dtype)),
    );
    for (const [step, expected] of Object.entries(after)) {
      for (const [path, values] of Object.entries(expected)) {
        assertClose(
          valuesOf(taken.params[Number(step) - 1]![path]),
          values,
          TOLERANCE[dtype],
          `${path} after ${step} steps`,
        );
      }
    }
  });
}

const REFUSED: [config: ConfigInput, message: string][] = [
  [{ clipNorm: 0 }, "--clip-norm must be above 0, got 0"],
  [{ clipValue: -1 }, "--clip-value must be above 0, got -1"],
  [{ grokfastAlpha: 1 }, "--grokfast-alpha must lie in [0, 1), got 1"],
  [{ grokfastWindow: 1 }, "--grokfast-window must be an integer in 2..1000"],
  [{ lrFloor: 1 }, "--lr-floor must lie in [0, 1), got 1"],
  [{ lrStepEvery: 0 }, "--lr-step-every must be an integer of 1 or more"],
  [{ l1: -0.1 }, "--l1 must be 0 or more, got -0.1"],
  [
    { optimizer: "sgd", perpAt: "update", weightDecay: 0.1 },
    "--perp-at must be gradient with L2 regularisation, which it would take " +
    "away again, got update and --weight-decay 0.1: use --weight-decay-kind " +
    "decoupled",
  ],
];

for (const [config, message] of REFUSED) {
  Deno.test(`resolveConfig() refuses: ${message}`, () => {
    assertThrows(() => resolveConfig(config), Error, message);
  });
}
