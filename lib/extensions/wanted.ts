/**
 * What functions of an extension must give: a line on what was found and wanted
 * where it is something else.
 *
 * @module
 */

import * as tf from "../base/tfjs.ts";
import { isObject } from "../base/json.ts";
import { leavesOf, type Tree } from "../base/tree.ts";
import { checkRows, type Form } from "../data/definition.ts";
import type { Dataset } from "../data/dataset.ts";
import { found, isPlain, isPromise } from "./found.ts";

/**
 * Why a function may not have given a value, in words that follow its name;
 * undefined where it may.
 */
export type Wanted = (
  value: unknown,
  args: readonly unknown[],
) => string | undefined;

const unless = (holds: boolean, value: unknown, wanted: string) =>
  holds && !isPromise(value)
    ? undefined
    : `gives ${found(value)}, wanted ${wanted}`;

/** A text. */
export const text: Wanted = (value) =>
  unless(typeof value === "string", value, "a text");

/** A text, or undefined. */
export const reason: Wanted = (value) =>
  unless(
    value === undefined || typeof value === "string",
    value,
    "a text, or undefined where nothing is wrong",
  );

/** A list of texts. */
export const texts: Wanted = (value) =>
  unless(
    Array.isArray(value) && value.every((each) => typeof each === "string"),
    value,
    "a list of texts",
  );

/** An object with functions of some names. */
export const objectWith = (what: string, ...names: string[]): Wanted =>
(
  value,
) =>
  unless(isObject(value), value, what) ??
    names.flatMap((name) => {
      const each = (value as Record<string, unknown>)[name];
      return typeof each === "function"
        ? []
        : [`gives ${what} whose ${name} is ${found(each)}, wanted a function`];
    })[0];

/** A function. */
export const aFunction = (what: string): Wanted => (value) =>
  unless(typeof value === "function", value, what);

/** A tensor of a shape. */
export const tensor = (
  shapeOf: (args: readonly unknown[]) => readonly number[],
): Wanted =>
(value, args) => {
  const shape = shapeOf(args);
  return unless(
    isTensor(value, shape),
    value,
    `a tensor [${shape.join(", ")}]`,
  );
};

const isTensor = (value: unknown, shape: readonly number[]) =>
  value instanceof tf.Tensor && value.shape.join() === shape.join();

/** Scalars by name. */
export const scalars: Wanted = (value) =>
  unless(isObject(value), value, "an object of metrics") ??
    firstOf(
      value as object,
      (name, each) =>
        isTensor(each, [])
          ? undefined
          : `gives as ${name} ${found(each)}, wanted a tensor []`,
    );

/** Numbers by name; null too, where that is said. */
export const numbers = (orNull: boolean): Wanted => (value) =>
  unless(isObject(value), value, "an object of numbers") ??
    firstOf(
      value as object,
      (name, each) =>
        typeof each === "number" || orNull && each === null
          ? undefined
          : `gives as ${name} ${found(each)}, wanted a number` +
            (orNull ? " or null" : ""),
    );

function firstOf(
  value: object,
  problem: (name: string, value: unknown) => string | undefined,
): string | undefined {
  for (const [name, each] of Object.entries(value)) {
    const found = problem(name, each);
    if (found !== undefined) return found;
  }
}

/** A tree of tensors, those of the host among them. */
export const tensors: Wanted = (value) =>
  unless(isObject(value) && !isShaped(value), value, "an object of tensors") ??
    leavesOf(value as Tree<unknown>).flatMap(([path, leaf]) =>
      isShaped(leaf) ? [] : [`gives as ${path} ${found(leaf)}, wanted a tensor`]
    )[0];

const isShaped = (value: unknown) =>
  isObject(value) && "shape" in value && "dtype" in value;

/** Updates of the shapes of those that came in, and a state as it was. */
export const updates: Wanted = (value, [before, state]) => {
  const pair = "a list of two: updates and state";
  if (!Array.isArray(value) || value.length !== 2) {
    return unless(false, value, pair);
  }
  return treeProblem("updates", value[0], before) ??
    treeProblem("state", value[1], state);
};

function treeProblem(
  what: string,
  value: unknown,
  before: unknown,
): string | undefined {
  const problem = tensors(value, []);
  if (problem !== undefined) {
    const [, path = "", rest] = /^gives (?:as (\S+) )?(.*)$/s.exec(problem)!;
    return `gives as ${what}${path && `.${path}`} ${rest}`;
  }
  const now = new Map(leavesOf(value as Tree<tf.Tensor>));
  const then = new Map(leavesOf(before as Tree<tf.Tensor>));
  for (const path of new Set([...then.keys(), ...now.keys()])) {
    const [a, b] = [then.get(path)?.shape, now.get(path)?.shape];
    if (a?.join() === b?.join()) continue;
    return `gives as ${what}.${path} ${shapeText(b)}, wanted ` +
      shapeText(a);
  }
}

const shapeText = (shape: readonly number[] | undefined) =>
  shape === undefined ? "none" : `a tensor [${shape.join(", ")}]`;

/** A model. */
export const model: Wanted = (value, args) =>
  objectWith("a model", "init", "apply")(value, args) ??
    modelProblem(value as Record<string, unknown>);

function modelProblem(
  { input, row }: Record<string, unknown>,
): string | undefined {
  if (typeof input !== "string") {
    return `gives a model whose input is ${
      found(input)
    }, wanted the name of it`;
  }
  return isShaped(row)
    ? undefined
    : `gives a model whose row is ${found(row)}, wanted { dtype, shape }`;
}

/** A loss. */
export const loss: Wanted = (value, args) =>
  objectWith("a loss", "terms", "gradient")(value, args) ??
    lossProblem(value as Record<string, unknown>);

function lossProblem(
  { name, precisions }: Record<string, unknown>,
): string | undefined {
  if (typeof name !== "string") {
    return `gives a loss whose name is ${found(name)}, wanted a text`;
  }
  return Array.isArray(precisions)
    ? undefined
    : `gives a loss whose precisions are ${found(precisions)}, wanted a list`;
}

/** What a task's rows are. */
export const form: Wanted = (value) => {
  const problem = unless(isObject(value), value, "{ input, classes, total }");
  if (problem !== undefined) return problem;
  const { input, classes, total = 1 } = value as Record<string, unknown>;
  const { kind, vocabulary, length, width, name } = isObject(input)
    ? input
    : {} as Record<string, unknown>;
  if (kind !== "tokens" && kind !== "numbers") {
    return `gives as input ${
      isObject(input) ? `the kind ${String(kind)}` : found(input)
    }, wanted { kind: "tokens" or "numbers", … }`;
  }
  const sizes = kind === "tokens"
    ? { classes, total, "input.vocabulary": vocabulary, "input.length": length }
    : { classes, total, "input.width": width };
  if (kind === "numbers" && typeof name !== "string") {
    return `gives as input.name ${found(name)}, wanted a text`;
  }
  return firstOf(
    sizes,
    (name, size) =>
      Number.isSafeInteger(size) && size as number >= 1
        ? undefined
        : `gives as ${name} ${found(size)}, wanted an integer of 1 or more`,
  );
};

/** Rows with labels or targets, of a form. */
export const dataset = (
  name: string,
  formOf: (args: readonly unknown[]) => Form,
): Wanted =>
(value, args) => {
  const problem = unless(isObject(value), value, "{ inputs, labels, classes }");
  if (problem !== undefined) return problem;
  const { split, inputs, labels, targets } = value as unknown as Dataset;
  const parts = isObject(split)
    ? { train: split.train, test: split.test, ...split.extra }
    : { rows: { inputs, labels, targets } };
  const listed = firstOf(parts, (part, rows) => {
    if (!isObject(rows)) {
      return `gives as ${part} ${found(rows)}, wanted { inputs, labels }`;
    }
    const { inputs, labels, targets = [] } = rows;
    const lists = firstOf(
      { inputs, targets },
      (name, list) =>
        isList(list) && Array.prototype.every.call(list, isList)
          ? undefined
          : `gives as ${name} ${found(list)}, wanted a list of lists`,
    );
    if (lists !== undefined) return lists;
    return isList(labels)
      ? undefined
      : `gives as labels ${found(labels)}, wanted a list of numbers`;
  });
  if (listed !== undefined) return listed;
  checkRows(value as unknown as Dataset, formOf(args), name);
};

const isList = (value: unknown) =>
  Array.isArray(value) || ArrayBuffer.isView(value);

/** Plain JSON of finite numbers. */
export const json: Wanted = (value) => {
  const at = oddIn(value, "", new Set());
  if (at === undefined) return undefined;
  const [path, odd] = at;
  return `gives ${path === "" ? "" : `as ${path.replace(/^\./, "")} `}${
    found(odd)
  }, wanted plain JSON of finite numbers (finite() makes null of others)`;
};

// The first value that JSON has not, and where it stands.
function oddIn(
  value: unknown,
  path: string,
  above: Set<unknown>,
): [path: string, value: unknown] | undefined {
  if (value === null || ["string", "boolean"].includes(typeof value)) {
    return undefined;
  }
  if (typeof value === "number") {
    return Number.isFinite(value) ? undefined : [path, value];
  }
  if (typeof value !== "object" || above.has(value)) return [path, value];
  const inside = new Set(above).add(value);
  if (Array.isArray(value)) {
    for (const [i, each] of value.entries()) {
      const odd = oddIn(each, `${path}[${i}]`, inside);
      if (odd) return odd;
    }
    return undefined;
  }
  if (!isPlain(value)) return [path, value];
  for (const [key, each] of Object.entries(value)) {
    // JSON leaves out what is undefined.
    const odd = each === undefined
      ? undefined
      : oddIn(each, `${path}.${key}`, inside);
    if (odd) return odd;
  }
}
