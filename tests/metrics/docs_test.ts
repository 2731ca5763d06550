/**
 * docs/metrics.md names every group and every metric, once.
 */

import { assertEquals } from "@std/assert";
import { metricGroups } from "../../lib/metrics/mod.ts";
import { golden } from "../_golden.ts";

const text = await Deno.readTextFile(
  new URL("../../docs/metrics.md", import.meta.url),
);
const rows = text.split("\n").filter((line) => line.startsWith("|"))
  .map((line) => line.split(/(?<!\\)\|/).slice(1, -1).map((x) => x.trim()));

Deno.test("docs/metrics.md has every group of metrics with its summary", () => {
  const found = rows.filter((cells) => cells.length === 3)
    .map(([name, summary]) => [name, summary]);
  const wanted = Object.entries(metricGroups)
    .map(([name, { summary }]) => [`\`${name}\``, summary]);
  assertEquals(found.slice(2, 2 + wanted.length), wanted);
});

Deno.test("docs/metrics.md has every metric once", async () => {
  const { cases } = await golden<
    { cases: { metrics: Record<string, unknown> }[] }
  >("metrics");
  const names = new Set(
    cases.flatMap(({ metrics }) => Object.keys(metrics))
      .map((name) => name.split(".")[0]!.replace(/^ood_/, "NAME_")),
  );
  const documented = rows.filter((cells) => cells.length === 5)
    .flatMap(([, keys]) =>
      [...keys!.matchAll(/`(\w+)/g)].map(([, key]) => key!)
    );
  assertEquals(
    documented.toSorted(),
    [...names, "step", "ms_per_step"].sort(),
  );
});
