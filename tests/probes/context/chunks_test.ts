// Probes of rows that come in chunks find what they find of all rows at once.

import { assert, assertEquals, assertThrows } from "@std/assert";
import { join } from "node:path";
import type { ConfigInput } from "../../../lib/config/config.ts";
import { limits } from "../../../lib/probes/context/chunks.ts";
import { checkHessian } from "../../../lib/probes/context/hessian_memory.ts";
import { NotApplicableError } from "../../../lib/probes/context/not_applicable.ts";
import { probe } from "../../../lib/probes/mod.ts";
import { train } from "../../../lib/train/train.ts";

// How far numbers may be apart, of the size of their like: sums in another order,
// and in the model's float32 the gradient's.
const NEAR = 1e-5;

function assertAlike(found: unknown, wanted: unknown, path: string): void {
  if (typeof wanted === "number" && typeof found === "number") {
    const off = Math.abs(found - wanted);
    const size = Math.max(Math.abs(found), Math.abs(wanted), 1e-6);
    assert(off <= NEAR * size, `${path}: ${found}, wanted ${wanted}`);
  } else if (typeof wanted === "object" && wanted !== null) {
    assertEquals(typeof found, "object", path);
    assertEquals(Object.keys(found as object), Object.keys(wanted), path);
    for (const [key, value] of Object.entries(wanted)) {
      const own = (found as Record<string, unknown>)[key];
      assertAlike(own, value, `${path}.${key}`);
    }
  } else assertEquals(found, wanted, path);
}

async function compare(config: ConfigInput, without: readonly string[]) {
  const folder = await Deno.makeTempDir();
  const usual = { ...limits };
  try {
    const run = join(folder, "run");
    const { checkpoint } = await train(config, { run });
    // So that clusters and frequencies are there to be taken out.
    const settings = { keyFrequencies: [2], neuronShare: 0.3 };
    const options = { threads: 1, settings } as const;
    const whole = await probe(checkpoint, undefined, options);
    Object.assign(limits, { whole: 0, chunk: 200 });
    const chunks = await probe(checkpoint, undefined, options);
    const left = Object.keys(whole.probes)
      .filter((name) => !without.includes(name));
    assertEquals(Object.keys(chunks.probes), left);
    for (const name of left) {
      const [a, b] = [chunks, whole]
        .map(({ probes }) => (probes as Record<string, unknown>)[name]);
      assertAlike(a, b, name);
    }
    return chunks;
  } finally {
    Object.assign(limits, usual);
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("probes of a perceptron find in chunks what they find at once", async () => {
  await compare({
    modulus: 11,
    hidden: [24, 16],
    steps: 150,
    evalEvery: 50,
    labelNoise: 0.1,
    trainFraction: 0.7,
  }, []);
});

Deno.test("a Hessian of rows that cannot fit is refused with both sizes", () => {
  const rows = 397_604;
  const experiment = {
    split: { train: { inputs: { length: rows }, labels: { length: rows } } },
    model: { widest: 997 },
  } as unknown as Parameters<typeof checkHessian>[0];
  // Fourteen numbers of eight bytes for each of the logits.
  const bytes = 14 * 8 * rows * 997;
  checkHessian(experiment, bytes);
  assertThrows(
    () => checkHessian(experiment, bytes - 1),
    NotApplicableError,
    "The Hessian of 397604 train rows takes at least 44.4 GB of memory, and " +
      "there are 44.4 GB: it is known of fewer rows",
  );
});
