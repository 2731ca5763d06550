/** What probes found, in sentences. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  probe,
  type ProbeName,
  type ProbeProgress,
} from "../../../lib/probes/mod.ts";
import { summaryOf } from "../../../lib/probes/asking/summary.ts";

const EXPORT = new URL("../../golden/pytorch_export.onnx", import.meta.url)
  .pathname;

// Results as they are, but for what no sentence reads.
const results = (parts: Record<string, unknown>) =>
  parts as Parameters<typeof summaryOf>[0];

const scores = (loss: number, accuracy: number) => ({ loss, accuracy });

const ALL = results({
  progress: {
    key_frequencies: [3, 7],
    full: scores(0.004768, 1),
    train: scores(0.0025, 1),
    test: scores(0.02, 0.995),
    restricted: scores(0.0016, 1),
    excluded: scores(2.5, 0.125),
  },
  fourier: { key_frequencies: [3, 7], order: 23, agreement: 0.5 },
  margin: {
    train: { positive: 1, at_quantiles: [2.5] },
    test: { positive: 0.75, at_quantiles: [-1.25] },
  },
  "numerical-stability": {
    logit_gap: 9.5,
    softmax: [
      { precision: "float16", softmax_collapse: 1, threshold: 11 },
      { precision: "float32", softmax_collapse: 0.25, threshold: 19.5 },
    ],
  },
  nlm: { trained: { cos: 0.9 }, float64: { cos: 0.5 } },
  geometry: { weight_norm: 22.39, weights: [] },
});

Deno.test("the weightiest findings come first, in six sentences", () => {
  assertEquals(summaryOf(ALL, {}), [
    "It answers 100.0 % of all pairs right, 99.5 % of the test rows; the loss " +
    "over all is 0.004768.",
    "It computes with 2 of 11 frequencies, 3, 7; the rules for them agree to " +
    "50.0 %.",
    "With nothing but the waves of the key frequencies in its logits the loss " +
    "over all pairs is 0.001600 in place of 0.004768; without them the train " +
    "loss is 2.500 in place of 0.002500.",
    "100.0 % of the train rows have a margin above 0, the least 2.500; 75.0 % " +
    "of the test rows have a margin above 0, the least -1.250.",
    "A float32 softmax loses 25.0 % of the train rows (Softmax Collapse): the " +
    "largest logit lies 9.500 above the second, and at 19.50 a row is lost.",
    "In float64 25.0 % of the gradient's square only scales the weights up " +
    "(cos(θ, −grad) is 0.5000).",
  ]);
});

Deno.test("what is left out takes the place of the last sentence", () => {
  const why = "it has none";
  const said = summaryOf(ALL, { attention: why, phases: why });
  assertEquals(said.length, 6);
  assertEquals(said.slice(0, 5), summaryOf(ALL, {}).slice(0, 5));
  assertEquals(
    said[5],
    "2 probes are left out, attention, phases: why stands at the end.",
  );
});

Deno.test("few probes make few sentences, and what is not known is said", () => {
  const { fourier } = ALL;
  assertEquals(summaryOf({ geometry: ALL.geometry! }, {}), [
    "All weights together have length 22.39.",
  ]);
  const of = (keys: number[] | null, agreement: number | null) =>
    summaryOf(
      { fourier: { ...fourier!, key_frequencies: keys, agreement } },
      {},
    );
  assertMatch(of(null, null)[0]!, /not known: .*--map auto proposes them/);
  assertEquals(of([], null), ["No frequency is a key to it."]);
  assertEquals(of([1, 2, 3, 4, 5, 6], 1), [
    "It has no sparse structure: 6 of 11 frequencies count as key ones.",
  ]);
  assertEquals(of([1, 2, 3, 4, 5], null), [
    "It computes with 5 of 11 frequencies, 1, 2, 3, 4, 5.",
  ]);
});

Deno.test("a file without known names: no key frequencies are claimed, and what is measured of them is null", async () => {
  const told: ProbeProgress[] = [];
  const { probes, summary } = await probe(EXPORT, undefined, {
    modulus: 23,
    onProgress: (progress) => told.push(progress),
  });
  const { fourier, progress } = probes;
  assertEquals(fourier!.key_frequencies, null);
  assertEquals(fourier!.rules, {
    neurons: null,
    neuron_logit_map: null,
    embedding: null,
  });
  const { key_frequencies, restricted, excluded, trig_identity } = progress!;
  assertEquals(
    { key_frequencies, restricted, excluded, trig_identity },
    {
      key_frequencies: null,
      restricted: null,
      excluded: null,
      trig_identity: null,
    },
  );
  assertEquals(progress!.full.accuracy, 1);
  assert(summary.length === 5 || summary.length === 6, summary.join("\n"));
  assertMatch(summary.join(" "), /Its key frequencies are not known/);
  for (const sentence of summary) assertMatch(sentence, /^[A-Z0-9].*\.$/);
  // How far it is was told, and of what: from none of the probes to all.
  const { done, total } = told.at(-1)!;
  assertEquals([told[0]!.what, told[0]!.done, done], ["probes", 0, total]);
  const names = new Set(told.slice(1).map(({ what }) => what));
  assert(names.has("fourier" satisfies ProbeName), [...names].join());
  assert(told.every((at, i) => i === 0 || at.done >= told[i - 1]!.done));
});

Deno.test("frequencies that are given are measured without any name", async () => {
  const { probes } = await probe(EXPORT, ["progress"], {
    modulus: 23,
    settings: { keyFrequencies: [3] },
  });
  assertEquals(probes.progress!.key_frequencies, [3]);
  assert(probes.progress!.restricted!.loss > 0);
});

Deno.test("a share that is not all of the rows is not told as 100 %", () => {
  const rows = 8836;
  const summary = summaryOf(
    results({
      margin: {
        train: { positive: 1, at_quantiles: [2.5] },
        test: { positive: (rows - 1) / rows, at_quantiles: [-0.34] },
      },
      "numerical-stability": {
        logit_gap: 9.5,
        softmax: [{
          precision: "float32",
          softmax_collapse: 1 / rows,
          threshold: 19.5,
        }],
      },
    }),
    {},
  );
  assertEquals(
    summary.find((line) => line.includes("margin")),
    "100.0 % of the train rows have a margin above 0, the least 2.500; " +
      "99.99 % of the test rows have a margin above 0, the least -0.3400.",
  );
  assertMatch(
    summary.find((line) => line.includes("Collapse"))!,
    /^A float32 softmax loses 0\.01 % of the train rows/,
  );
});
