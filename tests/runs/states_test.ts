/** Which of a run's states are its own, and with what metrics before them. */

import { assertEquals } from "@std/assert";
import { join } from "node:path";
import { resolveConfig } from "../../lib/config/config.ts";
import { rowsBefore, savedState, savedSteps } from "../../lib/runs/states.ts";
import { train } from "../../lib/train/train.ts";
import { withTempDir } from "../tasks/_run.ts";

Deno.test("a run's states go from its first step to its last", () =>
  withTempDir(async (dir) => {
    const run = join(dir, "run");
    const input = {
      modulus: 5,
      hidden: [4],
      steps: 4,
      evalEvery: 2,
      checkpointEvery: 2,
    };
    await train(input, { run });
    const config = resolveConfig(input);
    assertEquals(await savedSteps(run), [4, 2, 0]);
    for (const [step, rows] of [[0, []], [2, [0]], [4, [0, 2]]] as const) {
      const state = await savedState(run, config, step);
      if (typeof state === "string") throw new Error(state);
      assertEquals(state.rows.map((row) => row.step), [...rows], `${step}`);
    }
    // Of a checkpoint behind its end, and before its beginning, it is not.
    assertEquals(
      await savedState(run, { ...config, steps: 3 }, 4),
      "its config is of the steps 0 to 3",
    );
    const path = join(run, "metrics.jsonl");
    assertEquals(
      await rowsBefore(run, config, 8),
      `${path} lacks the row of step 6`,
    );
  }));
