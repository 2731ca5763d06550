/** Keys that are refused where there is nothing for them to change. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  ConfigError,
  type ConfigInput,
  resolveConfig,
} from "../../lib/config/config.ts";
import { transformer } from "../../models/transformer.ts";

const REFUSED: readonly (readonly [ConfigInput, string])[] = [
  [
    { qkNorm: true },
    "--qk-norm must be off with --model mlp, which has no queries and keys: use " +
    "--model transformer or encoder",
  ],
  [
    { model: "transformer", qkNorm: true, dModel: 4, heads: 4 },
    "--qk-norm must have heads of 2 numbers or more, got --heads 4 of --d-model " +
    "4: the LayerNorm of one number is always 0",
  ],
  [{ loss: "softmax", zLoss: -1 }, "--z-loss must be 0 or more, got -1"],
  // Also where the loss is another one later.
  [
    {
      loss: "softmax",
      zLoss: 1e-4,
      switches: [{ at: 10, config: { loss: "mse" } }],
    },
    "--z-loss must be 0 with --loss mse",
  ],
];

for (const [config, message] of REFUSED) {
  Deno.test(`resolveConfig() refuses ${JSON.stringify(config)}`, () => {
    assertThrows(() => resolveConfig(config), ConfigError, message);
  });
}

Deno.test("transformer() refuses to normalise one number", () => {
  assertThrows(
    () =>
      transformer({
        vocabulary: 3,
        length: 2,
        classes: 3,
        dModel: 2,
        heads: 2,
        dMlp: 3,
        qkNorm: true,
      }),
    RangeError,
    "Cannot normalise queries and keys of 2 heads of d_model 2",
  );
});

Deno.test("what is off is not in a config, and what is on is", () => {
  const plain: ConfigInput = { model: "transformer", loss: "softmax" };
  const off = resolveConfig({ ...plain, qkNorm: false, zLoss: 0 });
  assertEquals(
    JSON.stringify(off),
    JSON.stringify(resolveConfig(plain)),
  );
  const on = resolveConfig({ ...plain, qkNorm: true, zLoss: 1e-4 });
  assert(on.qkNorm && on.zLoss === 1e-4);
  assertEquals(resolveConfig(on), on);
  assertEquals(resolveConfig({ ...plain, dModel: 8, heads: 4 }).dModel, 8);
  assert(resolveConfig({ ...plain, dModel: 8, heads: 4, qkNorm: true }));
});
