/**
 * Setting up the optional backends of TensorFlow.js: each is made in a folder of
 * its own, tried there, and only then moved to where the engine finds it.
 *
 * @module
 */

import { join, resolve } from "node:path";
import { UsageError } from "../../base/errors.ts";
import { describing, isAbsent, writeWhole } from "../../base/files.ts";
import {
  folderOf,
  isInstalled,
  type OptionalBackend,
  RECEIPT,
  setupCommand,
  setupRoot,
} from "../../devices/tfjs/backends.ts";
import { checkApart } from "../../devices/tfjs/check_apart.ts";
import { need, type Run, runner, SetupError } from "./commands.ts";
import {
  buildAddon,
  findLibrary,
  type FoundLibrary,
  libraryFrom,
  libraryFromWheel,
  wheels,
} from "./library.ts";
import { fetchPackages, packagesOf, standInForTfjs } from "./packages.ts";
import { fetchStock } from "./stock.ts";

/** What to set up. */
export interface SetupOptions {
  /** Which backend. */
  readonly backend: OptionalBackend;
  /** node, node-gpu: a folder with libtensorflow, instead of the wheel's. */
  readonly libtensorflow?: string | undefined;
  /** node, node-gpu: what the package itself downloads, libtensorflow 2.9.1. */
  readonly stock?: boolean | undefined;
  /** Ends it; nothing is left then. */
  readonly signal?: AbortSignal | undefined;
  /** Hears what is being done. */
  readonly log?: (line: string) => void;
}

/** What was set up; what `deno task setup tensorflow --json` prints. */
export interface SetupResult {
  readonly backend: OptionalBackend;
  /** Where it lies. */
  readonly folder: string;
  /** Whether it was there before. */
  readonly already: boolean;
  /** What it was made from. */
  readonly from: Receipt;
  /** What its trial found. */
  readonly detail: string;
}

/** What a backend was made from; its installed.json. */
export interface Receipt {
  readonly packages: Readonly<Record<string, string>>;
  /** Where libtensorflow came from, or null. */
  readonly libtensorflow: string | null;
}

const isNode = (backend: OptionalBackend) =>
  backend === "node" || backend === "node-gpu";

/**
 * Sets a backend up, and makes a training step on it that must agree with the
 * cpu backend's. Where it is there already, made from the same, only the step is
 * made.
 *
 * @throws {UsageError} if the options cannot be meant.
 * @throws {SetupError} if something is missing or fails; nothing is left then.
 */
export async function setupTensorflow(
  options: SetupOptions,
): Promise<SetupResult> {
  const { backend, signal, log = () => {} } = options;
  const folder = folderOf(backend);
  const found = await checkOptions(options);
  const from = receiptOf(options, found);
  const result = { backend, folder, from };
  if (await isInstalled(backend) && await sameAs(folder, from)) {
    const finding = await checkApart(backend);
    if (finding.usable) {
      return { ...result, already: true, detail: finding.detail };
    }
    log(
      `what is set up does not work: ${finding.missing}; setting it up again`,
    );
  }
  const run = runner(signal);
  const compiler = await checkMachine(options, run);
  const partial = `${folder}.partial-${Deno.pid}`;
  try {
    await make(partial, options, compiler, found, run);
    log("trying one training step …");
    const finding = await checkApart(backend, partial);
    if (!finding.usable) {
      throw new SetupError(
        `Cannot set up the backend ${backend}: ${finding.missing}; ` +
          finding.mend,
      );
    }
    await writeWhole(join(partial, RECEIPT), JSON.stringify(from, null, 2));
    await describing(`set up ${folder}`, async () => {
      await remove(folder);
      await Deno.rename(partial, folder);
    });
    return { ...result, already: false, detail: finding.detail };
  } finally {
    await remove(partial);
    await removeEmptyRoot();
  }
}

async function checkOptions(
  { backend, libtensorflow, stock }: SetupOptions,
): Promise<FoundLibrary | undefined> {
  if (!isNode(backend)) {
    const idle = stock
      ? "--stock"
      : libtensorflow !== undefined
      ? "--libtensorflow"
      : undefined;
    if (idle) {
      throw new UsageError(
        `Cannot set up the backend ${backend} with ${idle}: only node and ` +
          "node-gpu use libtensorflow",
      );
    }
    return undefined;
  }
  if (libtensorflow === undefined) return undefined;
  if (stock) {
    throw new UsageError(
      "Cannot set up both --stock and --libtensorflow: each is a libtensorflow, " +
        "give one",
    );
  }
  return await findLibrary(libtensorflow);
}

function receiptOf(
  { backend, libtensorflow, stock }: SetupOptions,
  found: FoundLibrary | undefined,
): Receipt {
  const packages = packagesOf[backend]
    .map(({ name, version }) => [name, version]);
  return {
    packages: Object.fromEntries(packages),
    libtensorflow: !isNode(backend)
      ? null
      : stock
      ? "stock"
      : found
      ? resolve(libtensorflow!)
      : wheels[backend as "node"].requirement,
  };
}

async function sameAs(folder: string, from: Receipt): Promise<boolean> {
  const text = await Deno.readTextFile(join(folder, RECEIPT));
  return text === JSON.stringify(from, null, 2);
}

// Everything that will be needed, before anything is fetched.
async function checkMachine(
  { backend, stock, libtensorflow }: SetupOptions,
  run: Run,
): Promise<string> {
  const purpose = `set up the backend ${backend}`;
  await need(
    run,
    purpose,
    [["npm", "--version"]],
    "npm is missing, which fetches the packages; it comes with Node",
  );
  await need(
    run,
    purpose,
    [["tar", "--version"]],
    "tar is missing, which unpacks the packages; install it",
  );
  if (!isNode(backend)) return "";
  const { os, arch } = Deno.build;
  if (os !== "linux" || (arch !== "x86_64" && !stock && !libtensorflow)) {
    throw new SetupError(
      `Cannot ${purpose}: this machine is ${os} on ${arch}, TensorFlow's ` +
        "wheel is used on linux on x86_64; use --backend wasm",
    );
  }
  // Stock, it comes built.
  const compiler = stock ? "" : await need(
    run,
    purpose,
    ["c++", "g++", "clang++"].map((name) => [
      ...[name, "-std=c++17", "-fsyntax-only", "-x", "c++", "-"] as const,
    ]),
    "a C++ compiler is missing, which builds the addon: none of c++, g++, " +
      "clang++ compiles; on Debian: apt-get install g++",
    "#include <memory>\n",
  );
  if (!stock && libtensorflow === undefined) {
    await need(
      run,
      purpose,
      [["python3", "-m", "pip", "--version"]],
      "Python's pip is missing, which fetches TensorFlow's wheel: " +
        "`python3 -m pip` fails; on Debian: apt-get install python3-pip, or " +
        "give the folder of a libtensorflow with --libtensorflow",
    );
  }
  if (backend === "node-gpu") {
    await need(
      run,
      purpose,
      [["nvidia-smi", "--list-gpus"]],
      "there is no NVIDIA card, nvidia-smi finds none; install its driver, or " +
        `set up the CPU's: ${setupCommand("node")}`,
    );
  }
  return compiler;
}

async function make(
  partial: string,
  { backend, stock, log = () => {} }: SetupOptions,
  compiler: string,
  found: FoundLibrary | undefined,
  run: Run,
): Promise<void> {
  await describing(`set up ${partial}`, async () => {
    await remove(partial);
    await Deno.mkdir(partial, { recursive: true });
  });
  const isGpu = backend === "node-gpu";
  if (stock) {
    log("fetching tfjs-node with what it downloads itself …");
    await fetchStock(partial, isGpu, run);
    return;
  }
  log("fetching packages from npm …");
  await fetchPackages(packagesOf[backend], partial, run);
  if (!isNode(backend)) return;
  await standInForTfjs(partial);
  if (found) await libraryFrom(partial, found, run);
  else await libraryFromWheel(partial, backend as "node", run, log);
  log("building the addon …");
  await buildAddon(partial, compiler, found?.lib, run);
}

async function remove(path: string): Promise<boolean> {
  try {
    await Deno.remove(path, { recursive: true });
    return true;
  } catch (error) {
    if (isAbsent(error)) return false;
    throw error;
  }
}

/**
 * Removes what was set up, and what set-ups that were killed left.
 *
 * @param backend Which; by default all.
 * @returns The paths that were removed.
 */
export async function removeTensorflow(
  backend?: OptionalBackend,
): Promise<string[]> {
  if (backend === undefined) return await remove(setupRoot) ? [setupRoot] : [];
  const removed = [];
  try {
    for await (const { name } of Deno.readDir(setupRoot)) {
      if (name !== backend && !name.startsWith(`${backend}.partial-`)) continue;
      const path = join(setupRoot, name);
      await remove(path);
      removed.push(path);
    }
  } catch (error) {
    if (!isAbsent(error)) throw error;
  }
  await removeEmptyRoot();
  return removed;
}

async function removeEmptyRoot(): Promise<void> {
  try {
    await Deno.remove(setupRoot);
  } catch {
    // Other backends are in it, or it is not there.
  }
}
