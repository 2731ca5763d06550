/**
 * What holds of every figure, whatever it shows.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { idleKeys, resolveConfig } from "../../lib/config/config.ts";
import { figures } from "../../lib/figures/mod.ts";
import { chartSvg } from "../../lib/charts/chart_svg.ts";
import { jobsOf } from "../../lib/reproduce/layout.ts";
import { outcomeOf, tableText } from "../../lib/reproduce/outcome.ts";
import { constructed } from "./_claims.ts";

for (const [name, figure] of Object.entries(figures)) {
  Deno.test(`${name}: its arms can be trained, and state what they rest on`, () => {
    const names = figure.arms.map(({ name }) => name);
    assertEquals(new Set(names).size, names.length);
    for (const arm of names) assertMatch(arm, /^[a-z0-9][a-z0-9.-]*$/);
    for (const scale of ["full", "quick"] as const) {
      // Of a figure that draws no curve over steps, the ends count.
      const { panels } = figure.chart(constructed(name, {}, 1, scale));
      const least = panels.some(({ x }) => /step/.test(x.label)) ? 20 : 5;
      for (const { config } of jobsOf(name, figure, scale, 1, "")) {
        assert(
          config.steps / config.evalEvery >= least,
          "enough to draw a curve",
        );
      }
    }
    // What the paper sets is stated, lest a default changes it.
    for (const { config } of figure.arms) {
      const idle = idleKeys(resolveConfig(config));
      for (
        const key of [
          "task",
          "model",
          "init",
          "loss",
          "lossPrecision",
          "precision",
          "optimizer",
          "perpGrad",
          "lr",
          "weightDecay",
          "beta1",
          "beta2",
          "eps",
          "momentum",
          "batchSize",
          "steps",
        ] as const
      ) {
        if (!idle.includes(key)) assert(key in config, `${key} is stated`);
      }
      assert(!("seed" in config), "seeds are counted by whoever runs it");
    }
  });

  Deno.test(`${name}: chart and table of no, one and three seeds`, () => {
    for (
      const [scale, seeds] of [["full", 0], ["quick", 1], ["full", 3]] as const
    ) {
      const results = constructed(name, {}, seeds, scale);
      const svg = chartSvg(figure.chart(results));
      assert(!/NaN|undefined|Infinity/.test(svg), "numbers");
      const outcome = outcomeOf(name, figure, results);
      assert(!/NaN|undefined/.test(tableText(outcome)), tableText(outcome));
      assertEquals(JSON.parse(JSON.stringify(outcome)), outcome);
    }
  });

  Deno.test(`${name}: its claims have a test of their own`, async () => {
    const room = /^fig\d+$/.test(name) ? "paper" : "beyond";
    const file = new URL(`./${room}/${name}_test.ts`, import.meta.url);
    assertMatch(
      await Deno.readTextFile(file),
      new RegExp(`testClaims\\(\\s*"${name}"`),
    );
  });
}

Deno.test("ids and statements of claims are told apart", () => {
  const all = Object.values(figures).flatMap(({ claims }) => claims);
  for (const { id, rule, provenance } of all) {
    assertMatch(id, /^C\d+$/);
    assert(rule.length > 40, "a rule says what decides");
    assertMatch(provenance?.told ?? `${id} has none`, /20\d\d.*\.$/);
  }
  const statements = all.map(({ statement }) => statement);
  assertEquals(new Set(statements).size, statements.length);
});
