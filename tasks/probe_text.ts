/**
 * Probe results as text.
 *
 * @module
 */

import type { Probe, ProbeReport } from "../lib/probes/mod.ts";

const percent = (x: number) => `${(100 * x).toFixed(1)} %`;

/** What there is to ask. */
export function renderList(probes: readonly Probe[]): string {
  return probes.map(({ name, describe, needs }) =>
    `${name}\n  ${describe}\n  needs ${needs}`
  ).join("\n");
}

// Most of all frequencies are no key to anything.
function describeKeys(keys: readonly number[], all: number): string {
  return keys.length > all / 2
    ? `${keys.length} of ${all}, no sparse structure`
    : keys.join(", ");
}

/** A report for a terminal. */
export function renderReport(report: ProbeReport): string {
  const { fourier, "logit-scaling": scaling, ...others } = report.probes;
  const lines = [
    `${report.source}${report.step === null ? "" : ` (step ${report.step})`}`,
  ];
  if (fourier) {
    const { key_frequencies, power_share, gini, modulus } = fourier;
    lines.push(
      "",
      `fourier (mod ${modulus})`,
      `  key frequencies (a component above a quarter of the largest): ` +
        describeKeys(key_frequencies, fourier.cos_norms.length),
      `  they carry ${percent(power_share)} of the power; ` +
        `Gini coefficient ${gini.toFixed(3)}`,
    );
    for (const part of fourier.parts.length > 1 ? fourier.parts : []) {
      lines.push(
        `  ${part.weight}: ` +
          `${describeKeys(part.key_frequencies, part.cos_norms.length)} ` +
          `(${percent(part.power_share)})`,
      );
    }
  }
  if (fourier?.note) lines.push(`  note: ${fourier.note}`);
  if (scaling) {
    const { exponent, depth, homogeneous, rows } = scaling;
    const predicted = depth === null
      ? "no prediction: an operator is unknown"
      : homogeneous
      ? `homogeneous of degree ${depth}`
      : `not homogeneous, highest degree ${depth}`;
    lines.push(
      "",
      `logit-scaling (all ${scaling.samples} rows of the task)`,
      exponent === null
        ? `  logits are zero or out of range, no exponent (${predicted})`
        : `  logits grow like α^${exponent.toFixed(3)} (${predicted})`,
      "  α     logit scale  correlation  accuracy  loss       " +
        "collapse float16 / float32 / float64",
    );
    for (const row of rows) {
      const { float16, float32, float64 } = row.softmax_collapse;
      lines.push(
        `  ${String(row.alpha).padEnd(5)} ` +
          `${row.logit_scale.toPrecision(4).padEnd(12)} ` +
          `${row.correlation.toFixed(4).padEnd(12)} ` +
          `${percent(row.accuracy).padEnd(9)} ` +
          `${row.loss.toPrecision(4).padEnd(10)} ` +
          `${percent(float16)} / ${percent(float32)} / ${percent(float64)}` +
          (row.float16_overflow > 0
            ? ` (${percent(row.float16_overflow)} overflow float16)`
            : ""),
      );
    }
  }
  // A probe that has no text of its own yet.
  for (const [name, result] of Object.entries(others)) {
    lines.push("", name, JSON.stringify(result, null, 2));
  }
  for (const [name, reason] of Object.entries(report.skipped)) {
    lines.push("", `${name}: does not apply. ${reason}`);
  }
  return lines.join("\n");
}
