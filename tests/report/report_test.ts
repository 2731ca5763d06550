/** What a report draws of checkpoints. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { makeReport } from "../../lib/report/report.ts";
import { groupNotes } from "../../lib/report/page/words.ts";
import { withTempDir } from "../tasks/_run.ts";
import { runIn } from "./_runs.ts";
import { TINY } from "./_made.ts";

for (const encoding of ["scalar", "base-2", "binary"] as const) {
  Deno.test(`logits over all pairs of numbers in ${encoding} encoding`, () =>
    withTempDir(async (dir) => {
      const run = await runIn(dir, encoding, {
        ...TINY,
        encoding,
        checkpointEvery: null,
      });
      const { inside } = await makeReport([run], {
        probes: ["logit-scaling"],
        threads: 1,
      });
      const logit = inside.find(({ id }) => id === "run0-logit")!;
      assertEquals(
        logit.data.rows.map(([a, b, label]) => [a, b, label]),
        Array.from({ length: 49 }, (_, i) => {
          const [a, b] = [Math.floor(i / 7), i % 7];
          return [a, b, (a + b) % 7];
        }),
      );
    }));
}

Deno.test("attention is drawn head by head, parity has nothing over pairs", () =>
  withTempDir(async (dir) => {
    const transformer = await runIn(dir, "transformer", {
      ...TINY,
      model: "transformer",
      dModel: 8,
      heads: 2,
      dMlp: 8,
      checkpointEvery: null,
    });
    const parity = await runIn(dir, "parity", {
      task: "parity",
      bits: 8,
      samples: 100,
      hidden: [8],
      steps: 20,
      checkpointEvery: null,
    });
    const { inside, groups } = await makeReport([transformer, parity], {
      probes: ["fourier"],
      threads: 1,
    });
    assertEquals(inside.map(({ id }) => id), [
      "run0-components",
      "run0-neurons",
      "run0-logit",
      "run0-margin",
      "run0-answers",
      "run0-attention-blocks-0-0",
      "run0-attention-blocks-0-1",
      "run0-scaling",
      "run1-scaling",
    ]);
    assertMatch(groupNotes(groups).join(), /different tasks/);
    const weights = inside[5]!.data.rows.map(([, , weight]) => Number(weight));
    assertEquals(weights.length, 49);
    assert(weights.every((w) => w > 0 && w < 1));
  }));
