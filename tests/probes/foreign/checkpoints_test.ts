/** Folders of another tool's checkpoints. */

import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { join } from "node:path";
import { UsageError } from "../../../lib/base/errors.ts";
import {
  decodeModel,
  encodeModel,
  hostTensor,
} from "../../../lib/onnx/file/model.ts";
import {
  bytesOf,
  hostTensorOf,
  toNumbers,
} from "../../../lib/numeric/tensor.ts";
import { probe, probeRun } from "../../../lib/probes/mod.ts";
import {
  findProbed,
  stepsOf,
} from "../../../lib/probes/foreign/checkpoints.ts";
import { assertClose, golden } from "../../_golden.ts";
import { at } from "./_files.ts";

const SPLIT = at("told/foreign_options.csv");

/** The perceptron with all weights times a factor, in a folder, by file name. */
async function withCheckpoints(
  factors: Readonly<Record<string, number>>,
  work: (folder: string) => Promise<void>,
) {
  const bytes = await Deno.readFile(at("told/foreign_perceptron.onnx"));
  const folder = await Deno.makeTempDir();
  try {
    for (const [name, factor] of Object.entries(factors)) {
      const model = decodeModel(bytes, name);
      for (const proto of model.graph!.initializer) {
        const { dtype, shape, data } = hostTensor(proto);
        if (dtype !== "float32") continue;
        const scaled = toNumbers({ data }).map((w) => factor * w);
        proto.rawData = bytesOf(hostTensorOf(dtype, shape, scaled).data);
        proto.floatData = [];
      }
      await Deno.writeFile(join(folder, name), encodeModel(model));
    }
    await Deno.writeTextFile(join(folder, "notes.txt"), "step 7");
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const TOLD = {
  modulus: 7,
  split: SPLIT,
  loss: "softmax",
  map: "auto",
} as const;

Deno.test("a folder of checkpoints is a run, in the order of its steps", async () => {
  // In the order of their names the last would be second.
  const factors = {
    "net-step-20.onnx": 0.5,
    "net-step-100.onnx": 1,
    "net-step-3.onnx": 0.25,
  };
  await withCheckpoints(factors, async (folder) => {
    const report = await probeRun(folder, undefined, TOLD);
    assertEquals(report.steps, [3, 20, 100]);
    const all = await golden<Record<string, Record<string, number>>>(
      "told/foreign_options",
    );
    const { weight_norm, loss, loss_of_all } = all["perceptron"]!;
    // All that changes is the length of the weights, and it doubles.
    const { points, explained } = report.probes.trajectory!;
    const close = { relative: 1e-6, absolute: 0 };
    assertClose(
      points.map((point) => point.weight_norm),
      [0.25, 0.5, 1].map((factor) => factor * weight_norm!),
      close,
      "‖θ‖",
    );
    assertClose(
      points.map(({ moved }) => moved!).slice(1),
      [0.25 * weight_norm!, 0.5 * weight_norm!],
      close,
      "moved",
    );
    for (const { cos_moved_weights } of points.slice(1)) {
      assertClose([cos_moved_weights!], [1], close, "along the weights");
    }
    assertClose([explained[0]], [1], close, "one direction");
    const progress = report.series.progress!;
    assertEquals(progress.map(({ step }) => step), [3, 20, 100]);
    // float32 logits, as in the golden test of the file itself.
    const float32 = { relative: 1e-5, absolute: 2e-5 };
    const { train, full } = progress[2]!.result;
    assertClose([train!.loss], [loss!], float32, "loss");
    assertClose([full.loss], [loss_of_all!], float32, "loss of all");
    const { cka, steps } = report.probes.similarity!;
    assertEquals(steps, [3, 20, 100]);
    assertEquals(Object.keys(cka).length, 2);
    assert(report.probes.phases !== undefined);
    assertEquals(report.series.nlm!.length, 3);
    assertMatch(report.skipped["early-warning"]!, /has no metrics\.jsonl/);
    assert(report.notes.some((note) => note.startsWith("--map W_E=")));
    // A step of it, as a file.
    const path = await findProbed(folder, 20);
    const one = await probe(path, ["progress"], TOLD);
    assertEquals(
      one.probes.progress!.full,
      progress[1]!.result.full,
    );
    assertEquals(await findProbed(folder), join(folder, "net-step-100.onnx"));
    await assertRejects(
      () => findProbed(folder, 4),
      UsageError,
      "it has steps 3, 20, 100",
    );
  });
});

Deno.test("without a task a folder has its trajectory and its geometry", async () => {
  const factors = { "a_0100.onnx": 1, "a_0200.onnx": 2 };
  await withCheckpoints(factors, async (folder) => {
    const { probes, series, skipped, steps } = await probeRun(folder);
    assertEquals(steps, [100, 200]);
    assertEquals(probes.trajectory!.points.length, 2);
    assertEquals(series.geometry!.length, 2);
    assertMatch(skipped.fourier!, /does not say which task/);
    assertMatch(skipped.similarity!, /does not say|--modulus/);
  });
});

Deno.test("names say their steps, or are not taken for a run", async () => {
  const cases: [names: string[], steps: number[] | undefined][] = [
    [["step-100", "step-20"], [100, 20]],
    [["model_0100", "model_0020", "model_0000"], [100, 20, 0]],
    [["ckpt-1e3", "ckpt-2e3", "ckpt-500"], [1000, 2000, 500]],
    [["v2-step_10-seed3", "v2-step_20-seed3"], [10, 20]],
    [["lr0.1-epoch=5-loss0.20", "lr0.1-epoch=15-loss0.07"], [5, 15]],
    [["p113_seed1_900", "p113_seed1_1000"], [900, 1000]],
    [["net200", "net1000"], [200, 1000]],
    [["net200"], [200]],
    [["a1b2", "a2b3"], undefined],
    [["first", "second"], undefined],
    [["net", "net2"], undefined],
    [["net1e400", "net2"], undefined],
  ];
  for (const [names, steps] of cases) assertEquals(stepsOf(names), steps);
  const refused: [factors: Record<string, number>, says: string][] = [
    [{ "best.onnx": 1, "last.onnx": 1 }, "must differ in one number"],
    [{ "step-1.onnx": 1, "step-01.onnx": 1 }, "are both of step 1"],
  ];
  for (const [factors, says] of refused) {
    await withCheckpoints(factors, async (folder) => {
      await assertRejects(() => probeRun(folder), UsageError, says);
    });
  }
});
