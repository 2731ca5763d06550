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
  const table = await reproduce();
  assertEquals(table.code, 0);
  assertMatch(
    table.stderr,
    /^times are .*: deno task reproduce fig2 --about\n$/,
  );
  const [head, ...lines] = table.stdout.trimEnd().split("\n");
  assertMatch(head!, /^figure +shows +full +quick +last +claims$/);
  const rows = lines.filter((line) => !/^\w+ cannot be run here: /.test(line));
  assertEquals(
    rows.map((line) => line.split(" ")[0]),
    Object.keys(figures),
  );
  const text = await reproduce("--about");
  assertEquals([text.code, text.stderr], [0, ""]);
  // Names of the paper's figures stand there from the first to the last.
  const help = (await reproduce("--help")).stdout.replaceAll(/\s+/g, " ");
  for (
    const name of Object.keys(figures).filter((name) => !/^fig/.test(name))
  ) {
    assert(new RegExp(`[ ;]${name}[,;]`).test(help), name);
  }
  const listed = JSON.parse((await reproduce("--json")).stdout);
  assertEquals(
    listed.map(({ name }: { name: string }) => name),
    Object.keys(figures),
  );
  for (const { name, shows, settings, published, claims } of listed) {
    const row = rows.find((line) => line.startsWith(`${name} `))!;
    for (const { id, verdict } of claims) {
      assert(row.includes(`${id} ${verdict ?? "–"}`), row);
    }
    const [, part] = text.stdout.split(`${name} shows `);
    for (const line of [shows, settings, published]) {
      assert(part!.includes(line), `${name}: ${line}`);
    }
  }
});

Deno.test("reproduce refuses what cannot be meant, and names it", async () => {
  const cases: [args: string, says: RegExp][] = [
    ["fig99", /Unknown figure "fig99": the nearest of \d+ are fig9, /],
    ["fig99 --about", /Unknown figure "fig99"/],
    ["fig2 --about --quick", /--quick must be left out with --about, which tr/],
    ["--quick", /--quick must come with figures: name them, or all/],
    ["--seeds 3", /--seeds must come with figures/],
    ["fig2 --seeds 0", /--seeds must be an integer in 1\.\.4096, got 0/],
    [
      "fig2 --seeds 1e9",
      /--seeds must be an integer in 1\.\.4096, got 1000000000/,
    ],
    [
      "fig2 --threads 4000",
      /--threads must be an integer in 1\.\.1024, got 4000/,
    ],
    ["fig2 --jobs 1.5", /--jobs must be an integer in 1\.\.1024, got 1.5/],
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

Deno.test("reproduce figN --about says all about it, and nothing of others", async () => {
  const { code, stdout, stderr } = await reproduce("fig2", "fig3", "--about");
  assertEquals([code, stderr], [0, ""]);
  const parts = stdout.trimEnd().split("\n\n");
  assertEquals(parts.length, 2);
  for (const [i, name] of ["fig2", "fig3"].entries()) {
    const { shows, settings, published, claims } = figures[name]!;
    assert(parts[i]!.startsWith(`${name} shows ${shows}\n`));
    for (const line of [settings, published]) assert(parts[i]!.includes(line));
    for (const { statement, provenance } of claims) {
      assert(parts[i]!.includes(statement));
      assert(parts[i]!.includes(provenance!.told));
    }
  }
  const listed = JSON.parse(
    (await reproduce("fig2", "--about", "--json")).stdout,
  );
  assertEquals(listed.length, 1);
  assertEquals(listed[0].name, "fig2");
  const [{ tally, provenance }] = listed[0].claims;
  assertEquals(provenance.worded, "paper");
  assertEquals(tally.so / tally.saying, tally.share);
});
