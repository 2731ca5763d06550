/**
 * What a key of a config is. Every task, model, loss, optimizer and stage lists
 * the keys that it reads; config and flags are made of those lists.
 *
 * @module
 */

import * as v from "../base/valibot.ts";

/** One key of a config: its check, its default, and its flag. */
export interface Setting<T = unknown> {
  /** What a value must be; the message follows the flag's name. */
  readonly schema: v.GenericSchema<unknown, T>;
  /** The default. */
  readonly preset: T;
  /**
   * What the flag takes, such as `<n>`; empty for yes or no, which is a pair of
   * flags, `--key` and `--no-key`.
   */
  readonly value: string;
  /** How the flag's text is read; `none` has no flag that sets it alone. */
  readonly kind: "number" | "numbers" | "text" | "names" | "flag" | "none";
  /** What it is for, for `--help`. */
  readonly help: string;
  /** The values that there are, where they are names. */
  readonly names?: readonly string[];
  /**
   * What it is where a component that reads it is named and it is not: other configs
   * do not have it. Absent for keys that every config has.
   */
  readonly usual?: T;
}

/** Keys by name. */
// deno-lint-ignore no-explicit-any -- Setting is invariant in its type.
export type Settings = Readonly<Record<string, Setting<any>>>;

/** What settings hold. */
export type Values<S extends Settings> = {
  readonly [K in keyof S]: S[K] extends Setting<infer T> ? T : never;
};

/**
 * What a config names: it says what it reads, and what it cannot be combined
 * with.
 */
export interface Component<S extends Settings = Settings> {
  /** What it is, in a few words. */
  readonly summary: string;
  /** The keys that it reads. */
  readonly settings: S;
  /**
   * Why these values do not go together, in one line that begins with a flag and
   * names the value and what would do; undefined where they do.
   */
  check?(config: Values<S>): string | undefined;
  /** Which of its own keys say nothing beside these values. */
  idle?(config: Values<S>): readonly (keyof S & string)[];
}

const number = v.number("must be a number");
const finite = v.pipe(number, v.finite("must be finite"));
const within = (interval: string, has: (x: number) => boolean) =>
  v.pipe(number, v.check(has, `must lie in ${interval}`));

/**
 * A number above 0.
 *
 * ```ts
 * import { positive } from "@groklab/groklab";
 * import { assertEquals } from "@std/assert";
 *
 * // With --hinge-margin <m>; 1 unless it is told otherwise.
 * const hingeMargin = positive(1, "<m>", "hinge: margin m");
 * assertEquals(hingeMargin.preset, 1);
 * ```
 *
 * @param preset The default.
 * @param value What the flag takes, such as `<n>`.
 * @param help What it is for, for `--help`.
 */
export function positive(
  preset: number,
  value: string,
  help: string,
): Setting<number> {
  const schema = v.pipe(finite, v.gtValue(0, "must be above 0"));
  return { schema, preset, value, kind: "number", help };
}

/**
 * A number, 0 or more.
 *
 * @param preset The default.
 * @param value What the flag takes, such as `<n>`.
 * @param help What it is for, for `--help`.
 */
export function notNegative(
  preset: number,
  value: string,
  help: string,
): Setting<number> {
  const schema = v.pipe(finite, v.minValue(0, "must be 0 or more"));
  return { schema, preset, value, kind: "number", help };
}

/**
 * A share or a decay: a number in [0, 1).
 *
 * @param preset The default.
 * @param value What the flag takes, such as `<n>`.
 * @param help What it is for, for `--help`.
 */
export function decay(
  preset: number,
  value: string,
  help: string,
): Setting<number> {
  const schema = within("[0, 1)", (x) => x >= 0 && x < 1);
  return { schema, preset, value, kind: "number", help };
}

/**
 * A number in (0, 1).
 *
 * @param preset The default.
 * @param value What the flag takes, such as `<n>`.
 * @param help What it is for, for `--help`.
 */
export function fraction(
  preset: number,
  value: string,
  help: string,
): Setting<number> {
  const schema = within("(0, 1)", (x) => x > 0 && x < 1);
  return { schema, preset, value, kind: "number", help };
}

const whole = (least: number, most: number) =>
  v.pipe(
    number,
    v.check(
      (x) => Number.isSafeInteger(x) && x >= least && x <= most,
      ({ input }) =>
        most < Number.MAX_SAFE_INTEGER
          ? `must be an integer in ${least}..${most}`
          : input > Number.MAX_SAFE_INTEGER
          ? "must be an integer of at most 2⁵³ − 1"
          : `must be an integer of ${least} or more`,
    ),
  );

/**
 * An integer in a range.
 *
 * @param range The least, and perhaps the most, by default 2⁵³ − 1; both may be taken.
 * @param preset The default.
 * @param value What the flag takes, such as `<n>`.
 * @param help What it is for, for `--help`.
 */
export function integer(
  [least, most = Number.MAX_SAFE_INTEGER]: readonly [number, number?],
  preset: number,
  value: string,
  help: string,
): Setting<number> {
  const schema = whole(least, most);
  return { schema, preset, value, kind: "number", help };
}

/**
 * A list of integers in a range, by default of at least one.
 *
 * @param range The least and the most; both may be taken.
 * @param preset The default.
 * @param value What the flag takes, such as `<n>`.
 * @param help What it is for, for `--help`.
 * @param shortest How many there are at least.
 */
export function integers(
  [least, most]: readonly [number, number],
  preset: readonly number[],
  value: string,
  help: string,
  shortest = 1,
): Setting<readonly number[]> {
  const schema = v.pipe(
    v.array(whole(least, most), `must be a list of ${value.slice(1, -1)}`),
    v.minLength(shortest, `must name at least ${shortest}`),
  );
  return { schema, preset, value, kind: "numbers", help };
}

/**
 * One of some names.
 *
 * @param names The names.
 * @param preset The default.
 * @param value What the flag takes, such as `<n>`.
 * @param help What it is for, for `--help`.
 */
export function choice<const T extends string>(
  names: readonly T[],
  preset: NoInfer<T>,
  value: string,
  help: string,
): Setting<T> {
  const schema = v.picklist(names, `must be one of ${names.join(", ")}`);
  return { schema, preset, value, kind: "text", help, names };
}

/**
 * A list of at least one of some names.
 *
 * @param names The names.
 * @param preset The default.
 * @param value What the flag takes, such as `<n>`.
 * @param help What it is for, for `--help`.
 */
export function choices<const T extends string>(
  names: readonly T[],
  preset: readonly NoInfer<T>[],
  value: string,
  help: string,
): Setting<readonly T[]> {
  const known = v.picklist(names, `must be out of ${names.join(", ")}`);
  const schema = v.pipe(
    v.array(known, `must be a list of ${value.slice(1, -1)}`),
    v.minLength(1, "must name at least one"),
  );
  return { schema, preset, value, kind: "names", help, names };
}

/**
 * Any text.
 *
 * @param preset The default.
 * @param value What the flag takes, such as `<n>`.
 * @param help What it is for, for `--help`.
 */
export function text(
  preset: string,
  value: string,
  help: string,
): Setting<string> {
  return {
    schema: v.string("must be text"),
    preset,
    value,
    kind: "text",
    help,
  };
}

/**
 * Yes or no: of a key `amsgrad` the flags `--amsgrad` and `--no-amsgrad`.
 *
 * @param preset The default.
 * @param help What it is for, for `--help`.
 */
export function yesNo(preset: boolean, help: string): Setting<boolean> {
  const schema = v.boolean("must be true or false");
  return { schema, preset, value: "", kind: "flag", help };
}

/**
 * The same, or null, which is then the default.
 *
 * @param setting The setting.
 */
export function nullable<T>(setting: Setting<T>): Setting<T | null> {
  return { ...setting, schema: v.nullable(setting.schema), preset: null };
}

/**
 * The same of a key that only configs have which name a component that reads it:
 * those of other experiments, and the names that are made of them, stay what they
 * were before there was the key.
 *
 * @param setting The setting.
 */
export function whereRead<T>(setting: Setting<T>): Setting<T> {
  const schema = v.optional(setting.schema) as unknown as Setting<T>["schema"];
  const { preset: usual } = setting;
  return { ...setting, schema, preset: undefined as T, usual };
}

/**
 * The same of a key that only configs have which name it: whoever reads it takes the
 * setting's default where it is undefined.
 *
 * @param setting The setting.
 */
export function ifNamed<T>(setting: Setting<T>): Setting<T | undefined> {
  return { ...setting, schema: v.optional(setting.schema), preset: undefined };
}
