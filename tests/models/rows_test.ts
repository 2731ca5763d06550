/** What each model reads of a task's rows, and where its logits are read. */

import { assertEquals } from "@std/assert";
import { type ConfigInput, resolveConfig } from "../../lib/config/config.ts";
import { datasetOf, splitOf } from "../../lib/experiment/split.ts";
import { makeExperiment } from "../../lib/experiment/experiment.ts";

const rowsOf = (config: ConfigInput) =>
  datasetOf(resolveConfig({ modulus: 3, ...config })).inputs;

const pairs = [0, 1, 2].flatMap((a) => [0, 1, 2].map((b) => [a, b]));

Deno.test('the transformer reads "=", the token after the last, behind every row', () => {
  const config = { model: "transformer" } as const;
  assertEquals(rowsOf(config), pairs.map((pair) => [...pair, 3]));
  // In every part of a task that comes in parts as well.
  const parts = splitOf(resolveConfig({
    task: "composition",
    entities: 20,
    relations: 6,
    outDegree: 4,
    oodFraction: 0.3,
    inferredRatio: 0.5,
    ...config,
  }));
  const tokens = [parts.train, parts.test, parts.extra!["ood"]!]
    .flatMap(({ inputs }) => inputs.map((row) => row.at(-1)));
  assertEquals(new Set(tokens).size, 1);
});

Deno.test("the encoder and the MLP read rows as they are", () => {
  for (const model of ["encoder", "mlp"] as const) {
    assertEquals(rowsOf({ model }), pairs);
  }
});

Deno.test("biases: on for numbers, off for tokens, unless told otherwise", () => {
  const biases = (config: ConfigInput) =>
    JSON.stringify(
      makeExperiment(resolveConfig({ modulus: 5, hidden: [2], ...config }))
        .params,
      (key, value) => key === "data" ? undefined : value,
    ).includes('"b":');
  const bits = { task: "parity", bits: 4, samples: 9 } as const;
  assertEquals(
    [
      {},
      { biases: true },
      bits,
      { ...bits, biases: false },
      {
        encoding: "scalar",
      } as const,
    ].map(biases),
    [false, true, true, false, true],
  );
});
