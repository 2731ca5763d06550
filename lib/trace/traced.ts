/**
 * What a traced function may return, what type its gradients have, and what is
 * said where it cannot be traced.
 *
 * @module
 */

import * as tf from "../base/tfjs.ts";
import { leavesOf, type Tree } from "../base/tree.ts";

/**
 * What a traced function returned, once it is known to be tensors.
 *
 * @throws {TypeError} if it is anything else.
 */
export function tensorsOf(
  result: unknown,
): [path: string, tensor: tf.Tensor][] {
  if (result instanceof Promise) {
    result.catch(() => {}); // Of what it came to nobody will ask.
    throw new TypeError(
      "Cannot trace an async function: there is nothing to wait for, values " +
        "come to be when the graph runs",
    );
  }
  const isTree = typeof result === "object" && result !== null &&
    !(result instanceof tf.Tensor) && !isIterator(result);
  const leaves = isTree ? leavesOf(result as Tree<unknown>) : [["", result]];
  for (const [path, leaf] of leaves) {
    if (isTree && leaf instanceof tf.Tensor) continue;
    throw new TypeError(
      `Cannot trace a function that returns ${kindOf(leaf)}` +
        `${path ? ` as ${path}` : ""}: it must return an object of tensors`,
    );
  }
  return leaves as [string, tf.Tensor][];
}

// A generator, a Map, a Set: what they hold are no properties, so that there would
// be a graph without outputs.
const isIterator = (result: object) =>
  !Array.isArray(result) &&
  (Symbol.iterator in result || Symbol.asyncIterator in result);

const kindOf = (leaf: unknown): string =>
  leaf instanceof tf.Tensor
    ? "a tensor by itself"
    : leaf instanceof Promise
    ? "a promise"
    : leaf === null
    ? "null"
    : Array.isArray(leaf)
    ? "an array"
    : typeof leaf === "object"
    ? `a ${
      (leaf as { [Symbol.toStringTag]?: string })[Symbol.toStringTag] ??
        "object"
    }`
    : typeof leaf;

/**
 * Gives gradients their argument's type while tracing, and refuses second ones that
 * would be wrong.
 *
 * A gradient that depends on numbers only, as that of a sum, would have no type of
 * its own and become float32 in the end. A gradient that is made of an operation's
 * own result takes that for a constant when it is differentiated again.
 *
 * @param isWeak Whether a tensor is made of numbers only.
 * @returns What undoes it.
 */
export function withTypedGradients(
  isWeak: (x: tf.Tensor) => boolean,
): () => void {
  const engine = tf.engine();
  const { gradients, customGrad } = engine;
  engine.gradients = (f, xs, dy, allowNoGradients) => {
    // call() forgets that the value's type is that of f's result.
    const { value, grads } = gradients
      .call(engine, f, xs, dy, allowNoGradients) as {
        value: never;
        grads: tf.Tensor[];
      };
    const typed = grads.map((gradient, i) =>
      gradient && isWeak(gradient) && !isWeak(xs[i]!)
        ? typedLike(gradient, xs[i]!)
        : gradient
    );
    return { value, grads: typed };
  };
  engine.customGrad =
    ((f: CustomGradient) =>
      customGrad.call(engine, onceOnly(f))) as typeof customGrad;
  return () => Object.assign(engine, { gradients, customGrad });
}

type CustomGradient = (...inputs: (tf.Tensor | tf.GradSaveFunc)[]) => {
  value: tf.Tensor;
  gradFunc: (
    dy: tf.Tensor,
    saved: tf.Tensor[],
  ) => tf.Tensor | tf.Tensor[];
};

// The same, but where it keeps more than what it was given: only outside another
// gradient.
const onceOnly = (f: CustomGradient): CustomGradient => (...inputs) => {
  const save = inputs.at(-1) as tf.GradSaveFunc;
  let isOwn = false;
  const look = (saved: tf.Tensor[]) => {
    isOwn = saved.some((tensor) => !inputs.includes(tensor));
    save(saved);
  };
  const { value, gradFunc } = f(...inputs.with(-1, look));
  return {
    value,
    gradFunc(dy, saved) {
      if (isOwn && tf.engine().state.gradientDepth > 0) {
        throw new TypeError(
          "Cannot trace the second derivative of an operation whose gradient is " +
            "made of its own result, as tf.logSoftmax's: TensorFlow.js takes " +
            "that for a constant. Write the function with other operations, or " +
            "differentiate the gradient's graph with jvp()",
        );
      }
      return gradFunc(dy, saved);
    },
  };
};

// A constant, so what it is cast like does not count when it is differentiated.
const typedLike = (gradient: tf.Tensor, like: tf.Tensor): tf.Tensor =>
  tf.customGrad((x) => ({
    value: tf.engine().runKernel("CastLike", {
      x: x as tf.Tensor,
      like,
    }) as tf.Tensor,
    gradFunc: (dy) => dy,
  }))(gradient);

/**
 * TensorFlow.js's own errors, in words about tracing.
 *
 * @param known The kernels that have a rule.
 */
export function explained(error: unknown, known: string[]): unknown {
  const text = String(error);
  const kernel = /Kernel '(\w+)' not registered/.exec(text)?.[1];
  if (kernel) {
    return new TypeError(
      `Cannot trace ${kernel}: it has no ONNX rule. ` +
        `Operations with one: ${known.sort().join(", ")}`,
      { cause: error },
    );
  }
  const without = /gradient function not found for (\w+)/.exec(text)?.[1];
  if (without) {
    return new TypeError(
      `Cannot trace the gradient of ${without}: it has none`,
      { cause: error },
    );
  }
  const [, passed, op, wanted] =
    /(Argument '\w+') passed to '(\w+)' (must be .*)/.exec(text) ?? [];
  if (op) {
    return new TypeError(`Cannot trace ${op}: ${passed} ${wanted}`, {
      cause: error,
    });
  }
  return error;
}
