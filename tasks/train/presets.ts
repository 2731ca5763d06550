/**
 * `deno task train --preset list`.
 *
 * @module
 */

import { defaults } from "../../lib/config/config.ts";
import { presets } from "../../lib/figures/presets.ts";

/** The presets as a table: name, steps, what each is. */
export function presetTable(): string {
  const rows = [...presets()].map(([name, { what, config }]) => [
    name,
    String(config.steps ?? defaults.steps),
    what,
  ]);
  const table = [["preset", "steps", "what"], ...rows];
  const [first, second] = [0, 1].map((column) =>
    table.reduce((width, row) => Math.max(width, row[column]!.length), 0)
  );
  return table.map(([name, steps, what]) =>
    `${name!.padEnd(first!)}  ${steps!.padStart(second!)}  ${what}`
  ).join("\n");
}
