// What a report asks of a network it asks once, and of very many logits of few
// checkpoints.

import { assert, assertEquals } from "@std/assert";
import { limits } from "../../lib/probes/context/chunks.ts";
import { fourier } from "../../lib/probes/fourier/fourier.ts";
import { logitScaling } from "../../lib/probes/loss/logit_scaling.ts";
import type { ProbeName } from "../../lib/probes/mod.ts";
import { progress } from "../../lib/probes/fourier/progress_measures.ts";
import { livePart, makeReport } from "../../lib/report/report.ts";
import { withTempDir } from "../tasks/_run.ts";
import { runIn } from "./_runs.ts";

const ASKED = { fourier, "logit-scaling": logitScaling, progress };

// How often probes are asked while something is done, in this thread.
async function countingAsks(work: () => Promise<void>) {
  const counts: Record<string, number> = {};
  const kept = Object.entries(ASKED).map(([name, probe]) => {
    const { compute } = probe;
    counts[name] = 0;
    const counting = (...told: Parameters<typeof compute>) => {
      counts[name]! += 1;
      return (compute as (...told: unknown[]) => unknown).apply(probe, told);
    };
    Object.assign(probe, { compute: counting });
    return () => Object.assign(probe, { compute });
  });
  try {
    await work();
  } finally {
    for (const restore of kept) restore();
  }
  return counts;
}

Deno.test("a report asks each probe of a checkpoint once, and says what it did not ask", () =>
  withTempDir(async (dir) => {
    const run = await runIn(dir, "run", {
      modulus: 11,
      hidden: [12],
      steps: 40,
      checkpointEvery: 5,
    });
    const figures: string[] = [];
    const usual = { ...limits };
    const counts: Record<string, number>[] = [];
    // All logits at once, with threads of which this is one; and in chunks, alone.
    for (const many of [false, true]) {
      if (many) Object.assign(limits, { whole: 0, chunk: 300 });
      counts.push(
        await countingAsks(async () => {
          const report = await makeReport([run], {
            probes: Object.keys(ASKED) as ProbeName[],
            threads: 1,
          });
          const live = await livePart(
            report.groups,
            undefined,
            report.verdicts,
          );
          assert(typeof live !== "string", String(live));
          const { caption, data } = report.inside
            .find(({ id }) => id === "run0-progress")!;
          figures.push(caption);
          const steps = data.rows.map(([step]) => step);
          assertEquals(steps.at(-1), 40);
          assertEquals(steps.length, many ? 4 : new Set(steps).size);
        }).finally(() => Object.assign(limits, usual)),
      );
    }
    const [whole, chunks] = counts;
    assert(whole!.fourier! <= 1 && whole!["logit-scaling"]! <= 1);
    assertEquals(chunks, { fourier: 1, "logit-scaling": 1, progress: 4 });
    assert(!figures[0]!.includes("evenly spaced"));
    assert(/ Of \d+ checkpoints 4, evenly spaced\.$/.test(figures[1]!));
  }));
