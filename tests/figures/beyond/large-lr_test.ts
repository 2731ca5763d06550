import { assertEquals } from "@std/assert";
import {
  addition,
  spurious,
} from "../../../lib/figures/beyond/large_lr/arms.ts";
import { compressed as compressedAt } from "../../../lib/figures/beyond/large_lr/arms.ts";
import type { Arm } from "../../../lib/figures/figure.ts";
import { probe } from "../../../lib/probes/asking/probe_checkpoint.ts";
import { checkpointsOf, readMetrics } from "../../../lib/runs/read.ts";
import { train } from "../../../lib/train/mod.ts";
import { withTempDir } from "../../tasks/_run.ts";
import { always, type Arms, type Constructed, testClaims } from "../_claims.ts";
import { compressed } from "../_measures.ts";

const each = (
  arms: readonly Arm[],
  of: (i: number) => Constructed,
): Arms => Object.fromEntries(arms.map(({ name }, i) => [name, of(i)]));

type Key = "accuracy" | "area" | "features";

// A number of each rate, from the lowest on; null of a run that never memorises.
const parity = (key: Key, values: readonly (number | null)[]) =>
  each(spurious, (i) => {
    const value = values[i]!;
    return {
      measures: {
        compressed: value === null ? null : compressed({ [key]: value }),
      },
    };
  });

const down = [8, 7, 6, 5, 4, 3, 2, 1];
// ρ = 1 − 6·Σd²/504: 0.5 of Σd² 42, less of 48.
const just = [5, 4, 3, 2, 1, 7, 6, 8];
const hardly = [5, 4, 3, 2, 1, 8, 7, 6];
const cases = (key: Key) => ({
  holds: parity(key, just),
  fails: [parity(key, down), parity(key, hardly)],
  neither: [
    // Four rates are left.
    parity(key, [1, 2, 3, 4, null, null, null, null]),
    parity(key, Array(8).fill(2)),
  ],
});

// The networks of decay grok from some rate on.
const decay = (
  values: readonly { sparse: number; area: number }[],
  grok: readonly boolean[] = Array(5).fill(true),
) =>
  each(addition.decay, (i) => ({
    columns: { test_accuracy: always(grok[i] ? 1 : 0.2) },
    measures: {
      compressed: compressed({
        features: values[i]!.sparse,
        area: values[i]!.area,
      }),
    },
  }));
const both = (values: readonly number[]) =>
  values.map((x) => ({ sparse: x, area: x }));
const rise = [1, 2, 3, 4, 5];

// The best test accuracy of each family, at its last rate.
const best = (sgd: number, adamw: number, withDecay: number): Arms => {
  const at = (arms: readonly Arm[], accuracy: number) =>
    each(arms, (i) => ({
      columns: { test_accuracy: always(i === 4 ? accuracy : 0) },
    }));
  return {
    ...at(addition.sgd, sgd),
    ...at(addition.adamw, adamw),
    ...at(addition.decay, withDecay),
  };
};
const diverged: Arms = {
  ...best(0, 0, 1),
  "sgd-lr300": { columns: { test_accuracy: always(1) }, diverged_at: 7 },
};

testClaims("large-lr", {
  C60: cases("accuracy"),
  C61: cases("area"),
  C62: cases("features"),
  C63: {
    holds: decay(both(rise)),
    fails: [
      decay(both(rise.toReversed())),
      // Both of the two must rise.
      decay(rise.map((x) => ({ sparse: x, area: -x }))),
      decay(rise.map((x) => ({ sparse: -x, area: x }))),
      // The others do not grok.
      decay(both([1, 2, 5, 4, 3]), [false, false, true, true, true]),
    ],
    neither: [decay(both(rise), [false, false, false, true, true])],
  },
  C64: {
    holds: best(0.96, 0, 1),
    fails: [best(0.9, 0.9, 1), diverged],
    neither: [best(1, 1, 0.5)],
  },
});

Deno.test("large-lr measures parity at the first evaluation with 100 %, addition at the end", () =>
  withTempDir(async (dir) => {
    const { config } = spurious[5]!;
    const some = { steps: 300, evalEvery: 20, checkpointEvery: 20 };
    const at = async (name: string, change: object) => {
      const run = `${dir}/${name}`;
      await train({ ...config, ...some, ...change }, { run });
      const found = await compressedAt(run) as { step: number } | null;
      return { run, found };
    };
    const { run, found } = await at("all", {});
    const row = (await readMetrics(run))
      .find((row) => row["train_accuracy"] === 1)!;
    assertEquals(found!.step, row.step);
    const { path } = (await checkpointsOf(run))
      .find(({ step }) => step === row.step)!;
    const { parts } = (await probe(path, ["compressibility"])).probes
      .compressibility!;
    const accuracy = Object.fromEntries(
      parts.map(({ name, accuracy }) => [name, accuracy]),
    );
    assertEquals(
      (found as unknown as { accuracy: object }).accuracy,
      accuracy,
    );
    assertEquals((await at("never", { lr: 1e-6 })).found, null);
    const sums = addition.sgd[0]!.config;
    const end = await at("sums", { ...sums, ...some, modulus: 7, lr: 0.1 });
    assertEquals(end.found!.step, 300);
  }));
