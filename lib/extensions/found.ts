/**
 * What a value is, in the words of a message.
 *
 * @module
 */

import * as tf from "../base/tfjs.ts";

/** Whether a value is a promise, or something else to wait for. */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null &&
    typeof (value as { then?: unknown }).then === "function";
}

/**
 * What a value is, in a few words: "a promise", "a tensor [3, 2]", "NaN".
 *
 * @param value Any value.
 */
export function found(value: unknown): string {
  if (value instanceof tf.Tensor) return `a tensor [${value.shape.join(", ")}]`;
  if (isPromise(value)) return "a promise (await is missing)";
  if (Array.isArray(value)) return `a list of ${value.length}`;
  switch (typeof value) {
    case "function":
      return "a function";
    case "string":
      return value === "" ? "an empty text" : "a text";
    case "object":
      if (value === null) return "null";
      return isPlain(value) ? "an object" : `a ${nameOf(value)}`;
    case "symbol":
      return "a symbol";
    default:
      return String(value);
  }
}

/** Whether a value is an object as JSON has it: no class's. */
export function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

const nameOf = (value: object) => value.constructor?.name || "value";
