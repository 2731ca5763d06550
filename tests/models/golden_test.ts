/**
 * Architectures held to PyTorch (tests/golden/networks/make_models.py): logits and the
 * gradients of all parameters.
 */

import { assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs-core";
import { leavesOf, type Tree, treeOf } from "../../lib/base/tree.ts";
import { meanLoss } from "../../lib/losses/mod.ts";
import { softmax } from "../../lib/losses/softmax.ts";
import {
  type FloatDType,
  type HostTensor,
  hostTensorOf,
  sizeOf,
} from "../../lib/numeric/tensor.ts";
import { runTraced } from "../../lib/onnx/runtime/compile.ts";
import type { Params } from "../../lib/optim/mod.ts";
import { mlp } from "../../models/mlp.ts";
import { type Hook, type Model, noHook } from "../../models/model.ts";
import type { Mode } from "../../models/training_mode.ts";
import {
  transformer,
  type TransformerOptions,
} from "../../models/transformer.ts";
import { assertClose, golden, tensorOf, valuesOf } from "../_golden.ts";
import { eagerly } from "../trace/_run.ts";

interface MlpCase {
  readonly vocabulary: number;
  readonly length: number;
  readonly classes: number;
  readonly hidden: readonly number[];
  readonly biases: boolean;
  readonly embedding: number | null;
}

interface Golden {
  readonly cases: Readonly<
    Record<string, {
      readonly options: MlpCase | TransformerOptions;
      readonly shapes: Record<string, number[]>;
      readonly params: Record<string, number[]>;
      readonly tokens: number[][];
      readonly labels: number[];
      readonly logits: number[];
      readonly loss: number;
      readonly gradients: Record<string, number[]>;
      readonly dropped?: Record<string, number[]>;
    }>
  >;
}

const { cases } = await golden<Golden>("networks/models");

function modelOf(options: MlpCase | TransformerOptions): Model {
  if (!("hidden" in options)) return transformer(options);
  const { vocabulary, length, ...sizes } = options;
  const input = { kind: "tokens", vocabulary, length } as const;
  return mlp({ ...sizes, input });
}

// A hook that looks: models then compute every activation.
const look: Hook = (_name, activation) => activation;

// Sums of at most some dozens of products, through at most three layers, norms
// among them: some hundred roundings, of which a few add up. In float32 they are
// 2²⁹ times as large, and ReLU's kinks are still far.
const CLOSE = {
  float64: { relative: 1e-12, absolute: 1e-13 },
  float32: { relative: 1e-4, absolute: 1e-5 },
} as const;

for (const [name, reference] of Object.entries(cases)) {
  const { options, shapes, labels } = reference;
  const model = modelOf(options);
  const tokens = tensorOf("int64", reference.tokens);
  const y = hostTensorOf("int64", [labels.length], labels);
  const paramsOf = (dtype: FloatDType): Tree<HostTensor> =>
    treeOf(
      Object.entries(reference.params).map(([path, values]) =>
        [
          path,
          hostTensorOf(dtype, shapes[path]!, values.map(Math.fround)),
        ] as const
      ),
    );

  Deno.test(`${name}: parameters have their names and shapes`, () => {
    const own = leavesOf<HostTensor>(model.init(() => zeros, "float32"));
    assertEquals(
      Object.fromEntries(own.map(([path, { shape }]) => [path, shape])),
      shapes,
    );
  });

  for (const [how, hook] of [["looked at", look], ["alone", noHook]] as const) {
    Deno.test(`${name}: logits ${how} and gradients are PyTorch's`, async () => {
      const lossOf = meanLoss(softmax, "float64");
      const results = await runTraced(
        ({ params, tokens, y }) => {
          const leaves = leavesOf<tf.Tensor>(params);
          const { value, grads } = tf.valueAndGrads(
            (...tensors: tf.Tensor[]) => {
              const params = treeOf(
                leaves.map(([path], i) => [path, tensors[i]!] as const),
              ) as Params;
              const logits = model.apply(params, tokens, hook);
              return lossOf(logits, y as tf.Tensor1D);
            },
          )(leaves.map(([, tensor]) => tensor));
          return {
            logits: model.apply(params, tokens, hook),
            loss: value,
            gradients: Object.fromEntries(
              leaves.map(([path], i) => [path, grads[i]!]),
            ),
          };
        },
        { params: paramsOf("float64"), tokens, y },
      );
      const { logits, loss } = results;
      assertEquals(logits!.dtype, "float64");
      assertClose(valuesOf(logits), reference.logits, CLOSE.float64, "logits");
      assertClose(valuesOf(loss), [reference.loss], CLOSE.float64, "loss");
      for (const [path, expected] of Object.entries(reference.gradients)) {
        assertClose(
          valuesOf(results[`gradients.${path}`]),
          expected,
          CLOSE.float64,
          `gradient of ${path}`,
        );
      }
    });

    for (const [place, dropped] of Object.entries(reference.dropped ?? {})) {
      Deno.test(`${name}: dropout stands at ${place}, ${how}`, async () => {
        const rate = 0.25;
        const { layers } = options as TransformerOptions;
        const { dModel, dMlp, heads, length } = options as TransformerOptions;
        const model = modelOf(
          { ...options, dropout: rate } as TransformerOptions,
        );
        const asked: string[] = [];
        const mode: Mode = {
          mask(name, given, shape) {
            assertEquals(given, rate);
            // The last layer's masks are those of the positions that it computes.
            const last = name.startsWith(`blocks.${layers! - 1}.`);
            const seen = how === "alone" && last ? 1 : length;
            const [, part] = name.match(/^blocks\.\d+\.(.*)$/)!;
            const size = part === "attn.hook_pattern"
              ? heads * seen * length
              : seen * (part === "mlp.hook_post" ? dMlp : dModel);
            assertEquals(sizeOf(shape), labels.length * size);
            asked.push(name);
            return part === place ? tf.zeros([...shape]) : tf.ones([...shape]);
          },
          update: () => {},
        };
        const { logits } = await runTraced(
          ({ params, tokens }) => ({
            logits: model.apply(params, tokens, hook, mode),
          }),
          { params: paramsOf("float64"), tokens },
        );
        assertEquals(asked.length, 4 * layers!);
        assertEquals(new Set(asked).size, asked.length);
        assertClose(valuesOf(logits), dropped, CLOSE.float64, "logits");
      });
    }

    Deno.test(`${name}: TensorFlow.js computes the same logits ${how}`, () => {
      const leaves = leavesOf<HostTensor>(paramsOf("float32"));
      const [logits] = eagerly(
        (tokens, ...tensors) =>
          model.apply(
            treeOf(leaves.map(([path], i) => [path, tensors[i]!] as const)),
            tokens!,
            hook,
          ),
        [
          hostTensorOf("int32", tokens.shape, valuesOf(tokens)),
          ...leaves.map(([, tensor]) => tensor),
        ],
      );
      assertClose(valuesOf(logits), reference.logits, CLOSE.float32, "logits");
    });
  }
}

const zeros = { uniform: () => 0, normal: () => 0, integer: () => 0 };
