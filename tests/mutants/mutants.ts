/**
 * Mutations: small mistakes made on purpose, each of which some test must
 * notice. The lists are the `.tsv` files beside this one.
 *
 * @module
 */

import { dirname, join } from "node:path";
import { UsageError } from "../../lib/base/errors.ts";

/** A mistake, and the tests that must notice it. */
export interface Mutant {
  /** The list that it is from, and its line there. */
  readonly from: string;
  /** The file that is changed. */
  readonly file: string;
  /** What stands there exactly once. */
  readonly text: string;
  /** What stands there instead. */
  readonly replacement: string;
  /** The files of tests, below tests/. */
  readonly tests: readonly string[];
  /** Which of their tests; all where nothing is said. */
  readonly filter?: string;
}

/** What became of a mutant; `broken` is one that says nothing. */
export type Fate = "killed" | "survived" | "broken";

/** A mutant's fate, and why. */
export interface Outcome {
  readonly mutant: Mutant;
  readonly fate: Fate;
  readonly why: string;
}

/** What {@link mutate} may be told. */
export interface MutateOptions {
  /** How many are tried at once, each in a copy of its own; by default 1. */
  readonly jobs?: number;
  /**
   * How long the tests of a mutant may take, beside five times what they take
   * without it: a loop that it makes endless is noticed. By default 60 seconds.
   */
  readonly seconds?: number;
  /** Is told each fate as it is known. */
  readonly onOutcome?: (outcome: Outcome) => void;
}

/**
 * Reads a list: a line each with tabs between file, text, replacement, tests
 * (spaces between them) and, where wanted, what `deno test --filter` takes. `\n`
 * in a text is a line's end. Empty lines and those that begin with # say nothing.
 *
 * @throws {SyntaxError} naming the line that is not of this form.
 */
export function parseMutants(list: string, name: string): Mutant[] {
  return list.split("\n").flatMap((line, i): Mutant[] => {
    if (line.trim() === "" || line.startsWith("#")) return [];
    const from = `${name}:${i + 1}`;
    const [file, text, replacement, tests, filter, ...more] = line.split("\t");
    if (!file || !text || !tests || more.length > 0 || text === replacement) {
      throw new SyntaxError(
        `${from}: wanted file, text, another text, tests and perhaps a ` +
          `filter, with tabs between, got ${JSON.stringify(line)}`,
      );
    }
    const unescaped = (text: string) => text.replaceAll("\\n", "\n");
    return [{
      from,
      file,
      text: unescaped(text),
      replacement: unescaped(replacement!),
      tests: tests.split(" "),
      ...filter && { filter },
    }];
  });
}

/**
 * The mutants whose list, line, file or tests have a text.
 *
 * @param mutants Out of which.
 * @param only The text; an empty one is in all of them.
 * @throws {UsageError} if it is in none.
 */
export function chosen(mutants: readonly Mutant[], only: string): Mutant[] {
  const found = mutants.filter(({ from, file, tests }) =>
    [from, file, ...tests].some((name) => name.includes(only))
  );
  if (found.length > 0) return found;
  const lists = new Set(mutants.map(({ from }) => from.split(":")[0]));
  throw new UsageError(
    `--only must be part of a list's name, a line of it, a changed file or a ` +
      `test of it, got ${JSON.stringify(only)}, which is in none of ` +
      `${mutants.length} mutations: there are, for example, lib/base/terminal.ts, ` +
      `text_test.ts and the lists ${[...lists].join(", ")}`,
  );
}

/**
 * What of a list no longer fits the project: a text that does not stand exactly once
 * in its file, a file of tests that is not there.
 *
 * @param root The project.
 * @param mutants Its lists' mutants.
 * @returns A line for each, with where it is from; none where all is well.
 */
export async function outdated(
  root: string,
  mutants: readonly Mutant[],
): Promise<string[]> {
  const lines: string[] = [];
  for (const mutant of mutants) {
    const found = timesIn(await readIfThere(join(root, mutant.file)), mutant);
    if (found !== 1) lines.push(`${mutant.from}: ${notOnce(mutant, found)}`);
    for (const test of mutant.tests) {
      const text = await readIfThere(join(root, "tests", test));
      if (text === "") lines.push(`${mutant.from}: there is no tests/${test}`);
    }
  }
  return lines;
}

const timesIn = (source: string, { text }: Mutant) =>
  source.split(text).length - 1;

const notOnce = ({ file }: Mutant, found: number) =>
  `its text is in ${file} ${found} times, wanted once`;

/**
 * Tries mutants, each in a copy of the project, of which nothing is left behind.
 * A test that fails without any mutation kills nothing: its mutants are broken.
 *
 * @param root The project, a git checkout with node_modules.
 * @param mutants What to try.
 */
export async function mutate(
  root: string,
  mutants: readonly Mutant[],
  { jobs = 1, seconds = 60, onOutcome = () => {} }: MutateOptions = {},
): Promise<Outcome[]> {
  const scratch = await Deno.makeTempDir({ prefix: "groklab-mutants-" });
  const outcomes: Outcome[] = [];
  const unchanged = new Map<string, Promise<Unchanged>>();
  const queue = [...mutants];
  const work = async (copy: string) => {
    await copyProject(root, copy);
    for (let mutant; (mutant = queue.shift());) {
      const fate = await fateOf(mutant, copy, unchanged, seconds * 1000);
      const outcome = { mutant, ...fate };
      outcomes.push(outcome);
      onOutcome(outcome);
    }
  };
  try {
    const copies = Array.from(
      { length: jobs },
      (_, i) => join(scratch, `${i}`),
    );
    await Promise.all(copies.map(work));
  } finally {
    await Deno.remove(scratch, { recursive: true });
  }
  return outcomes;
}

// How tests end where nothing is changed.
interface Unchanged {
  readonly passed: boolean;
  readonly why: string;
  readonly ms: number;
}

async function fateOf(
  mutant: Mutant,
  copy: string,
  unchanged: Map<string, Promise<Unchanged>>,
  leastMs: number,
): Promise<Omit<Outcome, "mutant">> {
  const path = join(copy, mutant.file);
  const source = await readIfThere(path);
  const found = timesIn(source, mutant);
  if (found !== 1) return { fate: "broken", why: notOnce(mutant, found) };
  const key = JSON.stringify([mutant.tests, mutant.filter]);
  if (!unchanged.has(key)) unchanged.set(key, runTests(mutant, copy));
  const { passed, why, ms } = await unchanged.get(key)!;
  if (!passed) return { fate: "broken", why: `without it ${why}` };

  const [before, after] = source.split(mutant.text) as [string, string];
  const changed = before + mutant.replacement + after;
  if (!await parses(changed)) {
    return { fate: "broken", why: `${mutant.file} cannot be parsed with it` };
  }
  await Deno.writeTextFile(path, changed);
  try {
    const result = await runTests(mutant, copy, leastMs + 5 * ms);
    return result.passed
      ? { fate: "survived", why: result.why }
      : { fate: "killed", why: result.why };
  } finally {
    await Deno.writeTextFile(path, source);
  }
}

async function runTests(
  { tests, filter }: Mutant,
  cwd: string,
  limit?: number,
): Promise<Unchanged> {
  const begun = performance.now();
  const signal = limit === undefined ? undefined : AbortSignal.timeout(limit);
  const { success, stdout } = await new Deno.Command(Deno.execPath(), {
    cwd,
    args: [
      ...["test", "--no-check", "--no-prompt", "--allow-all", "--fail-fast"],
      ...filter === undefined ? [] : ["--filter", filter],
      ...tests.map((test) => join("tests", test)),
    ],
    env: { NO_COLOR: "1" },
    ...signal && { signal },
    stderr: "null",
  }).output();
  const text = new TextDecoder().decode(stdout);
  const ran = /(\d+) passed .*\| (\d+) failed/.exec(text);
  const ms = performance.now() - begun;
  if (signal?.aborted) return { passed: false, why: "the tests never end", ms };
  if (!ran) return { passed: false, why: "the tests do not load", ms };
  if (ran[1] === "0" && ran[2] === "0") {
    return { passed: false, why: "no test runs", ms };
  }
  const [, name, file] = /^(.*) => \.\/tests\/(.*?):\d/m.exec(text) ?? [];
  const why = success ? "all pass" : `${file}, "${name}" fails`;
  return { passed: success, why, ms };
}

async function parses(source: string): Promise<boolean> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--ext", "ts", "-"],
    stdin: "piped",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(source));
  await writer.close();
  return (await child.status).success;
}

async function readIfThere(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}

// All files that git knows or would take, and a link to node_modules, into which
// a copy does not write.
async function copyProject(root: string, copy: string): Promise<void> {
  const { success, stdout } = await new Deno.Command("git", {
    cwd: root,
    args: ["ls-files", "-z", "--cached", "--others", "--exclude-standard"],
  }).output();
  if (!success) throw new Error(`Cannot list ${root}: wanted a git checkout`);
  const names = new TextDecoder().decode(stdout).split("\0").filter(Boolean);
  for (const name of names) {
    await Deno.mkdir(join(copy, dirname(name)), { recursive: true });
    try {
      await Deno.copyFile(join(root, name), join(copy, name));
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  const config = join(copy, "deno.json");
  const text = await readIfThere(config);
  const modules = join(root, "node_modules");
  await Deno.writeTextFile(
    config,
    text.replace('"nodeModulesDir": "auto"', '"nodeModulesDir": "manual"')
      // Native code is loaded from where it really lies.
      .replaceAll("--allow-ffi=node_modules", `$&,${modules}`),
  );
  await Deno.symlink(modules, join(copy, "node_modules"));
}
