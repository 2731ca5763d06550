/**
 * What an extension is: parts of a user's own, for every registry.
 *
 * @module
 */

import { isAbsolute } from "node:path";
import { pathToFileURL } from "node:url";
import { isObject, type Unchecked } from "../base/json.ts";
import type { TaskDefinition } from "../data/definition.ts";
import type { LossDefinition } from "../losses/loss.ts";
import type { MetricGroup } from "../metrics/group.ts";
import type { ModelDefinition } from "../../models/definition.ts";
import type {
  OptimizerDefinition,
  StageDefinition,
} from "../optim/definition.ts";
import type { Settings } from "../settings/setting.ts";
import { found, isPlain } from "./found.ts";

/** A probe, as far as a registry knows it; `defineProbe()` types it in full. */
export interface AnyExtensionProbe {
  /** Its name on the command line: the key under which it is added. */
  readonly name: string;
  /** What it finds out, in a line. */
  readonly describe: string;
  /** What a checkpoint or run must have for it, in words. */
  readonly needs: string;
  /** What it looks at. */
  readonly of: "checkpoint" | "run";
  /** What it can be told. */
  readonly settings?: Settings;
  /** The result for a terminal, line by line. */
  // deno-lint-ignore no-explicit-any -- A probe is invariant in its result.
  text(result: any): string[];
  /** Answers it. */
  // deno-lint-ignore no-explicit-any -- Nor are context and settings known here.
  compute(context: any, settings: any): unknown;
}

/** What an extension adds, by the names that configs and commands will have. */
export interface ExtensionParts {
  /** Tasks: `--task NAME`. */
  // deno-lint-ignore no-explicit-any -- Invariant in its settings.
  readonly tasks?: Readonly<Record<string, TaskDefinition<any>>>;
  /** Architectures: `--model NAME`. */
  // deno-lint-ignore no-explicit-any -- Invariant in its settings.
  readonly models?: Readonly<Record<string, ModelDefinition<any>>>;
  /** Losses: `--loss NAME`. */
  // deno-lint-ignore no-explicit-any -- Invariant in its settings.
  readonly losses?: Readonly<Record<string, LossDefinition<any>>>;
  /** Optimizers: `--optimizer NAME`. */
  // deno-lint-ignore no-explicit-any -- Invariant in its settings.
  readonly optimizers?: Readonly<Record<string, OptimizerDefinition<any>>>;
  /**
   * Stages, each switched on by a key of its own. Those before the optimizer stand
   * behind those that there are, ⊥Grad among them.
   */
  // deno-lint-ignore no-explicit-any -- Invariant in its settings.
  readonly stages?: Readonly<Record<string, StageDefinition<any>>>;
  /** Groups of metrics: `--metrics NAME`. */
  readonly metrics?: Readonly<Record<string, MetricGroup>>;
  /** Probes, each under its own name: `--probe NAME`. */
  readonly probes?: Readonly<Record<string, AnyExtensionProbe>>;
}

/** The kinds of parts, in the order in which they are added. */
export const KINDS = [
  ...["tasks", "models", "losses", "optimizers", "stages"] as const,
  ...["metrics", "probes"] as const,
] as const satisfies readonly (keyof ExtensionParts)[];

/** Where an extension comes from. */
export interface Maker {
  /** The folder of the groklab that made it, a URL. */
  readonly library: string;
  /** The module that called `defineExtension()`, where that can be seen. */
  readonly module: string | undefined;
}

/** An extension, as {@link defineExtension} gives it. */
export interface Extension extends ExtensionParts {
  /** Where it comes from: this tells it from other objects. */
  readonly madeBy: Maker;
}

// The library's own folder: two copies of it do not share tensors and settings.
const library: string = new URL("../../", import.meta.url).href;

/**
 * An extension: what a module of your own exports by default, and what
 * `groklab … --use` and `train(config, { use: [lab] })` take.
 *
 * @param parts What it adds, by name.
 * @throws {TypeError} if it is no object.
 *
 * @example
 * ```ts
 * import { defineExtension, defineTask, integer } from "@groklab/groklab";
 *
 * const larger = defineTask({
 *   summary: "max(a, b)",
 *   settings: { largest: integer([2], 30, "<n>", "larger: numbers below n") },
 *   form: ({ largest: n }) => ({
 *     input: { kind: "tokens", vocabulary: n, length: 2 },
 *     classes: n,
 *     total: n ** 2,
 *   }),
 *   dataset({ largest: n }) {
 *     const inputs = Array.from(
 *       { length: n ** 2 },
 *       (_, i) => [Math.floor(i / n), i % n],
 *     );
 *     const labels = inputs.map((row) => Math.max(row[0]!, row[1]!));
 *     return { inputs, labels, classes: n };
 *   },
 *   describe: ({ largest }) => `the larger of two numbers below ${largest}`,
 * });
 * export default defineExtension({ tasks: { larger } });
 * ```
 */
export function defineExtension(parts: ExtensionParts): Extension {
  if (!isObject(parts) || !isPlain(parts)) {
    throw new TypeError(
      `Cannot make an extension of ${found(parts)}: wanted an object, of ` +
        "definitions by kind and name",
    );
  }
  return { ...parts, madeBy: { library, module: callerModule() } };
}

// The module that calls the caller of this: where its extension is written.
function callerModule(): string | undefined {
  const { prepareStackTrace } = Error as {
    prepareStackTrace?: unknown;
  };
  try {
    const holder: { stack?: unknown } = {};
    Object.assign(Error, {
      prepareStackTrace: (_: unknown, sites: readonly NodeJS.CallSite[]) =>
        sites.map((site) => site.getFileName()),
    });
    Error.captureStackTrace(holder, defineExtension);
    const [first] = holder.stack as (string | null)[];
    // Of a file it is the path.
    return first && isAbsolute(first)
      ? pathToFileURL(first).href
      : first ?? undefined;
  } finally {
    Object.assign(Error, { prepareStackTrace });
  }
}

/** Where an extension comes from; undefined of anything else. */
export function makerOf(value: unknown): Maker | undefined {
  if (!isObject(value) || !isObject(value["madeBy"])) return undefined;
  return (value as Unchecked<Extension> as Extension).madeBy;
}

/** Whether this groklab made an extension, not another copy of it. */
export function isOurs(maker: Maker): boolean {
  return maker.library === library;
}
