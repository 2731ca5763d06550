/**
 * Other tools' files of one network, written in a hundred ways: each gives the
 * numbers that Python's onnxruntime and NumPy have for it, or is refused.
 */

import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { join } from "node:path";
import {
  introduce,
  probe,
  type ProbeName,
  type ProbeOptions,
} from "../../../lib/probes/mod.ts";
import { loadProbeModel } from "../../../lib/onnx/inspect/load_probe_model.ts";
import { hostTensorOf } from "../../../lib/numeric/tensor.ts";
import { golden } from "../../_golden.ts";
import { withTempDir } from "../../tasks/_run.ts";

interface Numbers {
  readonly loss: number;
  readonly accuracy: number;
  readonly norm: number;
  readonly parameters: number;
  readonly exponent: number;
  readonly correlations: readonly number[];
  readonly depth: number | null;
  readonly homogeneous: boolean | null;
  /** Its length, of the loss over all pairs. */
  readonly gradient?: number;
}

type Expected =
  | Numbers
  | Pick<Numbers, "loss" | "accuracy"> & { readonly left_out: string }
  | { readonly refused: string };

interface Case {
  readonly name: string;
  readonly options: ProbeOptions;
  readonly expected: Expected;
  /** The file in base64. */
  readonly file: string;
}

const ASKED: ProbeName[] = ["geometry", "logit-scaling", "progress"];

const told = (options: ProbeOptions): ProbeOptions => ({
  modulus: 7,
  lenient: true,
  threads: 1,
  ...options,
});

// In WebAssembly, too: short floats, what is computed of constants, free lengths
// without a name, several inputs, what stands behind the logits.
const WEB = [
  "float16 throughout",
  "bfloat16 throughout",
  "a uint8 weight with a scale for each row",
  "a function that is called twice has its weights once",
  "a loop of as many turns as there are tokens",
  "a batch that is declared to be 0",
  "scikit-learn's perceptron, ZipMap True",
  "a one-hot operand in each of two inputs",
  "Softmax",
  "Softmax over the rows",
  "logits that are declared with three axes",
  "logits that are declared without axes",
  "logits that are declared to be five",
  "values between that are declared wrongly",
  "RMSNorm, SiLU and positions that are looked up",
  "a tied embedding, new exporter",
];

async function outcome(path: string, options: ProbeOptions) {
  const { probes, skipped } = await probe(path, ASKED, told(options));
  const model = await loadProbeModel(path);
  const { constants } = model;
  await model.close();
  return { ...probes, skipped, constants };
}

// Trained on all pairs, as told.
async function withAllRows(path: string, options: ProbeOptions) {
  const split = `${path}.csv`;
  const rows = Array.from({ length: 49 }, (_, i) => {
    const [a, b] = [Math.floor(i / 7), i % 7];
    return `${a},${b},${(a + b) % 7}`;
  });
  await Deno.writeTextFile(split, ["a,b,label", ...rows, ""].join("\n"));
  const more = { split, loss: "softmax" } as const;
  return await probe(path, ["nlm"], { ...told(options), ...more });
}

// float32 here and float32 there, in another order of sums: ε·√144 of logits up to
// 20, over losses from 1e-3 on.
const LOSS = 1e-5;

const cases = await golden<Case[]>("foreign/foreign");
assert(cases.length >= 140);

const web = cases.filter(({ name }) => WEB.includes(name)).map((each) => ({
  ...each,
  name: `${each.name}, in WebAssembly`,
  options: { ...each.options, runtime: "web" as const },
}));
assertEquals(web.length, WEB.length);

for (const { name, options, expected, file } of [...cases, ...web]) {
  Deno.test(`another tool's file: ${name}`, () =>
    withTempDir(async (folder) => {
      const path = join(folder, "file.onnx");
      await Deno.writeFile(path, Uint8Array.fromBase64(file));
      if ("refused" in expected) {
        const message = await outcome(path, options).then(
          () => "not refused",
          (error: Error) => error.message,
        );
        assert(message.includes(expected.refused), message);
        return;
      }
      const found = await outcome(path, options);
      assertAlmostEquals(found.progress!.full.loss, expected.loss, LOSS);
      assertEquals(found.progress!.full.accuracy, expected.accuracy);
      if ("left_out" in expected) {
        const { geometry, "logit-scaling": scaling } = found.skipped;
        assert(geometry?.includes(expected.left_out), geometry);
        assert(scaling?.includes(expected.left_out), scaling);
        assertEquals(found.progress!.sum_of_squared_weights, null);
        return;
      }
      const { geometry, "logit-scaling": scaling, progress } = found;
      const near = { norm: 1e-6 * expected.norm, exponent: 1e-4 };
      assertAlmostEquals(geometry!.weight_norm, expected.norm, near.norm);
      assertAlmostEquals(
        Math.sqrt(progress!.sum_of_squared_weights!),
        expected.norm,
        near.norm,
      );
      assertEquals(
        geometry!.weights.reduce(
          (sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1),
          0,
        ),
        expected.parameters,
      );
      const { exponent, depth, homogeneous, rows } = scaling!;
      assertAlmostEquals(exponent!, expected.exponent, near.exponent);
      assertEquals({ depth, homogeneous }, {
        depth: expected.depth,
        homogeneous: expected.homogeneous,
      });
      expected.correlations.forEach((r, i) =>
        assertAlmostEquals(rows[i]!.correlation!, r, 1e-5)
      );
      if (expected.gradient !== undefined) {
        const { nlm } = (await withAllRows(path, options)).probes;
        assertAlmostEquals(
          nlm!.float64.gradient_norm,
          expected.gradient,
          // In float64 both; a file may have 1/√d in float32.
          2 ** -23 * expected.gradient,
        );
      }
      const one = rows.find(({ alpha }) => alpha === 1)!;
      assertAlmostEquals(one.loss!, expected.loss, LOSS);
    }));
}

Deno.test("a number that might have been trained is said not to count", () =>
  withTempDir(async (folder) => {
    const path = join(folder, "file.onnx");
    for (
      const [name, notes] of Object.entries({
        "a factor of 2 is no weight": ["t = 2"],
        "a trained factor without axes": [],
      })
    ) {
      const { file } = cases.find((each) => each.name === name)!;
      await Deno.writeFile(path, Uint8Array.fromBase64(file));
      const found = await probe(path, ["geometry"], told({}));
      assertEquals(
        found.notes,
        notes.map((note) =>
          `no weights, but numbers that formulas are written with: ${note}`
        ),
      );
    }
  }));

for (const exporter of ["old", "new"]) {
  const name = `a tied embedding, ${exporter} exporter`;
  Deno.test(`the unembedding is rows of the embedding: ${name}`, () =>
    withTempDir(async (folder) => {
      const path = join(folder, "file.onnx");
      const { file } = cases.find((each) => each.name === name)!;
      await Deno.writeFile(path, Uint8Array.fromBase64(file));
      const whole = await loadProbeModel(path);
      const { model } = await introduce(whole, { modulus: 7, map: "auto" });
      const [embedding, unembedding] = ["W_E", "W_U"].map((weight) =>
        model.weight(weight)!
      );
      assertEquals(embedding!.shape, [8, 8]);
      assertEquals(unembedding!.shape, [8, 7]);
      // Both in one tensor of the file, so at equal numbers.
      const turned = Array.from(
        { length: 8 * 7 },
        (_, i) => embedding!.data[(i % 7) * 8 + Math.floor(i / 7)]!,
      );
      assertEquals([...unembedding!.data], turned);
      await model.close();
      await whole.close();
    }));
}

Deno.test("positions that a Gather reads can be asked for", () =>
  withTempDir(async (folder) => {
    const path = join(folder, "file.onnx");
    const { file } = cases.find(({ name }) =>
      name === "RMSNorm, SiLU and positions that are looked up"
    )!;
    await Deno.writeFile(path, Uint8Array.fromBase64(file));
    const model = await loadProbeModel(path, { threads: 1 });
    const range = model.graph.node.find(({ opType }) => opType === "Range")!;
    const row = hostTensorOf("int64", [2, 3], [0, 1, 7, 6, 5, 7]);
    const found = await model.run({ row }, [range.output[0]!]);
    assertEquals(
      [...found[range.output[0]!]!.data].map(Number),
      [0, 1, 2],
    );
    await model.close();
  }));

Deno.test("groups of weights grow as NumPy says, and are as far from the power", () =>
  withTempDir(async (folder) => {
    const path = join(folder, "file.onnx");
    const { file } = cases.find(({ name }) => name === "initializers")!;
    await Deno.writeFile(path, Uint8Array.fromBase64(file));
    const { "logit-scaling": scaling } = await outcome(path, {});
    const expected = await golden<
      Record<string, { exponent: number; deviation: number[] }>
    >("foreign/foreign_groups");
    for (const [name, { exponent, deviation }] of Object.entries(expected)) {
      const group = scaling!.groups.find((each) => each.name === name)!;
      assertAlmostEquals(group.exponent!, exponent, 1e-5, name);
      deviation.forEach((off, i) =>
        assertAlmostEquals(group.deviation[i]!, off, 1e-5, name)
      );
    }
    assertEquals(scaling!.groups.length, Object.keys(expected).length);
  }));
