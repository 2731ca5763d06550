/**
 * `deno task reproduce` as a user types it: what it lists and what it refuses.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { figures } from "../../lib/figures/mod.ts";
import { assertRefused, outputOf, startProgram } from "./_run.ts";

const reproduce = (...args: string[]) =>
  outputOf(startProgram("reproduce", args));

Deno.test("reproduce lists every figure, as text and as JSON", async () => {
  const text = await reproduce();
  assertEquals([text.code, text.stderr], [0, ""]);
  const listed = JSON.parse((await reproduce("--json")).stdout);
  assertEquals(
    listed.map(({ name }: { name: string }) => name),
    Object.keys(figures),
  );
  for (const { name, shows, settings, published } of listed) {
    const [, part] = text.stdout.split(`${name} shows `);
    for (const line of [shows, settings, published]) {
      assert(part!.includes(line), `${name}: ${line}`);
    }
  }
});

Deno.test("reproduce refuses what cannot be meant, and names it", async () => {
  const cases: [args: string, says: RegExp][] = [
    ["fig99", /Unknown figure "fig99": the nearest of \d+ are fig9, /],
    ["--quick", /--quick must come with figures: name them, or all/],
    ["--seeds 3", /--seeds must come with figures/],
    ["fig2 --seeds 0", /--seeds must be an integer of 1 or more, got 0/],
    ["fig2 --jobs 1.5", /--jobs must be an integer of 1 or more, got 1.5/],
    ["fig2 --threads x", /--threads .*x/],
    ["fig2 --resume --overwrite", /--resume must be left out with --overwrite/],
    ["fig2 --publish --resume", /--resume must be left out with --publish/],
    ["fig2 --device tpu", /--device .*tpu/],
    ["fig2 --fast", /unknown option '--fast'/],
  ];
  for (const [args, says] of cases) {
    const output = await reproduce(...args.split(" "));
    assertMatch(assertRefused(output, 2), says);
  }
});
