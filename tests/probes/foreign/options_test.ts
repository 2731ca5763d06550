/** Rows and loss that are told of another tool's file. */

import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { UsageError } from "../../../lib/base/errors.ts";
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
import { readSplitFile } from "../../../lib/probes/foreign/split/read_split.ts";
import { assertClose, golden } from "../../_golden.ts";

const at = (name: string) =>
  new URL(`../../golden/${name}`, import.meta.url).pathname;
const SPLIT = at("foreign_options.csv");

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
    const all = await golden<Record<string, Told>>("foreign_options");
    const expected = all[name]!;
    const { probes } = await probe(at(`foreign_${name}.onnx`), NAMES, {
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
    (await golden<Record<string, Told>>("foreign_options"))["perceptron"]!;
  const { probes, skipped } = await probe(
    at("foreign_perceptron.onnx"),
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
    at("foreign_perceptron.onnx"),
    undefined,
    { modulus: 7, split: SPLIT },
  );
  assert(probes.margin && probes["numerical-stability"]);
  assertEquals(probes["numerical-stability"]!.loss_zero_terms, null);
  assertMatch(skipped.nlm!, /how it was trained: .*there is no --loss/);
  assertMatch(skipped["edge-of-stability"]!, /there is no --loss/);
});

Deno.test("an operator without a derivative is named", async () => {
  const bytes = await Deno.readFile(at("foreign_perceptron.onnx"));
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

/** A file with a text, and what reading it gives. */
async function rowsIn(name: string, text: string) {
  const dir = await Deno.makeTempDir();
  const path = `${dir}/${name}`;
  await Deno.writeTextFile(path, text);
  try {
    return await readSplitFile(path);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

const ROWS = { inputs: [[0, 1], [2, 3]], labels: [1, 5] };

Deno.test("rows are read from each form of CSV, and from split.json", async () => {
  const forms: [name: string, text: string][] = [
    ["plain.csv", "0,1,1\n2,3,5\n"],
    ["head.csv", "a,b,label\r\n0,1,1\r\n2,3,5"],
    ["first.csv", "y,a,b\n1,0,1\n5,2,3\n"],
    ["semicolons.txt", "\ufeffa;b;c\n0;1;1\n\n2;3;5\n"],
    ["tabs.tsv", '"0"\t"1"\t"1"\n2\t3\t5\n'],
    ["split.json", JSON.stringify({ train: ROWS })],
  ];
  for (const [name, text] of forms) {
    assertEquals(await rowsIn(name, text), { train: ROWS }, name);
  }
  const parts = {
    train: { inputs: [[0, 1]], labels: [1] },
    test: { inputs: [[2, 3]], labels: [5] },
  };
  const both: [name: string, text: string][] = [
    ["head.csv", "a,b,label,split\n0,1,1,train\n2,3,5,test\n"],
    ["plain.csv", "0,1,1,TRAIN\n2,3,5,test\n"],
    ["first.csv", "set,a,b,y\ntrain,0,1,1\ntest,2,3,5\n"],
    ["split.json", JSON.stringify({ ...parts, extra: {} })],
  ];
  for (const [name, text] of both) {
    assertEquals(await rowsIn(name, text), parts, name);
  }
});

Deno.test("what is no row is refused, with file and line", async () => {
  const cases: [name: string, text: string, says: RegExp][] = [
    ["a.csv", "", /a\.csv: it has no train row/],
    ["a.csv", "a,b,label\n", /a\.csv: it has no train row/],
    ["a.csv", "0,1,1\n2,3\n", /a\.csv: line 2: wanted 3 columns .*got 2/],
    ["a.csv", "a,b,y\n0,1,1\n2,x,5\n", /line 3: wanted a number, got "x"/],
    ["a.csv", "0,1,1\n2,,5\n", /line 2: wanted a number, got ""/],
    ["a.csv", "0,x,1\n2,3,5\n", /line 1: wanted a number, got "x"/],
    ["a.csv", "0,1,1.5\n", /label of train row 1 must be a class.*got 1\.5/],
    ["a.csv", "0,1,-1\n", /got -1/],
    ["a.csv", "7\n", /line 1: wanted inputs and a label/],
    [
      "a.csv",
      "0,1,1,train\n2,3,5,valid\n",
      /line 2: .*train or test, got valid/,
    ],
    ["a.json", "{", /a\.json: it is no JSON/],
    ["a.json", "{}", /wanted train\.inputs, a list of rows/],
    [
      "a.json",
      JSON.stringify({ train: { labels: [1], source: {} } }),
      /its inputs lie in another file: write them as CSV/,
    ],
    [
      "a.json",
      JSON.stringify({ train: { ...ROWS, labels: [1] } }),
      /2 inputs and 1 labels/,
    ],
    [
      "a.json",
      '{"train": {"inputs": [[0, 1], [2, null]], "labels": [1, 5]}}',
      /train row 2 must be 2 numbers, got \[2,null\]/,
    ],
    [
      "a.json",
      '{"train": {"inputs": [[0, 1], [2, 1e999]], "labels": [1, 5]}}',
      /train row 2 must be 2 numbers/,
    ],
  ];
  for (const [name, text, says] of cases) {
    const error = await rowsIn(name, text).then(() => undefined, (e) => e);
    assertMatch(String(error?.message), says);
  }
});

Deno.test("rows that are not the task's are refused", async () => {
  const path = at("foreign_perceptron.onnx");
  const row = (...inputs: number[][]) => ({
    train: { inputs, labels: inputs.map(([a, b]) => (a! + b!) % 7) },
  });
  const cases: [
    split: ReturnType<typeof row>,
    says: string,
    options?: object,
  ][] = [
    [
      row([0, 1], [7, 1]),
      "train row 2 must be a pair of residues mod 7, got 7,1",
    ],
    [
      row([0, 1], [1, 7]),
      "train row 2 must be a pair of residues mod 7, got 1,7",
    ],
    [row([0, 1], [0, 1]), "train row 2, 0,1, is named a second time"],
    [{ train: { inputs: [[0.5, 1]], labels: [1] } }, "got 0.5,1"],
    [{ train: { inputs: [[0, 1], [1, 1]], labels: [3, 3] } }, "--operation"],
    [{ train: { inputs: [[0, 1]], labels: [7] } }, "must be below 7, got 7"],
    [row([0, 1, 2]), "a row has 3 numbers", { modulus: undefined }],
    [
      { train: { inputs: [[0, 1]], labels: [7] } },
      "has 7 classes",
      { modulus: undefined },
    ],
    [
      { train: { inputs: [[0.5, 1]], labels: [1] } },
      "row 1 is 0.5,1",
      { modulus: undefined },
    ],
    [row([0, 1]), "--tokens must come with", {
      modulus: undefined,
      tokens: "a,b",
    }],
    [row([0, 1]), "--loss must be out of", { loss: "hinge" }],
  ];
  for (const [split, says, options] of cases) {
    const told = { modulus: 7, split, ...options };
    await assertRejects(
      () =>
        probe(
          path,
          ["margin"],
          Object.fromEntries(
            Object.entries(told).filter(([, value]) => value !== undefined),
          ),
        ),
      UsageError,
      says,
    );
  }
});
