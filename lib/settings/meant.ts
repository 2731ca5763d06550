/**
 * What a flag, a key or a value that is not known may have been meant as.
 *
 * @module
 */

import { meant, plain, synonyms } from "../base/nearest.ts";
import { flagWords } from "./flag_words.ts";
import { valueWords } from "./value_words.ts";

/**
 * The flags that an unknown one may have been meant as.
 *
 * @param flag What was typed: `--wd`.
 * @param known The flags that there are.
 * @returns Each perhaps with a value, or with a remark in brackets.
 */
export function flagsMeant(
  flag: string,
  known: readonly string[],
): readonly string[] {
  const asked = flag.replace(/^-+/, "");
  const words = wordsFor(asked)
    .filter((word) => known.includes(word.split(" ")[0]!));
  const names = known.map((one) => one.replace(/^--/, ""));
  // What is only written otherwise comes before what is a synonym.
  const alike = names.filter((name) => plain(name) === plain(asked));
  if (words.length > 0 && alike.length === 0) return words;
  return meant(asked, names).map((name) => `--${name}`);
}

function wordsFor(asked: string): readonly string[] {
  const all = synonyms(flagWords);
  const words = (name: string) =>
    Object.hasOwn(all, plain(name)) ? all[plain(name)]! : [];
  const [, rest = ""] = /^no-?(.+)$/i.exec(asked) ?? [];
  const opposites = words(rest).map((flag) => flag.replace(/^--/, "--no-"));
  return [...new Set([...words(asked), ...opposites])];
}

/**
 * The keys of a config that an unknown one may have been meant as.
 *
 * @param key What was written: `wd`, `train_fraction`.
 * @param known The keys that there are.
 */
export function keysMeant(
  key: string,
  known: readonly string[],
): readonly string[] {
  const flags = known.map((one) => `--${dashed(one)}`);
  return flagsMeant(dashed(key), flags).map((flag) => {
    const [name, ...value] = flag.split(" ");
    const found = known[flags.indexOf(name!)]!;
    return value.length === 1 ? `${found}: ${value[0]}` : found;
  });
}

const dashed = (key: string) =>
  key.replaceAll(/[A-Z]/g, (c) => `-${c.toLowerCase()}`);

/**
 * The values that an unknown one may have been meant as.
 *
 * @param key The setting's key.
 * @param value What was typed.
 * @param known The values that there are.
 */
export function valuesMeant(
  key: string,
  value: string,
  known: readonly string[],
): readonly string[] {
  const [, id] = /^(?:cuda|gpu):?(\d+)$/i.exec(value.trim()) ?? [];
  if (key === "device" && id !== undefined && known.includes("cuda")) {
    return [`cuda --device-id ${Number(id)}`];
  }
  return meant(value, known, synonyms(valueWords[key] ?? []))
    .filter((one) => known.includes(one.split(" ")[0]!));
}
