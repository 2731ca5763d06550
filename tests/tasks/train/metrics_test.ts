/**
 * Metrics as a user meets them: chosen by flag, in every row, one run or many.
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import { contentsOf, metricsRows, task, withTempDir } from "../_run.ts";

const SMALL = [
  ..."--model transformer --modulus 5 --d-model 8 --heads 2 --d-mlp 8".split(
    " ",
  ),
  ..."--threads 1 --steps 7 --eval-every 3 --metrics all --json".split(" "),
];

async function trained(...args: string[]) {
  const { code, stdout, stderr } = await task("train", ...SMALL, ...args);
  assertEquals(code, 0, stderr);
  return JSON.parse(stdout);
}

Deno.test("train --metrics all: rows and summary have them, of one run and of many", () =>
  withTempDir(async (dir) => {
    const [one, many] = [join(dir, "one"), join(dir, "many")];
    const single = await trained("--run", one);
    const rows = await metricsRows(one) as unknown as Record<
      string,
      number | null
    >[];
    assertEquals(rows.map(({ step }) => step), [0, 3, 6, 7]);
    const names = Object.keys(single.final);
    for (const row of rows) {
      assertEquals(Object.keys(row), ["step", ...names, "ms_per_step"]);
    }
    // Biases begin at 0: they have no direction.
    const angle = "cos_weight_neg_gradient.blocks.0.mlp.b_in";
    assertEquals(rows[0]![angle], null);
    assertEquals(typeof rows[1]![angle], "number");
    const summary = JSON.parse(
      await Deno.readTextFile(join(one, "summary.json")),
    );
    assertEquals(summary.final, single.final);

    const { band, replicas } = await trained("--replicas", "2", "--run", many);
    assertEquals(Object.keys(band.final), names);
    assertEquals(replicas.length, 2);
    const own = await metricsRows(join(many, "replica-0")) as unknown as Record<
      string,
      number
    >[];
    for (const [i, row] of rows.entries()) {
      assertEquals(Object.keys(own[i]!), Object.keys(row));
      for (const [name, x] of Object.entries(row)) {
        if (name === "ms_per_step") continue;
        const y = own[i]![name]!;
        if (x === null) assertEquals(y, null, name);
        // Seven steps of a small network hardly multiply rounding.
        else assert(Math.abs(x - y) <= 1e-4 * Math.max(Math.abs(x), 1), name);
      }
    }
  }));

Deno.test("train refuses metrics that find nothing to measure, and writes nothing", () =>
  withTempDir(async (dir) => {
    const { code, stdout, stderr } = await task(
      "train",
      ...["--modulus", "5", "--hidden", "8", "--metrics", "attention,margin"],
      ...["--run", join(dir, "run")],
    );
    assertEquals([code, stdout], [2, ""]);
    assertMatch(
      stderr,
      /\nerror: --metrics attention has nothing to measure in --model mlp.*\n$/,
    );
    assertEquals(await contentsOf(dir), {});
  }));
