/**
 * Figures, and what they came to, in words.
 *
 * @module
 */

import { maxOf } from "../../lib/base/extremes.ts";
import { percent, table } from "../../lib/base/terminal.ts";
import {
  stepsText,
  tallyText,
  wordedText,
} from "../../lib/reproduce/claim_text.ts";
import { timeText } from "../../lib/train/threads/cost.ts";
import type { Cost, Listed } from "../../lib/reproduce/list.ts";
import type { Standing } from "../../lib/reproduce/options.ts";
import { extent, type Outcome } from "../../lib/reproduce/outcome.ts";

/** The list of figures: a line each. */
export function tableOfFigures(listed: readonly Listed[]): string {
  const cost = (one: Cost | null) =>
    one === null ? "?" : (one.from === "here" ? "" : "~") + timeText(one.ms);
  const rows = listed.map(({ name, title, cost: { full, quick }, ...one }) => [
    name,
    title.replace(/^Figure \d+: /, ""),
    cost(full),
    cost(quick),
    one.last ? extent(one.last) : one.claims.length > 0 ? "not run yet" : "–",
    one.claims.map(({ id, verdict }) => `${id} ${verdict ?? "–"}`).join(", "),
  ]);
  const missing = listed.flatMap(({ name, missing }) =>
    missing === null ? [] : [`${name} cannot be run here: ${missing}`]
  );
  const head = ["figure", "shows", "full", "quick", "last", "claims"];
  return [...table([head, ...rows]), ...missing].join("\n");
}

/** All about figures: settings, what is published, costs and claims. */
export function aboutText(listed: readonly Listed[]): string {
  return listed.map((figure) => {
    const { name, shows, settings, published, claims, cost } = figure;
    const { last, missing } = figure;
    const costText = (cost: Cost | null) =>
      cost === null ? "not measured yet" : timeText(cost.ms) +
        (cost.from === "here" ? "" : " on the machine of the published runs");
    return [
      `${name} shows ${shows}`,
      `  setting: ${settings}`,
      `  published: ${published}`,
      `  cost, two runs at a time: ${costText(cost.full)}, quick ` +
      costText(cost.quick),
      ...(missing === null ? [] : [`  cannot be run here: ${missing}`]),
      ...(last
        ? [
          `  last (${extent(last)}${
            last.from === "published" ? ", as published" : ""
          })`,
        ]
        : claims.length > 0
        ? ["  not run yet"]
        : []),
      ...claims.flatMap(({ id, statement, verdict, tally, provenance }) => [
        `  ${id} ${verdict ?? "not decided yet"}: ${statement}`,
        ...(tally ? [`     ${tallyText(tally)}`] : []),
        ...(provenance
          ? [
            `     worded by ${wordedText(provenance)}; rule written ` +
            `${provenance.written}: ${provenance.told}`,
          ]
          : []),
      ]),
    ].join("\n");
  }).join("\n\n");
}

/** What figures came to. */
export function outcomesText(
  outcomes: readonly Outcome[],
  folder: string,
): string {
  if (outcomes.length === 0) return "no finished run: nothing to publish";
  return outcomes.map((outcome) => {
    const { figure, title, rows, claims } = outcome;
    const width = maxOf([0, ...rows.map(({ what }) => what.length)]);
    const middle = maxOf([
      ...rows.map(({ published }) => published.length),
      "published".length,
    ]);
    return [
      `${title} (${extent(outcome)})`,
      ...(rows.length === 0
        ? []
        : [`  ${"".padEnd(width)}  ${"published".padEnd(middle)}  measured`]),
      ...rows.map(({ what, published, measured }) =>
        `  ${what.padEnd(width)}  ${published.padEnd(middle)}  ${measured}`
      ),
      ...claims.flatMap((
        { id, statement, verdict, why, tally, steps = [] },
      ) => [
        `  ${id} ${verdict}: ${statement}`,
        `     ${why}`,
        ...(tally ? [`     ${tallyText(tally)}`] : []),
        ...(steps.length > 0 ? [`     medians: ${stepsText(steps)}`] : []),
      ]),
      `  ${folder}/${figure}/figure.svg, table.md, verdict.json`,
    ].join("\n");
  }).join("\n\n");
}

/** Where a reproduction stands, in a line. */
export function standingText(
  { finished, of, training, left }: Standing,
): string {
  const running = training.map(({ job, step }) => {
    const { steps } = job.config;
    // Rounded down: what is not over is not 100 %; what has begun is not 0 %.
    const done = Math.floor(100 * step / steps) / 100 || step / steps;
    return `${job.figure} ${job.name} ${percent(done, 0)}`;
  });
  return `${finished} of ${of} runs, ${timeText(left)} left` +
    (running.length > 0 ? ` · ${running.join(" · ")}` : "");
}
