/** Fourier and progress measures held to NumPy (tests/golden/probes/make_progress.py). */

import { assertEquals } from "@std/assert";
import { fourier, ProbeContext, progress } from "../../../lib/probes/mod.ts";
import { ask } from "../../../lib/probes/asking/probe_checkpoint.ts";
import { assertClose, golden, tensorOf } from "../../_golden.ts";
import { tableNetwork } from "../_contexts.ts";

interface Reference {
  readonly task: "add" | "subtract" | "product" | "divide";
  readonly modulus: number;
  readonly keys: number[];
  readonly hidden: number[][];
  readonly out: number[][];
  readonly embedding: number[][];
  readonly train: number[];
  readonly expected:
    & {
      readonly [name: string]: number;
    }
    & Record<
      | "restricted_by_frequency"
      | "excluded_by_frequency"
      | "amplitudes"
      | "explained"
      | "map_cos"
      | "map_sin"
      | "embedding_cos"
      | "embedding_sin"
      | "neuron_frequencies"
      | "neuron_shares",
      number[]
    >
    & { readonly neurons_on_waves: (number | null)[][] };
}

// Sums of some hundred float64 terms of size 1 in another order: ε·√(7³·9) ≈ 10⁻¹⁴,
// a hundredfold by the least squares of the reference.
const ROUNDING = { relative: 1e-11, absolute: 1e-12 };

for (const reference of await golden<Reference[]>("probes/progress")) {
  const { task, modulus, keys, expected } = reference;
  Deno.test(`NumPy says the same of ${task} mod ${modulus}`, async () => {
    const table = await tableNetwork({
      config: { task, modulus, trainFraction: 0.5, precision: "float64" },
      hidden: tensorOf("float64", reference.hidden),
      out: tensorOf("float64", reference.out),
      embedding: tensorOf("float64", reference.embedding),
    });
    const rows = Int32Array.from(reference.train);
    const labels = rows.map((row) => table.task.labels[row]!);
    const context = new ProbeContext(table.model, {
      task: {
        ...table.task,
        split: () => ({ train: { rows, labels }, test: { rows, labels } }),
      },
    });
    const spectra = await ask(fourier, context);
    const result = await ask(progress, context, { keyFrequencies: keys });
    const map = spectra.neuron_logit_map!;
    const embedding = spectra.embedding!;
    const numbers: Record<string, (number | null)[]> = {
      full: [result.full.loss],
      train: [result.train!.loss],
      restricted: [result.restricted!.loss],
      excluded: [result.excluded!.loss],
      restricted_by_frequency: result.frequencies.map((f) => f.restricted_loss),
      excluded_by_frequency: result.frequencies.map((f) => f.excluded_loss),
      amplitudes: result.frequencies.map((f) => f.amplitude),
      explained: result.frequencies.map((f) => f.explained),
      trig_identity: [result.trig_identity],
      residual: [result.neuron_logit_residual],
      neurons_on_waves: result.frequencies.flatMap((
        f,
      ) => [f.neurons_on_cos, f.neurons_on_sin]),
      map_cos: [...map.cos_norms],
      map_sin: [...map.sin_norms],
      map_gini: [map.gini],
      embedding_cos: [...embedding.cos_norms],
      embedding_sin: [...embedding.sin_norms],
      embedding_gini: [embedding.gini],
      neuron_frequencies: [...spectra.layers[0]!.frequencies],
      neuron_shares: [...spectra.layers[0]!.shares],
      squared_weights: [result.squared_weights!["layers.1.W"]!],
    };
    assertEquals(Object.keys(numbers).sort(), Object.keys(expected).sort());
    for (const [name, found] of Object.entries(numbers)) {
      const wanted = [expected[name]!].flat(2) as (number | null)[];
      assertEquals(found.map((x) => x === null), wanted.map((x) => x === null));
      assertClose(found.map(Number), wanted.map(Number), ROUNDING, name);
    }
  });
}
