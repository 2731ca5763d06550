/** Spectra, key frequencies, phases and scores of a few numbers. */

import { assertAlmostEquals, assertEquals } from "@std/assert";
import { rootsOfGram } from "../../../lib/numeric/eigen.ts";
import { evenIndices } from "../../../lib/numeric/statistics.ts";
import { hostTensorOf } from "../../../lib/numeric/tensor.ts";
import { scoresOver } from "../../../lib/probes/context/cross_entropy.ts";
import { phasesOf } from "../../../lib/probes/dynamics/phases.ts";
import {
  keyFrequenciesOf,
  spectrum,
} from "../../../lib/probes/fourier/key_frequencies.ts";
import { clustersOf } from "../../../lib/probes/fourier/neurons.ts";
import { tableNetwork } from "../_contexts.ts";

const P = 11;
const residues = Array.from({ length: P }, (_, i) => i);
const wave = (k: number, x: number, phase = 0) =>
  Math.cos(2 * Math.PI * k * x / P + phase);

Deno.test("spectrum(): norms by frequency, and keys above a quarter of the largest", () => {
  const parts: [k: number, amplitude: number][] = [[1, 4], [2, 1.04], [
    4,
    0.96,
  ]];
  const { cos_norms, sin_norms, key_frequencies, power_share, constant_norm } =
    spectrum("w", {
      rows: P,
      columns: 1,
      data: Float64Array.from(
        residues,
        (x) => 3 + parts.reduce((sum, [k, a]) => sum + a * wave(k, x), 0),
      ),
    });
  const root = Math.sqrt(P / 2); // ‖cos‖
  assertAlmostEquals(constant_norm, 3 * Math.sqrt(P), 1e-12);
  const wanted = [4, 1.04, 0, 0.96, 0].map((a) => a * root);
  cos_norms.forEach((x, i) => assertAlmostEquals(x, wanted[i]!, 1e-12));
  sin_norms.forEach((x) => assertAlmostEquals(x, 0, 1e-12));
  assertEquals(key_frequencies, [1, 2]);
  const [a, b, c] = parts.map(([, a]) => a ** 2) as [number, number, number];
  assertAlmostEquals(power_share!, (a + b) / (a + b + c), 1e-12);
});

Deno.test("a key frequency is one that two of three rules name", async () => {
  const f64 = (rows: number[][]) =>
    hostTensorOf("float64", [rows.length, rows[0]!.length], rows.flat());
  const ks = [2, 5];
  const both = (x: number) =>
    ks.flatMap((k) => [wave(k, x), wave(k, x, -Math.PI / 2)]);
  const context = await tableNetwork({
    config: { modulus: P, trainFraction: 0.5, precision: "float64" },
    hidden: f64(residues.flatMap((a) => residues.map((b) => both(a + b)))),
    out: f64([0, 1, 2, 3].map((i) => residues.map((c) => both(c)[i]!))),
    // The embedding has one of the two, and one that nothing else has.
    embedding: f64(residues.map((a) => [wave(2, a), wave(3, a)])),
  });
  const { key_frequencies, rules, agreement } = await keyFrequenciesOf(
    context,
    0.85,
  );
  assertEquals(rules, {
    neurons: [2, 5],
    neuron_logit_map: [2, 5],
    embedding: [2, 3],
  });
  assertEquals(key_frequencies, [2, 5]);
  assertEquals(agreement, 1 / 3);
});

Deno.test("clustersOf() takes neurons from a share on, by frequency", () => {
  const layer = {
    activation: "h",
    linear_power: [],
    product_power: [],
    frequencies: [3, 1, 3, null, 1],
    shares: [0.85, 0.9, 0.8499, null, 1],
  };
  assertEquals(clustersOf(layer, 0.85), [
    { frequency: 1, neurons: [1, 4] },
    { frequency: 3, neurons: [0] },
  ]);
});

Deno.test("rootsOfGram() has zeros where there is no rank", async () => {
  const gram = (v: number[]) => ({
    rows: v.length,
    columns: v.length,
    data: Float64Array.from(v.flatMap((a) => v.map((b) => a * b))),
  });
  for (const v of [[1, 2, 3], [0.1, 0.7, -0.3, 5], [0, 0]]) {
    const [first, ...rest] = await rootsOfGram(gram(v));
    assertAlmostEquals(first!, Math.hypot(...v), 1e-14 * Math.hypot(...v));
    assertEquals(rest, rest.map(() => 0));
  }
});

Deno.test("evenIndices() are spread evenly from the first on", () => {
  assertEquals(evenIndices(10, 4), [0, 2, 5, 7]);
  assertEquals(evenIndices(3, 5), [0, 1, 2]);
  assertEquals(evenIndices(6, 3), [0, 2, 4]);
});

Deno.test("scoresOver() takes the labels of the rows that are asked for", () => {
  const scores = {
    largest: [0, 1, 2, 2],
    loss: (row: number, label: number) => 10 * row + label,
  };
  assertEquals(scoresOver(scores, [3, 1], [2, 0]), {
    loss: (32 + 10) / 2,
    accuracy: 1 / 2,
  });
});

// A run's measures at each checkpoint: the excluded loss, and the test accuracy.
function phases(...at: readonly (readonly [excluded: number, test: number])[]) {
  const series = at.map(([loss, accuracy], i) => {
    const score = { loss: i, accuracy };
    return {
      step: 100 * i,
      result: {
        key_frequencies: [1],
        train: score,
        test: score,
        full: score,
        restricted: score,
        excluded: { loss, accuracy: 0 },
        trig_identity: null,
        sum_of_squared_weights: 1,
      },
    };
  });
  const { memorisation, circuit_formation, cleanup } = phasesOf(
    series as unknown as Parameters<typeof phasesOf>[0],
  );
  return [memorisation, circuit_formation, cleanup].map((end) =>
    end?.step ?? null
  );
}

Deno.test("phasesOf(): clean-up ends where 99 % are right once the circuit is there", () => {
  // A rise from 1 to 6, of which 5.5 is nine tenths.
  assertEquals(
    phases([2, 1], [1, 0], [5.4, 0.99], [5.5, 0.9], [6, 0.99]),
    [100, 300, 400],
  );
  assertEquals(phases([1, 0], [6, 0.9899], [6, 0.99]), [0, 100, 200]);
  assertEquals(phases([1, 0], [6, 0.5]), [0, 100, null]);
  // Half a nat is a circuit, less is none.
  assertEquals(phases([1, 0], [1.5, 1]), [0, 100, 100]);
  assertEquals(phases([1, 0], [1.4999, 1]), [null, null, null]);
});
