/** Where TensorBoard's event files lie, and what time they say it is. */

import { assertEquals } from "@std/assert";
import { join } from "node:path";
import {
  eventFolder,
  nextEventFile,
  timesOf,
} from "../../lib/runs/exports/event_log.ts";
import type { MetricsRow } from "../../lib/runs/run_folder.ts";
import { withTempDir } from "../tasks/_run.ts";

Deno.test("nextEventFile() sorts behind what is there, whatever the clock says", () =>
  withTempDir(async (dir) => {
    const names: string[] = [];
    for (const time of [1700000000.9, 1700000000.9, 1600000000, 1700000001]) {
      names.push(nextEventFile(dir, time));
      await Deno.writeTextFile(join(dir, names.at(-1)!), "");
    }
    const of = "events.out.tfevents";
    assertEquals(names, [
      `${of}.1700000000.groklab.00000`,
      `${of}.1700000000.groklab.00001`,
      `${of}.1700000000.groklab.00002`,
      `${of}.1700000001.groklab.00003`,
    ]);
    assertEquals(names, names.toSorted());
    assertEquals(
      nextEventFile(join(dir, "none"), 5),
      `${of}.0000000005.groklab.00000`,
    );
  }));

Deno.test("eventFolder() is called as the run, a replica's lies in its band's", () => {
  assertEquals(eventFolder("logs", "runs/a/"), join("logs", "a"));
  assertEquals(
    eventFolder("logs", "runs/b/replica-12"),
    join("logs", "b", "replica-12"),
  );
});

Deno.test("timesOf() adds up what the steps took", () => {
  const row = (step: number, ms_per_step: number) =>
    ({ step, ms_per_step }) as MetricsRow;
  const rows = [row(100, 5), row(110, 500), row(130, NaN), row(132, 1000)];
  assertEquals(timesOf(1000, rows), [1000, 1005, 1005, 1007]);
  assertEquals(timesOf(1000, []), []);
});
