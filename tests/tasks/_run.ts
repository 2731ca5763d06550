/**
 * Running the tasks as a user runs them, and looking at what they leave behind.
 *
 * @module
 */

import { assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";
import deno from "../../deno.json" with { type: "json" };

/** The repository. */
const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** The name of a task. */
export type TaskName = keyof typeof deno.tasks;

/** How a command ended, and what it said. */
export interface Output {
  readonly code: number;
  readonly stdout: string;
  /** Without what Deno says: which command it runs, what it downloads. */
  readonly stderr: string;
}

const PIPES = {
  cwd: ROOT,
  // Users do not set NO_COLOR: with it, what a program asks of the environment
  // before it prints would stay unseen. Hints begin as the user's own command:
  // here always with `deno task`, whoever started the tests.
  env: {
    NO_COLOR: "",
    DENO_NO_UPDATE_CHECK: "1",
    npm_config_user_agent: "",
    GROKLAB_LAUNCHER: "",
    // Of whoever started the tests.
    INIT_CWD: "",
  },
  stdin: "null",
  stdout: "piped",
  stderr: "piped",
} as const;

/**
 * Starts `deno task …`.
 *
 * @param detached In a process group of its own, as a terminal does it.
 */
export function startTask(
  name: TaskName,
  args: readonly string[],
  detached = false,
): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    ...PIPES,
    args: ["task", name, ...args],
    detached,
  }).spawn();
}

/**
 * Starts what `deno task …` runs, without `deno task` in between.
 *
 * @param detached In a process group of its own, as a terminal does it.
 * @param env Variables of the environment, beside the tests' own.
 */
export function startProgram(
  name: TaskName,
  args: readonly string[],
  detached = false,
  env: Readonly<Record<string, string>> = {},
): Deno.ChildProcess {
  const [, ...command] = deno.tasks[name].command.split(" ");
  return startDeno([...command, ...args], detached, env);
}

/** Starts Deno itself, as a user who gives other permissions than a task. */
export function startDeno(
  args: readonly string[],
  detached = false,
  env: Readonly<Record<string, string>> = {},
): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    ...PIPES,
    env: { ...PIPES.env, ...env },
    args: [...args],
    detached,
  }).spawn();
}

/**
 * Starts what `deno task …` runs, where no file may become larger than a limit:
 * what a full disk is to whoever writes.
 *
 * @param kibibytes The limit.
 */
export function startOnFullDisk(
  kibibytes: number,
  name: TaskName,
  args: readonly string[],
): Deno.ChildProcess {
  const [, ...command] = deno.tasks[name].command.split(" ");
  // Unless the signal is ignored it ends the program; then writes just fail.
  const script = `trap '' XFSZ; ulimit -f ${kibibytes}; exec "$0" "$@"`;
  return new Deno.Command("bash", {
    ...PIPES,
    args: ["-c", script, Deno.execPath(), ...command, ...args],
  }).spawn();
}

/** Waits until a command has ended. */
export async function outputOf(child: Deno.ChildProcess): Promise<Output> {
  const { code, stdout, stderr } = await child.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return {
    code,
    stdout: text(stdout),
    // On a new machine the first commands fill Deno's cache.
    stderr: stripVTControlCharacters(text(stderr)).replace(
      /^(Task \w+ .*|Download https?:.*|Blocking waiting .*)\n/gm,
      "",
    ),
  };
}

/** Runs `deno task …`. */
export function task(
  name: TaskName,
  ...args: readonly string[]
): Promise<Output> {
  return outputOf(startTask(name, args));
}

/** Starts `deno task …` with other environment variables. */
export function startTaskWith(
  env: Readonly<Record<string, string>>,
  name: TaskName,
  ...args: readonly string[]
): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    ...PIPES,
    env: { ...PIPES.env, ...env },
    args: ["task", name, ...args],
  }).spawn();
}

/** Gives work a folder of its own, and removes it afterwards. */
export async function withTempDir(
  work: (dir: string) => Promise<void>,
): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "groklab-test-" });
  try {
    await work(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/**
 * Asserts that a command was refused: its exit code, nothing on stdout, one
 * line on stderr.
 *
 * @returns The line.
 */
export function assertRefused(output: Output, code: number): string {
  assertMatch(output.stderr, /^error: \S.*\n$/, "one line on stderr");
  assertEquals(output.stdout, "");
  assertEquals(output.code, code);
  return output.stderr.trimEnd();
}

/**
 * Asserts that a command failed at work: exit code 1, nothing on stdout, and
 * one error, at the end of whatever it said of its progress.
 *
 * @returns The line of the error.
 */
export function assertFailed({ code, stdout, stderr }: Output): string {
  const lines = stderr.trimEnd().split("\n");
  const errors = lines.filter((line) => /^error:|^\s+at |Error\b/.test(line));
  assertEquals(errors, lines.slice(-1), `one error at the end of ${stderr}`);
  assertMatch(errors[0]!, /^error: \S/);
  assertEquals(stdout, "");
  assertEquals(code, 1);
  return errors[0]!;
}

/** Every file below a folder with its bytes, every folder with null. */
export async function contentsOf(
  folder: string,
): Promise<Record<string, Uint8Array | null>> {
  const contents: Record<string, Uint8Array | null> = {};
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = join(folder, name);
    contents[path] = isDirectory ? null : await Deno.readFile(path);
    if (isDirectory) Object.assign(contents, await contentsOf(path));
  }
  return contents;
}

/** The steps of a run's checkpoints, by the names of the files. */
export async function checkpointSteps(run: string): Promise<number[]> {
  const steps: number[] = [];
  for await (const { name } of Deno.readDir(join(run, "checkpoints"))) {
    assertMatch(name, /^step-\d{8}\.onnx$/);
    steps.push(Number(name.slice(5, -5)));
  }
  return steps.sort((a, b) => a - b);
}

/** A row of metrics.jsonl, as far as these tests read it. */
export interface Row {
  readonly step: number;
  readonly train_loss: number | null;
}

/** The rows of a run's metrics.jsonl, every line of which must be whole. */
export async function metricsRows(run: string): Promise<Row[]> {
  const text = await Deno.readTextFile(join(run, "metrics.jsonl"));
  return text.split("\n").filter((line) => line !== "")
    .map((line) => JSON.parse(line));
}
