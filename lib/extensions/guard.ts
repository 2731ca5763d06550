/**
 * Definitions of an extension as the registries have them: what their functions
 * throw says whose it is, and what they give is looked at.
 *
 * @module
 */

import { NotApplicableError, UsageError } from "../base/errors.ts";
import { append } from "../base/extremes.ts";
import { FileError } from "../base/files.ts";
import type { Form } from "../data/definition.ts";
import type * as tf from "../base/tfjs.ts";
import type { ExtensionParts } from "./extension.ts";
import { found, isPromise } from "./found.ts";
import { lackText } from "./lack.ts";
import * as wanted from "./wanted.ts";

/** A function of a definition. */
interface Member {
  /** What it must give. */
  readonly gives: wanted.Wanted;
  /** Whether it may give that later. */
  readonly later?: true;
  /** Functions of what it gives, to which the same is done. */
  readonly members?: (args: readonly unknown[]) => Members;
  /** What it gives is a function, to which the same is done. */
  readonly call?: Member;
}
type Members = Readonly<Record<string, Member>>;

const anything: Member = { gives: () => undefined };
const COMPONENT: Members = {
  check: { gives: wanted.reason },
  idle: { gives: wanted.texts },
};
const describe: Member = { gives: wanted.text };

const shapeOf = (x: unknown) => (x as tf.Tensor).shape;

const LOSS: Members = {
  terms: { gives: wanted.tensor(([logits]) => [shapeOf(logits)[0]!]) },
  gradient: { gives: wanted.tensor(([logits]) => shapeOf(logits)) },
};
const TRANSFORMATION: Member = {
  gives: wanted.objectWith("a transformation", "init", "update"),
  members: () => ({
    init: { gives: wanted.tensors },
    update: { gives: wanted.updates },
  }),
};

const modelMembers = ({ classes }: Form): Members => ({
  init: { gives: wanted.tensors },
  buffers: { gives: wanted.tensors },
  apply: {
    gives: wanted.tensor(([, inputs]) => [shapeOf(inputs)[0]!, classes]),
  },
});

type Definition = Readonly<Record<string, unknown>>;

const MEMBERS: Readonly<
  Record<keyof ExtensionParts, (name: string, of: Definition) => Members>
> = {
  tasks: (name, { form }) => ({
    ...COMPONENT,
    form: { gives: wanted.form },
    dataset: {
      gives: wanted.dataset(
        name,
        ([config]) => (form as (config: unknown) => Form)(config),
      ),
    },
    describe,
  }),
  models: () => ({
    ...COMPONENT,
    refuses: { gives: wanted.reason },
    draws: anything,
    // Of each row: what it gives is looked at with the rows.
    read: anything,
    make: {
      gives: wanted.model,
      members: ([form]) => modelMembers(form as Form),
    },
    describe,
  }),
  losses: () => ({
    ...COMPONENT,
    make: { gives: wanted.loss, members: () => LOSS },
  }),
  optimizers: () => ({ ...COMPONENT, make: TRANSFORMATION }),
  stages: () => ({ ...COMPONENT, isOn: anything, make: TRANSFORMATION }),
  metrics: () => ({
    make: {
      gives: wanted.aFunction("a function of what is measured"),
      call: { gives: wanted.scalars },
    },
    open: {
      later: true,
      gives: wanted.objectWith("a meter", "measure", "close"),
      members: () => ({
        measure: { later: true, gives: wanted.numbers(false) },
        close: { later: true, ...anything },
      }),
    },
  }),
  probes: () => ({
    compute: { later: true, gives: wanted.json },
    text: { gives: wanted.texts },
    curves: { gives: wanted.numbers(true) },
  }),
};

/**
 * Definitions of an extension, as they are added to a registry.
 *
 * @param kind Their registry.
 * @param one What one of them is called.
 * @param definitions The definitions, by name.
 * @param path What the user called the extension.
 */
export function guarded<T>(
  kind: keyof ExtensionParts,
  one: string,
  definitions: Readonly<Record<string, T>>,
  path: string,
): Record<string, T> {
  return Object.fromEntries(
    Object.entries(definitions).map(([name, definition]) => [
      name,
      guardedObject(
        { part: `${one} ${name}`, path },
        definition as object,
        MEMBERS[kind](name, definition as Definition),
      ) as T,
    ]),
  );
}

/** Whose a function is. */
interface Owner {
  readonly part: string;
  readonly path: string;
}

// Everything is read of the definition itself, which may be of a class; what is
// copied with {...} is the copy's own.
function guardedObject(owner: Owner, of: object, members: Members): object {
  const read = of as Definition;
  const copy: Record<string, unknown> = {};
  for (const name of namesIn(of)) {
    const value = read[name];
    copy[name] = typeof value === "function"
      ? guardedCall(owner, name, value.bind(of), members[name] ?? anything)
      : value;
  }
  return copy;
}

function namesIn(of: object): string[] {
  const names = Object.keys(of);
  for (
    let from = Object.getPrototypeOf(of);
    from !== null && from !== Object.prototype;
    from = Object.getPrototypeOf(from)
  ) append(names, Object.getOwnPropertyNames(from));
  return [...new Set(names)].filter((name) => name !== "constructor");
}

type Call = (...args: unknown[]) => unknown;

function guardedCall(
  owner: Owner,
  name: string,
  f: Call,
  member: Member,
): Call {
  const looked = (value: unknown, args: readonly unknown[]): unknown => {
    const problem = member.gives(value, args);
    if (problem !== undefined) {
      throw told(new TypeError(`${subject(owner)}: ${name}() ${problem}`));
    }
    if (member.call) {
      return guardedCall(owner, `${name}()`, value as Call, member.call);
    }
    const members = member.members?.(args);
    return members ? guardedObject(owner, value as object, members) : value;
  };
  return (...args) => {
    try {
      const value = f(...args);
      if (!member.later || !isPromise(value)) return looked(value, args);
      return Promise.resolve(value).then((value) => looked(value, args)).catch(
        (error) => {
          throw named(error, owner, name);
        },
      );
    } catch (error) {
      throw named(error, owner, name);
    }
  };
}

const subject = ({ part, path }: Owner) =>
  `The ${part} of the extension ${path}`;

// Errors that say whose they are: they pass through others' functions.
const known = new WeakSet<object>();

function told<E extends Error>(error: E): E {
  known.add(error);
  return error;
}

// The error, of the same class, with whose it is before what it says.
function named(error: unknown, owner: Owner, name: string): unknown {
  if (!(error instanceof Error)) {
    const what = typeof error === "string" ? error : found(error);
    return told(
      new TypeError(`${subject(owner)} fails in ${name}(): it throws ${what}`),
    );
  }
  if (known.has(error) || error instanceof DOMException) return error;
  // These are no defects: they say to the user what there is.
  if (error instanceof NotApplicableError || error instanceof FileError) {
    return error;
  }
  const lack = lackText(error);
  if (lack !== undefined) {
    return told(
      new UsageError(
        `Cannot use the extension ${owner.path}: its ${owner.part}: ${lack}`,
        { cause: error },
      ),
    );
  }
  const message = `${subject(owner)} fails in ${name}(): ${error.message}`;
  try {
    error.message = message;
    return told(error);
  } catch {
    // It is frozen.
    return told(new TypeError(message, { cause: error }));
  }
}
