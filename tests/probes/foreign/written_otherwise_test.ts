/**
 * One network, written in many ways by other tools: its gradient, its curvature and
 * the places of its weights are the same in all of them.
 */

import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { loadProbeModel } from "../../../lib/onnx/inspect/load_probe_model.ts";
import { toNumbers } from "../../../lib/numeric/tensor.ts";
import {
  type ForeignOptions,
  introduce,
  probe,
} from "../../../lib/probes/mod.ts";
import { assertClose, golden } from "../../_golden.ts";
import { withTempDir } from "../../tasks/_run.ts";
import { at } from "./_files.ts";

interface Case {
  readonly name: string;
  readonly options: ForeignOptions;
  /** In base64. */
  readonly file: string;
}

interface Otherwise {
  readonly loss: number;
  readonly gradient_norm: number;
  readonly cos: number;
  readonly largest: number;
  readonly weights: Readonly<Record<string, number[]>>;
}

const SPLIT = at("told/foreign_options.csv");

const SAME = [
  ...[
    "Softmax",
    "Log of a clipped Softmax",
    "a log-softmax in other operators",
  ],
  ...["ZipMap", "a token in each of two inputs", "one-hot rows"],
  ...["one-hot side by side", "one-hot rows as flags", "tokens of int32"],
  ...["three tokens, of which the third is =", "MatMul and Add, opset 9"],
  ...["a batch that is declared to be 0", "Constant nodes"],
  ...["a function in a function", "the branch that a constant decides"],
  ...["two Transpose nodes", "parts of one tensor by Split"],
  ...["an embedding by OneHot", "a mask of 1 beside the tokens, as told"],
];

// Weights that are reached in other ways than by names have other places in a file.
const UNNAMED = ["a weight on the left"];

const cases = await golden<Case[]>("foreign/foreign");

for (const { name, options, file } of cases) {
  if (!SAME.includes(name) && !UNNAMED.includes(name)) continue;
  Deno.test(`gradient, curvature and weights of: ${name}`, () =>
    withTempDir(async (folder) => {
      const all = await golden<Record<string, Otherwise>>(
        "told/foreign_options",
      );
      const expected = all["otherwise"]!;
      const path = join(folder, "file.onnx");
      await Deno.writeFile(path, Uint8Array.fromBase64(file));
      const told: ForeignOptions = {
        modulus: 7,
        ...options,
        split: SPLIT,
        loss: "softmax",
        map: "auto",
      };
      const { probes } = await probe(path, ["nlm", "edge-of-stability"], {
        ...told,
        threads: 1,
      });
      const { float64, trained } = probes.nlm!;
      assertClose(
        [float64.loss!, float64.gradient_norm, float64.cos!],
        [expected.loss, expected.gradient_norm, expected.cos],
        // In float64 on the same float32 weights, in another order of sums; a
        // clipped softmax's smallest number is not in it.
        { relative: 1e-9, absolute: 0 },
        "loss, ‖g‖, cos",
      );
      const { largest } = probes["edge-of-stability"]!.hessian;
      assert(Math.abs(largest.value - expected.largest) <= largest.residual);
      assertEquals(trained.tensors.length, 4);
      if (UNNAMED.includes(name)) return;
      const loaded = await loadProbeModel(path);
      const { model } = await introduce(loaded, told);
      for (const [asked, values] of Object.entries(expected.weights)) {
        assertEquals([...toNumbers(model.weight(asked)!)], values, asked);
      }
      await model.close();
      await loaded.close();
    }));
}

Deno.test("every way that is named here is there", () => {
  const names = cases.map(({ name }) => name);
  for (const name of [...SAME, ...UNNAMED]) assert(names.includes(name), name);
});
