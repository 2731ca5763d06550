/**
 * `groklab`: the tasks as commands of one program. `deno task groklab` runs it
 * in a clone; of an installed package it is what `npx` runs, in Node, and starts
 * Deno.
 *
 * @module
 */

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, sep } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { maxOf } from "../lib/base/extremes.ts";
import { didYouMean, meant } from "../lib/base/nearest.ts";
import { launchedBy, LAUNCHER, launcherOf, quoted } from "../lib/base/shell.ts";
import { shown } from "../lib/base/terminal.ts";
import { commandsOf, type Project, startOf } from "./shared/launch.ts";
import { denoOfPackage, fetchRuntime, isInstalled } from "./shared/runtime.ts";

const home = fileURLToPath(new URL("../", import.meta.url));
const project: Project = JSON.parse(
  readFileSync(join(home, "deno.json"), "utf8"),
);
const commands = commandsOf(project);
const inDeno = process.versions["deno"] !== undefined;
const os = process.platform === "win32" ? "windows" : process.platform;

/** What the user typed instead of `groklab`, for hints. */
function typed(): string {
  if (!isInstalled(home)) {
    launchedBy(process.env["npm_config_user_agent"]);
    return launcherOf().replace(/\bdeno task$/, "deno task groklab");
  }
  // npx keeps what it was told in a folder of its own.
  const [before, after] = home.split(`${sep}_npx${sep}`) as [string, string?];
  if (after !== undefined) {
    const folder = join(before, "_npx", after.split(sep)[0]!);
    try {
      const text = readFileSync(join(folder, "package.json"), "utf8");
      const [name] = JSON.parse(text)._npx.packages;
      return `npx ${quoted(name, os)}`;
    } catch {
      return `npx ${PACKAGE}`;
    }
  }
  return process.env["npm_command"] === undefined ? "groklab" : "npx groklab";
}

const PACKAGE = "@groklab/groklab";

function help(): string {
  const widest = maxOf(commands.map(([name]) => name.length));
  const lines = commands.map(([name, does]) =>
    `  ${name.padEnd(widest)}  ${does}`
  );
  return `Usage: ${typed()} <command> [options]

Train networks until they grok, and look inside them.

Options:
  -V, --version  Show the version
  -h, --help     Show this help

Commands:
${lines.join("\n")}

Relative paths start where the command was typed.
${typed()} <command> --help says more.`;
}

function refuse(problem: string): number {
  console.error(`error: ${shown(problem)}`);
  return 2;
}

// What extensions import by name, wherever on the disk they lie.
function importMap(): string {
  const imports = Object.entries(project.imports).flatMap(([name, path]) =>
    path.startsWith("./")
      ? [[name, new URL(`../${path}`, import.meta.url)]]
      : []
  );
  const tensors = "@tensorflow/tfjs-core";
  return JSON.stringify({
    imports: {
      ...Object.fromEntries(imports),
      [tensors]: import.meta.resolve(tensors),
    },
  });
}

/** Runs a command, and waits for it. */
async function run(command: string, args: readonly string[]): Promise<number> {
  const installed = isInstalled(home);
  const deno = inDeno ? process.execPath : denoOfPackage();
  if (installed) await fetchRuntime(home, deno);
  const [verb, ...start] = startOf(command, home, process.cwd());
  const own = installed
    ? [
      `--config=${join(home, "deno.json")}`,
      `--import-map=data:application/json,${encodeURIComponent(importMap())}`,
      "--no-lock",
    ]
    : [];
  const child = spawn(deno, [verb!, ...own, ...start, ...args], {
    stdio: "inherit",
    env: {
      ...process.env,
      ...(installed &&
        { DENO_NO_UPDATE_CHECK: "1", [LAUNCHER]: typed() }),
    },
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1"] as const) {
    if (process.platform === "win32" && signal !== "SIGINT") continue;
    // The command ends as it sees fit, and this program after it.
    process.on(signal, () => child.kill(signal));
  }
  return await new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      const numbers = {
        SIGHUP: 1,
        SIGINT: 2,
        SIGKILL: 9,
        SIGUSR1: 10,
        SIGTERM: 15,
      } as const;
      const number = numbers[signal as keyof typeof numbers];
      resolve(code ?? 128 + (number ?? 0));
    });
  });
}

async function main(args: readonly string[]): Promise<number> {
  // As for npm: deno task groklab -- train.
  const [name, ...rest] = args[0] === "--" ? args.slice(1) : args;
  if (name === undefined || ["--help", "-h", "help"].includes(name)) {
    console.log(help());
    return 0;
  }
  if (name === "--version" || name === "-V") {
    console.log(project.version);
    return 0;
  }
  const names = commands.map(([each]) => each);
  if (names.includes(name)) {
    return await run(project.tasks[name]!.command, rest);
  }
  const kind = name.startsWith("-") ? "option" : "command";
  return refuse(
    `unknown ${kind} ${quoted(name, os)}` +
      `${
        didYouMean(meant(name.replace(/^-+/, ""), names))
      }; --help lists the ` +
      "commands",
  );
}

process.exitCode = await main(process.argv.slice(2));
