/**
 * The phase diagram of docs/findings.md: what its claims come to, and its tables.
 *
 *     deno run --allow-read --allow-write docs/findings/phases.ts sweeps/phases phases.svg
 *
 * The rules were written before the sweep was trained.
 *
 * @module
 */

import { readEnded, readPlan } from "../../lib/sweeps/mod.ts";
import { claims } from "./phases/claims.ts";
import { type Outcome, outcomeOf } from "./phases/outcomes.ts";
import { phaseMap } from "./phases/map.ts";
import { table } from "./phases/table.ts";
import { panelsOf } from "./phases/panels.ts";

/** The runs of a sweep that have ended, with what came of each. */
async function* outcomes(folder: string): AsyncGenerator<Outcome> {
  for (const { id, config } of await readPlan(folder)) {
    const ended = await readEnded(folder, id);
    if (!ended || ended.state === "failed") continue;
    const rows = (await Deno.readTextFile(`${folder}/runs/${id}/metrics.jsonl`))
      .trimEnd().split("\n").map((line) => JSON.parse(line));
    yield outcomeOf(config, rows);
  }
}

if (import.meta.main) {
  const [folder, svg] = Deno.args;
  if (folder === undefined) {
    console.error("Which sweep? deno run --allow-read … sweeps/phases [SVG]");
    Deno.exit(2);
  }
  const panels = panelsOf(await Array.fromAsync(outcomes(folder)));
  if (svg !== undefined) await Deno.writeTextFile(svg, phaseMap(panels));
  console.log(table(panels));
  for (const { text, verdict, found } of claims(panels)) {
    console.log(`\n${verdict}: ${text}\n  ${found}`);
  }
}
