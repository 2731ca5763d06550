import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { randomKey } from "../../../lib/numeric/random.ts";
import {
  alarmsByChance,
  INDICATORS,
  movingIndicators,
  type RunWarnings,
  warningsOf,
} from "../../../lib/probes/dynamics/critical_slowing.ts";
import { earlyWarningStudy } from "../../../lib/probes/dynamics/warning_study.ts";
import type { MetricsRow } from "../../../lib/runs/run_folder.ts";

Deno.test("movingIndicators() of plus and minus one in turns", () => {
  const { variance, autocorrelation } = movingIndicators(
    [1, -1, 1, -1, 1, -1],
    5,
  );
  // Of five there is none, and their mean is ±1/5.
  assertEquals(variance.length, 2);
  for (const s2 of variance) assertAlmostEquals(s2!, 1 - 1 / 25, 1e-12);
  // Σ r_t r_{t+1} = −4·(4/5)(6/5).
  for (const rho of autocorrelation) {
    assertAlmostEquals(rho!, -4 * 24 / 25 / (24 / 5), 1e-12);
  }
});

Deno.test("movingIndicators() of a straight line has no variance", () => {
  const line = Array.from({ length: 30 }, (_, i) => 1e3 - 0.3 * i);
  const { variance, autocorrelation } = movingIndicators(line, 10);
  assertEquals(variance, Array(21).fill(0));
  assertEquals(autocorrelation, Array(21).fill(null));
  const broken = movingIndicators([1, NaN, 2, 3, 4], 4);
  assertEquals(broken.variance, [null, null]);
});

for (const phi of [0, 0.5, 0.9]) {
  Deno.test(`movingIndicators() of x′ = ${phi}x + noise`, () => {
    const stream = randomKey(5)("noise");
    const n = 40000;
    let x = 0;
    const values = Array.from(
      { length: n },
      () => x = phi * x + 0.3 * stream.normal(),
    );
    const indicators = movingIndicators(values, n);
    // Five standard errors: √((1 − φ²)/n) of ρ₁; of the variance
    // σ²√(2(1 + φ²)/(1 − φ²)/n) (Priestley, Spectral Analysis, 5.3.5).
    const wanted = 0.09 / (1 - phi ** 2);
    const error = wanted * Math.sqrt(2 * (1 + phi ** 2) / (1 - phi ** 2) / n);
    assertAlmostEquals(indicators.variance[0]!, wanted, 5 * error);
    assertAlmostEquals(
      indicators.autocorrelation[0]!,
      phi,
      5 * Math.sqrt((1 - phi ** 2) / n),
    );
  });
}

const OPTIONS = { window: 10, baseline: 20, deviations: 4, hold: 3 };

/**
 * A run that memorises at step 50, becomes restless, jumps and groks, each where
 * it is told; a row every 10 steps.
 */
function runOf(
  { seed = 0, restless = Infinity, jump = Infinity, length = 200 },
): MetricsRow[] {
  const stream = randomKey(seed)("run");
  return Array.from({ length }, (_, i) => {
    const step = 10 * i;
    const noise = (step >= restless ? 30 : 1) * stream.normal();
    return {
      step,
      train_accuracy: step < 50 ? 0.2 : 1,
      test_accuracy: step < jump ? 0.01 : 1,
      weight_norm: 10 * Math.exp(0.001 * noise),
      some_metric: noise,
    } as unknown as MetricsRow;
  });
}

Deno.test("warningsOf() finds when a metric became restless", () => {
  const restless = 800;
  const jump = 1500;
  const found = warningsOf(
    runOf({ restless, jump }),
    ["weight_norm", "some_metric", "no_such"],
    OPTIONS,
  ) as RunWarnings;
  assertEquals(found.memorised_at, 50);
  assertEquals(found.jumped_at, jump);
  assert(found.grokked);
  assertEquals(Object.keys(found.metrics), ["weight_norm", "some_metric"]);
  const { weight_norm, some_metric } = found.metrics;
  // Of exp(noise/1000) the logarithm, of what is below 0 too the number itself.
  assertEquals(weight_norm!.logarithm, true);
  assertEquals(some_metric!.logarithm, false);
  // The first window ends at its tenth row, step 140; the last before the jump.
  assertEquals(weight_norm!.steps[0], 140);
  assertEquals(weight_norm!.steps.at(-1), jump - 10);
  for (const { alarms } of [weight_norm!, some_metric!]) {
    const { step, lead } = alarms.variance!;
    // One restless value among ten is enough, three windows must hold it.
    assertEquals(step, restless + 20);
    assertEquals(lead, jump - step!);
    // Noise has no memory, restless or not.
    assertEquals(alarms.autocorrelation!.step, null);
  }
});

Deno.test("warningsOf() says why it cannot look at a run", () => {
  const early = warningsOf(runOf({ jump: 200 }), ["weight_norm"], OPTIONS);
  assert(String(early).includes("15 evaluations between memorisation and the"));
  const short = warningsOf(runOf({ length: 20 }), ["weight_norm"], OPTIONS);
  assert(String(short).includes("15 evaluations between memorisation and its"));
  const never = warningsOf(
    runOf({}).map((row) => ({ ...row, train_accuracy: 0.5 })),
    ["weight_norm"],
    OPTIONS,
  );
  assert(String(never).includes("never memorised"));
});

Deno.test("earlyWarningStudy() counts warnings and false alarms", () => {
  const { exposure, rates, left_out } = earlyWarningStudy(
    [
      runOf({ restless: 800, jump: 1500 }),
      runOf({ restless: 1000, jump: 1800, seed: 1 }),
      runOf({ jump: 1500, seed: 2 }), // grokked without a warning
      runOf({ seed: 3 }), // never, and quiet
      runOf({ restless: 900, seed: 4 }), // never, and a false alarm
      runOf({ restless: 1600, seed: 3 }), // never; the alarm comes too late
      runOf({ length: 10 }),
    ],
    ["weight_norm"],
    OPTIONS,
  );
  const [variance, autocorrelation] = rates;
  assertEquals(variance, {
    metric: "weight_norm",
    indicator: "variance",
    grokked: 3,
    warned: 2,
    median_lead: 680, // of 680 and 780 the lower
    never: 3,
    false_alarms: 1,
    false_alarm_rate: 1 / 3,
  });
  // Evaluations from step 50 to 1500, 1800 and 1500.
  assertEquals(exposure, 145);
  assertEquals(autocorrelation!.warned, 0);
  assertEquals(Object.keys(left_out), ["6"]);
});

Deno.test("alarmsByChance() is how often nothing gives an alarm", () => {
  const stream = randomKey(11)("nothing");
  const walk = (phi: number) => {
    let x = 0;
    return Array.from({ length: 150 }, () => x = phi * x + stream.normal());
  };
  const runs = Array.from({ length: 60 }, () => walk(0.3));
  const alarms = runs.map((values) => {
    const rows = values.map((x, i) => ({
      step: i,
      train_accuracy: 1,
      test_accuracy: 0,
      x,
    })) as unknown as MetricsRow[];
    return (warningsOf(rows, ["x"], OPTIONS) as RunWarnings).metrics["x"]!
      .alarms;
  });
  for (const indicator of INDICATORS) {
    const share = alarms.filter((a) => a[indicator]!.step !== null).length /
      alarms.length;
    const said = alarms.reduce((sum, a) => sum + a[indicator]!.by_chance!, 0) /
      alarms.length;
    assert(share > 0.02, `${indicator}: ${share}`);
    // Four standard errors of the share; φ of 29 values adds its own to the other.
    assertAlmostEquals(said, share, 4 * Math.sqrt(0.25 / runs.length));
  }
  const same = alarmsByChance(runs[0]!, OPTIONS);
  assertEquals(same, alarmsByChance(runs[0]!, OPTIONS));
  assertEquals(same.variance, alarms[0]!.variance!.by_chance);
  // A straight line has no autocorrelation.
  const line = runs[0]!.map((_, i) => i);
  assertEquals(alarmsByChance(line, OPTIONS), {
    variance: null,
    autocorrelation: null,
  });
});
