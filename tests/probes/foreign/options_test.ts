/** Rows and loss that are told of another tool's file, and what is then found. */

import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { decodeModel, encodeModel } from "../../../lib/onnx/file/model.ts";
import { ProbeModel } from "../../../lib/onnx/inspect/probe_model.ts";
import {
  edgeOfStability,
  introduce,
  nlm,
  NotApplicableError,
  probe,
  ProbeContext,
  type ProbeName,
} from "../../../lib/probes/mod.ts";
import { ask } from "../../../lib/probes/asking/probe_checkpoint.ts";
import { assertClose, golden } from "../../_golden.ts";
import { at } from "./_files.ts";

const SPLIT = at("told/foreign_options.csv");

interface Margins {
  readonly mean: number;
  readonly positive: number;
  readonly at_quantiles: number[];
}

interface About {
  readonly [name: string]: number;
}

type Told =
  & About
  & { readonly train: Margins; readonly test: Margins }
  & { readonly collapse: About };

const NAMES: ProbeName[] = [
  ...["margin", "neural-collapse", "numerical-stability"] as const,
  ...["nlm", "edge-of-stability", "progress"] as const,
];

// Logits are the file's own, in float32: a dozen sums of a few dozen terms up to 10.
const float32 = { relative: 1e-5, absolute: 2e-5 };

// Gradients are in float64 on the same weights, in another order of sums.
const float64 = { relative: 1e-10, absolute: 1e-10 };

for (const name of ["perceptron", "transformer"] as const) {
  Deno.test(`PyTorch and NumPy say the same of a ${name}'s rows, loss, gradient and curvature`, async () => {
    const all = await golden<Record<string, Told>>("told/foreign_options");
    const expected = all[name]!;
    const { probes } = await probe(at(`told/foreign_${name}.onnx`), NAMES, {
      modulus: 7,
      split: SPLIT,
      loss: "softmax",
      settings: { lanczosProducts: 400 },
    });
    const { margin, progress, nlm } = probes;
    for (const part of ["train", "test"] as const) {
      const { mean, positive, at_quantiles } = margin![part]!;
      assertEquals(positive, expected[part].positive);
      assertClose(
        [mean, ...at_quantiles],
        [expected[part].mean, ...expected[part].at_quantiles],
        float32,
        `margins of ${part} rows`,
      );
    }
    const near = (
      found: number | null | undefined,
      wanted: number | undefined,
      close: typeof float32,
      what: string,
    ) => assertClose([found!], [wanted!], close, what);
    near(progress!.train!.loss, expected["loss"], float32, "loss");
    near(progress!.full.loss, expected["loss_of_all"], float32, "loss of all");
    const collapse = probes["neural-collapse"]!;
    near(collapse.nc1, expected.collapse["nc1"], float32, "NC1");
    const { equinorm } = collapse.nc2_means;
    near(equinorm, expected.collapse["equinorm"], float32, "NC2");
    near(collapse.nc3, expected.collapse["nc3"], float32, "NC3");
    assertEquals(collapse.nc4, expected.collapse["nc4"]);
    const stability = probes["numerical-stability"]!;
    near(stability.logit_gap, expected["logit_gap"], float32, "gap");
    near(stability.logit_scale, expected["logit_scale"], float32, "scale");
    near(
      stability.softmax[0]!.zero_exponentials,
      expected["zero_exponentials"],
      float32,
      "exponentials that are 0 in float16",
    );
    assert(stability.loss_zero_terms !== null);

    const { trained, float64: wide } = nlm!;
    assertEquals([trained.precision, wide.precision], ["float32", "float64"]);
    near(wide.loss, expected["loss"], float64, "loss");
    near(wide.weight_norm, expected["weight_norm"], float64, "‖θ‖");
    near(wide.gradient_norm, expected["gradient_norm"], float64, "‖g‖");
    near(wide.cos, expected["cos"], float64, "cos(θ, −g)");
    const step = wide.steps.find((step) => step.relative_length > 0.005)!;
    near(step.loss_after, expected["loss_after"], float64, "after a step");
    near(step.loss_after_nlm, expected["loss_after_nlm"], float64, "after NLM");
    assertEquals(nlm!.samples, expected["samples"]);
    assert(trained.tensors.some(({ name }) => name === "table.weight"));

    const edge = probes["edge-of-stability"]!;
    assertEquals(edge.parameters, expected["parameters"]);
    const { largest } = edge.hessian;
    // Lanczos says itself how far off it may be.
    assert(Math.abs(largest.value - expected["largest"]!) <= largest.residual);
    const { mean, standard_error } = edge.trace;
    assert(Math.abs(mean - expected["trace"]!) < 4 * standard_error);
    assertEquals(
      [edge.learning_rate, edge.two_over_rate, edge.edge.ratio],
      [null, null, null],
    );
  });
}

Deno.test("rows without a modulus are all there is: every one is trained on", async () => {
  const expected =
    (await golden<Record<string, Told>>("told/foreign_options"))["perceptron"]!;
  const { probes, skipped } = await probe(
    at("told/foreign_perceptron.onnx"),
    undefined,
    { split: SPLIT, loss: "softmax" },
  );
  const { margin, nlm } = probes;
  assertEquals(margin!.train.samples, 29);
  assertEquals(margin!.test, null);
  assertClose([nlm!.float64.cos!], [expected["cos"]!], float64, "cos");
  assertMatch(skipped.fourier!, /an operation modulo p: --modulus does/);
});

Deno.test("without a loss the gradient is left out, with the reason", async () => {
  const { probes, skipped } = await probe(
    at("told/foreign_perceptron.onnx"),
    undefined,
    { modulus: 7, split: SPLIT },
  );
  assert(probes.margin && probes["numerical-stability"]);
  assertEquals(probes["numerical-stability"]!.loss_zero_terms, null);
  assertMatch(skipped.nlm!, /how it was trained: .*there is no --loss/);
  assertMatch(skipped["edge-of-stability"]!, /there is no --loss/);
});

Deno.test("an operator without a derivative is named", async () => {
  const bytes = await Deno.readFile(at("told/foreign_perceptron.onnx"));
  const model = decodeModel(bytes, "perceptron");
  const tanh = model.graph!.node.filter(({ opType }) => opType === "Tanh").at(
    -1,
  )!;
  tanh.opType = "Atan";
  tanh.name = "bend";
  const loaded = new ProbeModel(encodeModel(model), "perceptron");
  const told = await introduce(loaded, {
    modulus: 7,
    split: SPLIT,
    loss: "softmax",
  });
  const context = new ProbeContext(told.model, { task: told.task! });
  for (const asked of [nlm, edgeOfStability]) {
    await assertRejects(
      async () => await ask(asked as typeof nlm, context),
      NotApplicableError,
      "cannot be differentiated: Atan (bend) lies between weights and logits",
    );
  }
  await told.model.close();
  await loaded.close();
});
