/**
 * What probes are asked, and what becomes of it.
 *
 * @module
 */

import { UsageError } from "../../base/errors.ts";
import { nearest } from "../../base/nearest.ts";
import { checkArgument, named, pathCheck } from "../../base/options.ts";
import { flagOf } from "../../config/config.ts";
import { checkedSettings } from "../../settings/checked.ts";
import {
  type AnyProbe,
  type AskedName,
  type ProbeName,
  probeNames,
  probes,
} from "../catalogue.ts";
import { NotApplicableError } from "../context/not_applicable.ts";
import type { ProbeReport, UnitAnswers } from "./messages.ts";
import type { ProbeOptions } from "./options.ts";

/**
 * Checks what a function that probes was given.
 *
 * @param what The function, for messages.
 * @param path What is to be probed.
 * @param names Which probes, where that is said.
 * @throws {TypeError} if one has another type.
 * @throws {UsageError} if no probe is named, or one that there is not.
 */
export function checkAsked(what: string, path: unknown, names: unknown): void {
  checkArgument(what, "path", path, pathCheck);
  if (names === undefined) return;
  checkArgument(what, "names", names, named);
  const list = names as readonly string[];
  if (list.length === 0) {
    throw new UsageError(
      `Cannot call ${what} with an empty list of probes: name one at least, ` +
        "or leave it out for all that apply",
    );
  }
  for (const name of list) probeOf(name);
}

function probeOf(name: string): AnyProbe {
  if (Object.hasOwn(probes, name)) return probes[name as ProbeName];
  throw new UsageError(
    `Cannot ask the probe ${name}: there is none of that name, ` +
      nearest(name, probeNames),
  );
}

/** Why a probe gave no answer. */
export function reasonOf(error: unknown): string {
  const { message } = error as Error;
  return error instanceof NotApplicableError
    ? message
    : `It failed: ${message}`;
}

/** Why the probes that were named did not all answer, in a line. */
export function refusalOf(
  source: string,
  [first, ...others]: readonly (readonly [name: string, reason: string])[],
): string {
  const [name, reason] = first!;
  return [
    `The probe ${name} does not apply to ${source}: ${reason}`,
    ...others.map(([name, reason]) => `nor does ${name}: ${reason}`),
  ].join("; ");
}

/** Probes being asked: their settings, their answers, why some have none. */
export class Asking {
  readonly probes: readonly AnyProbe[];
  readonly #named: boolean;
  readonly #strict: boolean;
  readonly #settings: ReadonlyMap<string, Record<string, unknown>>;
  readonly #results: Record<string, unknown> = {};
  readonly #reasons = new Map<string, string>();

  constructor(
    names: readonly AskedName[] | undefined,
    { settings = {}, lenient = false }: ProbeOptions,
  ) {
    this.#named = names !== undefined;
    this.#strict = this.#named && !lenient;
    this.probes = [...new Set(names ?? probeNames)].map(probeOf);
    const read = new Set<string>(
      this.probes.flatMap((probe) => Object.keys(probe.settings ?? {})),
    );
    const idle = Object.keys(settings).find((key) => !read.has(key));
    if (idle !== undefined) {
      throw new UsageError(
        `${flagOf(idle)} is read by none of the probes ` +
          this.probes.map(({ name }) => name).join(", "),
      );
    }
    this.#settings = new Map(
      this.probes.map(({ name, settings: known = {} }) => [
        name,
        checkedSettings(known, settings, flagOf),
      ]),
    );
  }

  /** What a probe is told. */
  settingsOf(name: string): Record<string, unknown> {
    return this.#settings.get(name)!;
  }

  /** Keeps an answer, or why there is none. */
  async ask(
    probe: AnyProbe,
    answer: (settings: Record<string, unknown>) => unknown,
  ): Promise<void> {
    try {
      this.#results[probe.name] = await answer(this.settingsOf(probe.name));
    } catch (error) {
      // Nor does one that fails take the others along.
      if (error instanceof UsageError) throw error;
      this.#reasons.set(probe.name, reasonOf(error));
    }
  }

  /** Keeps a thread's answers, and why it has none. */
  take({ results, reasons }: UnitAnswers): void {
    Object.assign(this.#results, results);
    for (const [name, reason] of Object.entries(reasons)) {
      this.#reasons.set(name, reason);
    }
  }

  /** Leaves a probe out. */
  skip(probe: AnyProbe, reason: string): void {
    this.#reasons.set(probe.name, reason);
  }

  /** What was answered; a probe that had to answer and did not is an error. */
  answers(source: string, elsewhere: readonly string[] = []) {
    const answered = new Set([...Object.keys(this.#results), ...elsewhere]);
    const inOrder = this.probes.map(({ name }) => name);
    const missing = inOrder.flatMap((name) => {
      const reason = this.#reasons.get(name);
      return answered.has(name) || reason === undefined
        ? []
        : [[name, reason] as const];
    });
    if (
      missing.length > 0 && (this.#strict || this.#named && answered.size === 0)
    ) {
      throw new NotApplicableError(refusalOf(source, missing));
    }
    if (answered.size === 0) {
      throw new NotApplicableError(
        `No probe applies to ${source}: ` +
          [...new Set(missing.map(([, reason]) => reason))].join("; "),
      );
    }
    const results = Object.fromEntries(
      inOrder.filter((name) => name in this.#results)
        .map((name) => [name, this.#results[name]]),
    );
    const skipped = Object.fromEntries(missing) as ProbeReport["skipped"];
    return { results, skipped };
  }
}
