import { assertEquals } from "@std/assert";
import {
  metricChoices,
  metricGroupsOf,
  metricSets,
} from "../../lib/metrics/mod.ts";

Deno.test("metricGroupsOf() spells names out, the basic group always among them", () => {
  assertEquals(metricGroupsOf([]), ["basic"]);
  assertEquals(metricGroupsOf(["margin", "tensors"]), [
    ...["basic", "tensors", "margin"] as const,
  ]);
  // What the paper's figures show: norms and cosines, absorbed updates, underflow,
  // and how far the logits are from collapse.
  assertEquals(metricGroupsOf(["paper"]), [
    ...["basic", "tensors", "updates", "underflow", "logits"] as const,
  ]);
  const all = metricChoices.filter((name) => !(name in metricSets));
  assertEquals(
    metricGroupsOf(["all"]),
    all as ReturnType<typeof metricGroupsOf>,
  );
});
