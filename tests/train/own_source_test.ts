/** --overwrite, and what a new run starts from; --out, and files of runs. */

import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { join, relative } from "node:path";
import { UsageError } from "../../lib/base/errors.ts";
import { exportCheckpoint } from "../../lib/runs/exports/checkpoint.ts";
import { trainReplicas } from "../../lib/train/band/replicas.ts";
import { startFrom } from "../../lib/train/from_checkpoint.ts";
import { train } from "../../lib/train/train.ts";
import { fileIn } from "../runs/_damage.ts";
import {
  assertRefused,
  contentsOf,
  outputOf,
  startProgram,
  withTempDir,
} from "../tasks/_run.ts";

const TINY = { modulus: 5, hidden: [4], threads: 1, steps: 4, evalEvery: 2 };

Deno.test("--overwrite does not remove what the run starts from", async (t) => {
  await withTempDir(async (dir) => {
    const [run, band] = [join(dir, "run"), join(dir, "band")];
    await train(TINY, { run });
    await trainReplicas(TINY, { replicas: 2 }, { run: band });
    const file = fileIn(run, "checkpoints", 4);
    await Deno.symlink(run, join(dir, "link"));
    await Deno.symlink(file, join(dir, "net.onnx"));
    await Deno.mkdir(join(dir, "sub"));
    const odd = `${join(dir, "sub")}/../run/.`;
    const replica = join(band, "replica-1");
    const cases: [string, string, ...string[]][] = [
      [run, run],
      [file, run],
      [run, `${run}/`],
      [run, odd],
      [odd, run],
      [relative(Deno.cwd(), run), run],
      [run, join(dir, "link")],
      [join(dir, "link"), run],
      [join(dir, "net.onnx"), run],
      [replica, band, "--replicas", "2"],
      [fileIn(replica, "checkpoints", 4), band, "--replicas", "2"],
    ];
    const kept = async () => [await contentsOf(run), await contentsOf(band)];
    const before = await kept();
    for (const [i, [from, into, ...flags]] of cases.entries()) {
      await t.step(`--from ${from} --run ${into}`, async () => {
        // Through the program the first and the last; all through the library.
        if (i === 0 || i === cases.length - 1) {
          for (const over of [["--overwrite"], []]) {
            const args = ["--from", from, "--run", into, ...flags, ...over];
            args.push("--steps", "8");
            const line = assertRefused(
              await outputOf(startProgram("train", args)),
              2,
            );
            assertMatch(line, /it would start from .*own and would be removed/);
          }
        }
        const config = { ...await startFrom(from), steps: 8 };
        const error = await assertRejects(
          () =>
            flags.length > 0
              ? trainReplicas(config, { replicas: 2 }, {
                run: into,
                overwrite: true,
              })
              : train(config, { run: into, overwrite: true }),
          UsageError,
          "is that run's own and would be removed first",
        );
        assert(error.message.includes("--resume"), error.message);
        assertEquals(await kept(), before);
      });
    }
    await t.step("another run is replaced as before", async () => {
      const other = join(dir, "other");
      await train({ ...TINY, seed: 1 }, { run: other });
      const { steps } = await train({ ...await startFrom(run), steps: 8 }, {
        run: other,
        overwrite: true,
      });
      assertEquals(steps, 8);
    });
  });
});

Deno.test("export writes over no file of a run", () =>
  withTempDir(async (dir) => {
    const run = join(dir, "run");
    await train(TINY, { run });
    const before = await contentsOf(run);
    for (const step of [0, 4, 77]) {
      await assertRejects(
        () =>
          exportCheckpoint(run, fileIn(run, "checkpoints", step), {
            overwrite: true,
          }),
        UsageError,
        `it is the place of a file of the run ${run}`,
      );
    }
    assertEquals(await contentsOf(run), before);
    await exportCheckpoint(run, join(run, "mine.onnx"));
  }));
