/** How many seeds an arm is to have, and that what runs cost has been measured. */

import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Arm, Figure } from "../../lib/figures/figure.ts";
import { figures } from "../../lib/figures/mod.ts";
import {
  minutesOf,
  seedsAt,
  seedsNeeded,
  seedsWanted,
} from "../../lib/figures/seeds.ts";
import { minOf } from "../../lib/base/extremes.ts";
import { places, recordsFolder } from "../../lib/reproduce/layout.ts";
import { list } from "../../lib/runs/layout.ts";

Deno.test("seedsAt() gives short runs more seeds", () => {
  assertEquals(
    [0, 0.99, 1, 9.99, 10, 600, undefined].map((x) => seedsAt(x)),
    [10, 10, 5, 5, 3, 3, 3],
  );
});

Deno.test("seedsWanted() goes by cost at full length, by the figure in the quick form", () => {
  const figure = { quickSeeds: 2 } as Figure;
  const arms = [{ minutes: 0.5 }, {}] as Arm[];
  assertEquals(arms.map(seedsWanted(figure, "full")), [10, 3]);
  assertEquals(arms.map(seedsWanted(figure, "quick")), [2, 2]);
  assertEquals(arms.map(seedsWanted({} as Figure, "quick")), [1, 1]);
  assertEquals(seedsNeeded(figure, "full"), 3);
  assertEquals(seedsNeeded(figure, "quick"), 2);
});

Deno.test("minutesOf() takes the longest beginning of a name that fits", () => {
  assertEquals(minutesOf("fig6", "mlp-adamw"), 0.14);
  assertEquals(minutesOf("fig6", "mlp-perp-sgd"), 0.3);
  assertEquals(minutesOf("fig6", "other"), undefined);
  assertEquals(minutesOf("fig99", "mlp"), undefined);
});

// Minutes of the quickest published run of an arm at full length.
async function measuredMinutes(
  figure: string,
  arm: string,
): Promise<number> {
  const root = fileURLToPath(new URL("../../", import.meta.url));
  const folder = join(root, recordsFolder(places, figure, "full"));
  const names = (await list(folder) ?? [])
    .filter((name) => name.replace(/-seed\d+\.json$/, "") === arm);
  const minutes = await Promise.all(names.map(async (name) => {
    const text = await Deno.readTextFile(join(folder, name));
    const { ms_per_step, steps } = JSON.parse(text);
    return ms_per_step * steps / 60_000;
  }));
  return minOf(minutes);
}

Deno.test("arms have the seeds that their published runs' cost asks for", async () => {
  const arms = Object.entries(figures).flatMap(([name, { arms }]) =>
    arms.map((arm) => ({ name, arm }))
  );
  const said = arms.filter(({ arm }) => arm.minutes !== undefined);
  assert(said.length > 80, `${said.length}`);
  for (const { name, arm } of said) {
    const measured = await measuredMinutes(name, arm.name);
    assertEquals(
      seedsAt(arm.minutes),
      seedsAt(measured),
      `${name} ${arm.name}: ${measured} minutes`,
    );
  }
});
