/**
 * The sensitivity to the learning rate in words.
 *
 * @module
 */

import { shown } from "../../lib/base/terminal.ts";
import type {
  LrSensitivity,
  SeedSpread,
} from "../../lib/sweeps/summaries/lr_sensitivity.ts";

/** A line for each group, and one for each prediction. */
export function sensitivityText(
  { columns, groups, bound, predictions }: LrSensitivity,
): string {
  const lines = groups.map(({ values, rates, seeds, train, test }) =>
    `${valuesText(values)}: S train ${spreadText(train)}, test ${
      spreadText(test)
    }; ${rates.length} rates from ${rates[0]} to ${rates.at(-1)}, ${seeds} ${
      seeds === 1 ? "seed" : "seeds"
    }`
  );
  const widths = predictions.map(({ values, lr, dModel }) =>
    `${
      valuesText({ ...values, lr })
    }: attention logits pass ${bound} at d_model ${
      dModel === null ? "never" : number(dModel)
    }`
  );
  return [
    `S = mean over the rates of min(loss, first loss) less the least; ` +
    `${columns.train}, ${columns.test}; median over the seeds, 95 %`,
    ...lines,
    ...widths,
  ].join("\n");
}

const number = (x: number) => String(Number(x.toPrecision(3)));

function spreadText(spread: SeedSpread | null): string {
  if (!spread) return "–";
  const { median, interval: [low, high] } = spread;
  return `${number(median)} (${number(low)} to ${number(high)})`;
}

const valuesText = (values: Readonly<Record<string, unknown>>) =>
  Object.entries(values)
    .map(([key, value]) => `${key} ${shown(String(value ?? "none"))}`)
    .join(", ") || "all";
