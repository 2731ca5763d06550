/** A config that is edited, and a run that is to go on for longer. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { UsageError } from "../../lib/base/errors.ts";
import { FileError } from "../../lib/base/files.ts";
import { DamagedError } from "../../lib/base/sums.ts";
import { toResume } from "../../lib/train/unfinished.ts";
import { train } from "../../lib/train/train.ts";
import { notesOf } from "../runs/_damage.ts";
import { withTempDir } from "../tasks/_run.ts";
import { assertSameRun, writeSums } from "./_runs.ts";
import { TINY } from "./_tiny.ts";

Deno.test("an edited config is noticed, by its sum and by the checkpoints", () =>
  withTempDir(async (dir) => {
    const run = join(dir, "run");
    const { config } = await train(TINY, { run });
    await Deno.remove(join(run, "summary.json"));
    const path = join(run, "config.json");
    const edit = (changes: object) =>
      Deno.writeTextFile(
        path,
        JSON.stringify({ ...config, ...changes }, null, 2),
      );
    for (
      const [changes, key] of [
        [{ lr: 0.5 }, "lr is 0.5, its checkpoints were trained with 0.01"],
        [{ steps: 40 }, "steps is 40, its checkpoints were trained with 20"],
        [{ seed: 1 }, "seed is 1"],
        [{}, "not as it was written"], // white space alone
      ] as const
    ) {
      await edit(changes);
      const error = await assertRejects(() => toResume(run), DamagedError, key);
      assert(!error.message.includes("--overwrite"), error.message);
      await assertRejects(
        () => train({ ...config, ...changes }, { run, resume: true }),
        DamagedError,
        key,
      );
    }
    // Without its sum, or with another, the checkpoints say it.
    await edit({ lr: 0.5 });
    await writeSums(run);
    const again = () => train({ ...config, lr: 0.5 }, { run, resume: true });
    const says = "says lr 0.5, the checkpoint of step 20 was trained with 0.01";
    await assertRejects(again, FileError, says);
    await Deno.remove(join(run, "SHA256SUMS"));
    await notesOf(() => assertRejects(again, FileError, says));
    await edit({ steps: 10 });
    await notesOf(() =>
      assertRejects(
        () => train({ ...config, steps: 10 }, { run, resume: true }),
        FileError,
        "says steps 10, the checkpoint of step 10 was trained with 20",
      )
    );
    // Without config and sums nobody knows it for certain; nothing is begun again.
    await Deno.truncate(path, 200);
    await notesOf(async () => {
      const torn = await assertRejects(() => toResume(run), FileError);
      assert(torn.message.includes("--from"), torn.message);
      assert(!torn.message.includes("--overwrite"), torn.message);
      await assertRejects(() => train(TINY, { run, resume: true }), FileError);
    });
  }));

Deno.test("more steps are refused where the schedule knows its length", () =>
  withTempDir(async (dir) => {
    const run = join(dir, "run");
    const cosine = { ...TINY, schedule: "cosine" } as const;
    const later = {
      ...TINY,
      switches: [{ at: 8, config: { schedule: "cosine" } }],
    };
    for (const config of [cosine, later]) {
      await train(config, { run, overwrite: true });
      await assertRejects(
        () => train({ ...config, steps: 30 }, { run, resume: true }),
        UsageError,
        "falls with the cosine until step 20",
      );
    }
    // Others know nothing of an end.
    const step = {
      ...TINY,
      schedule: "step",
      warmup: 3,
      checkpointEvery: null,
    } as const;
    await train(step, { run, overwrite: true });
    const { steps } = await train({ ...step, steps: 30 }, {
      run,
      resume: true,
    });
    assertEquals(steps, 30);
    await train({ ...step, steps: 30 }, { run: join(dir, "whole") });
    await assertSameRun(run, join(dir, "whole"));
  }));
