/** Several threads answer as one does. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import {
  NotApplicableError,
  probe,
  type ProbeOptions,
  probeRun,
} from "../../../lib/probes/mod.ts";
import { train } from "../../../lib/train/train.ts";
import { UsageError } from "../../../lib/base/errors.ts";
import { withTempDir } from "../../tasks/_run.ts";

const CONFIG = { modulus: 5, hidden: [6], steps: 6, checkpointEvery: 1 };
// Sums in another number of parts may differ in their last digit.
const alone: ProbeOptions = { threads: 1 };
const together: ProbeOptions = { ...alone, jobs: 2 };

Deno.test("a checkpoint's probes in two threads", () =>
  withTempDir(async (dir) => {
    const { checkpoint } = await train(CONFIG, { run: dir });
    const settings = { lanczosProducts: 2, traceSamples: 2 };
    const report = await probe(checkpoint, undefined, { ...alone, settings });
    // The attention of a perceptron is not there in any thread.
    assert("attention" in report.skipped && "geometry" in report.probes);
    const shared = await probe(checkpoint, undefined, {
      ...together,
      settings,
    });
    assertEquals(shared, report);
    assertEquals(
      JSON.stringify(shared),
      JSON.stringify(report),
      "in its order",
    );
    await assertRejects(
      () => probe(checkpoint, ["geometry", "attention"], together),
      NotApplicableError,
      "attention",
    );
  }));

Deno.test("a run's checkpoints in two threads, oldest first", () =>
  withTempDir(async (dir) => {
    await train(CONFIG, { run: dir });
    const names = ["margin", "geometry", "trajectory"] as const;
    const report = await probeRun(dir, names, alone);
    const told: number[] = [];
    const shared = await probeRun(dir, names, {
      ...together,
      onProgress: ({ what, done, total }) => {
        if (what !== "checkpoints") return;
        assertEquals(total, 7);
        told.push(done);
      },
    });
    assertEquals(shared, report);
    assertEquals(told, [0, 1, 2, 3, 4, 5, 6, 7]);
  }));

Deno.test("what fails in any thread fails as in this one", () =>
  withTempDir(async (dir) => {
    await train(CONFIG, { run: dir });
    // As in a run of an older version: with sums the file would be left out.
    await Deno.remove(join(dir, "SHA256SUMS"));
    for (const step of [1, 4]) {
      const path = join(dir, "checkpoints", `step-0000000${step}.onnx`);
      const bytes = await Deno.readFile(path);
      await Deno.writeFile(path, bytes.slice(0, 100));
      for (const options of [alone, together]) {
        await assertRejects(
          () => probeRun(dir, ["margin"], options),
          SyntaxError,
          `step-0000000${step}.onnx`,
        );
      }
      await Deno.writeFile(path, bytes);
    }
  }));

Deno.test("a run that goes on training is asked as it was", () =>
  withTempDir(async (dir) => {
    await train(CONFIG, { run: dir });
    const at = (step: number) =>
      join(dir, "checkpoints", `step-0000000${step}.onnx`);
    const report = await probeRun(dir, ["margin"], alone);
    for (const options of [alone, together]) {
      const shared = await probeRun(dir, ["margin"], {
        ...options,
        onProgress: ({ done }) => {
          if (done === 0) Deno.copyFileSync(at(6), at(7));
        },
      });
      assertEquals(shared, report);
      await Deno.remove(at(7));
    }
  }));

Deno.test("threads ask through WebAssembly, too", () =>
  withTempDir(async (dir) => {
    const { checkpoint } = await train(CONFIG, { run: dir });
    const web: ProbeOptions = { runtime: "web" };
    const report = await probe(checkpoint, ["margin", "geometry"], web);
    const shared = await probe(checkpoint, ["margin", "geometry"], {
      ...web,
      jobs: 2,
    });
    assertEquals(shared, report);
  }));

Deno.test("jobs is a number of threads", async () => {
  for (const jobs of [0, 1.5, NaN]) {
    await assertRejects(
      () => probe("tests/golden/pytorch_export.onnx", ["geometry"], { jobs }),
      UsageError,
      "jobs",
    );
  }
});
