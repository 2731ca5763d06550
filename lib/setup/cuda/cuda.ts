/**
 * Putting ONNX Runtime's CUDA provider beside the runtime, and taking it away
 * again. What is fetched is looked at in a temporary folder of the same file
 * system and moved into place at the end; a record says what was put there.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { join } from "node:path";
import { describing, replaceFiles, writeWhole } from "../../base/files.ts";
import {
  CUDA_FILES,
  CUDA_IS_BUILT,
  cudaFiles,
  isThere,
  packageFolder,
  packageVersion,
  providerFolder,
} from "../../onnx/runtime/cuda.ts";
import { readLibrary } from "../../onnx/runtime/elf.ts";
import { UsageError } from "../../base/errors.ts";
import { quoted, taskLine } from "../../base/shell.ts";
import { fetchWheel, takeFromWheel } from "./sources.ts";
import { CUDA_SUMS, type CudaSums } from "./sums.ts";

const RECORD = "groklab-cuda.json";
const STAGE = ".groklab-setup-";
// Held by the process whose stage it is in: the system lets go of it at its end.
const LOCK = "lock";

/** What was installed; the contents of the record. */
export interface CudaRecord {
  /** The version of onnxruntime-node that it belongs to. */
  readonly version: string;
  /** Where it came from: a wheel's file name. */
  readonly source: string;
  /** The files, by name. */
  readonly files: readonly {
    readonly name: string;
    readonly bytes: number;
    readonly sha256: string;
  }[];
}

/** How to set up. */
export interface CudaSetup {
  /** The folder of the onnxruntime-node package; by default the project's. */
  readonly folder?: string;
  /** The wheel to take it out of; by default the one that pip fetches. */
  readonly fromWheel?: true | string | undefined;
  /** The Python whose pip is asked. */
  readonly python?: string;
  /** Told what is being done. */
  readonly log?: (line: string) => void;
  /** What the files must be; by default the sums that stand in the repository. */
  readonly sums?: CudaSums;
}

/**
 * What the folder holds: ours by its record, parts of it, ours with other contents
 * than it must have, another's, or nothing.
 */
export type CudaState =
  | {
    readonly state: "ours" | "partial" | "altered";
    readonly record: CudaRecord;
  }
  | { readonly state: "foreign"; readonly record?: undefined }
  | { readonly state: "none"; readonly record?: undefined };

/** What {@link setupCuda} did. */
export interface CudaResult {
  /** Whether it was installed now; else it was there already. */
  readonly fresh: boolean;
  /** What is installed; undefined where something else installed it. */
  readonly record: CudaRecord | undefined;
}

/**
 * Looks what the folder of a package holds, contents included.
 *
 * @param folder The folder of the onnxruntime-node package.
 * @param sums What the files must be.
 */
export async function cudaState(
  folder: string = packageFolder(),
  sums: CudaSums = CUDA_SUMS,
): Promise<CudaState> {
  const home = providerFolder(folder);
  const record = await readRecord(join(home, RECORD));
  if (!record) {
    const there = await Promise.all(
      CUDA_FILES.map((name) => isThere(join(home, name))),
    );
    return { state: there.every(Boolean) ? "foreign" : "none" };
  }
  for (const { name, bytes } of record.files) {
    const size = await sizeOfFile(join(home, name));
    if (size !== bytes) return { state: "partial", record };
  }
  for (const { name } of record.files) {
    const sum = await sumOf(join(home, name));
    const known = sums[record.version]?.[name] ?? [];
    if (!known.includes(sum)) return { state: "altered", record };
  }
  return { state: "ours", record };
}

// In parts: the file is large.
async function sumOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  using file = await Deno.open(path);
  const part = new Uint8Array(2 ** 20);
  for (;;) {
    const count = await file.read(part);
    if (count === null) return hash.digest("hex");
    hash.update(part.subarray(0, count));
  }
}

/**
 * Installs the CUDA provider that belongs to the installed onnxruntime-node.
 *
 * @param options Where from, and where to.
 * @returns What is installed, and whether it is new.
 * @throws {UsageError} if a wheel that was named is of another version.
 * @throws {Error} if it cannot be fetched, or its files have other SHA-256 sums
 * than the repository knows; the folder is as before then.
 */
export async function setupCuda(
  options: CudaSetup = {},
): Promise<CudaResult> {
  const { folder = packageFolder(), fromWheel = true } = options;
  const { python = "python3", log = () => {}, sums = CUDA_SUMS } = options;
  if (!CUDA_IS_BUILT) {
    const { os, arch } = Deno.build;
    throw new UsageError(
      `Cannot set up CUDA on ${os}/${arch}: onnxruntime-node has its provider ` +
        "for linux/x86_64 only; use --device cpu",
    );
  }
  const version = await packageVersion(folder);
  const known = sums[version];
  if (!known) {
    throw new Error(
      `Cannot set up CUDA: the repository has no SHA-256 sums of the provider ` +
        `for onnxruntime-node ${version}, only for ` +
        Object.keys(sums).join(", "),
    );
  }
  const before = await cudaState(folder, sums);
  const done = before.state === "foreign" ||
    before.state === "ours" && before.record.version === version;
  if (done) return { fresh: false, record: before.record };

  const home = providerFolder(folder);
  const stage = join(home, STAGE + Deno.pid);
  await removeStages(home);
  using held = new DisposableStack();
  try {
    held.use(await describing(`write into ${home}`, () => makeStage(stage)));
    const wheel = fromWheel === true
      ? await fetchWheel(version, stage, python, log)
      : fromWheel;
    const source = await takeFromWheel(wheel, version, stage);
    const record = { version, source, files: await describe(stage, known) };
    const text = JSON.stringify(record, null, 2) + "\n";
    await writeWhole(join(stage, RECORD), text);
    // The record first: whatever happens then, it says what may be removed. The
    // provider itself last, for where it is, all is.
    const names = record.files.map(({ name }) => name);
    await replaceFiles([RECORD, ...names], stage, home);
    return { fresh: true, record };
  } finally {
    removeOwnStage(folder);
  }
}

/**
 * Removes what {@link setupCuda} installed, and nothing else.
 *
 * @param folder The folder of the onnxruntime-node package.
 * @returns The names of the files that were removed.
 * @throws {UsageError} if the provider was put there by something else.
 */
export async function removeCuda(
  folder: string = packageFolder(),
): Promise<string[]> {
  const home = providerFolder(folder);
  const found = await cudaState(folder);
  await removeStages(home);
  if (found.state === "none") return [];
  if (found.state === "foreign") {
    throw new UsageError(
      `Cannot remove the CUDA provider: ${taskLine("setup", "cuda")} did not ` +
        `install it; to remove it: rm ${cudaFiles(folder)}`,
    );
  }
  // The record last: while it is there, a second attempt knows what to remove.
  const removed: string[] = [];
  for (const { name } of found.record.files) {
    if (await removeFile(join(home, name))) removed.push(name);
  }
  await removeFile(join(home, RECORD));
  return removed;
}

/** Checks that the files are what they should be, and describes them. */
async function describe(
  stage: string,
  known: CudaSums[string],
): Promise<CudaRecord["files"]> {
  const files = [];
  for (const name of CUDA_FILES) {
    const path = join(stage, name);
    const { x64 } = await readLibrary(path);
    if (!x64) {
      throw new UsageError(
        `Cannot set up CUDA: the ${name} that was fetched is not for x86-64`,
      );
    }
    const sha256 = await sumOf(path);
    if (!known[name]?.includes(sha256)) {
      throw new Error(
        `Cannot set up CUDA: the ${name} that was fetched is none of those that ` +
          `the repository knows, its SHA-256 is ${sha256}; see ` +
          "lib/setup/cuda/sums.ts",
      );
    }
    files.push({ name, bytes: (await Deno.stat(path)).size, sha256 });
  }
  return files;
}

/** Removes at once what an unfinished {@link setupCuda} of this process left. */
export function removeOwnStage(folder: string = packageFolder()): void {
  try {
    const stage = join(providerFolder(folder), STAGE + Deno.pid);
    Deno.removeSync(stage, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

async function makeStage(stage: string): Promise<Deno.FsFile> {
  await Deno.mkdir(stage);
  const options = { write: true, create: true };
  const file = await Deno.open(join(stage, LOCK), options);
  // Some network file systems have no locks.
  await file.tryLock(true).catch(() => {});
  return file;
}

// Those of setups that were killed; one that runs at the same time keeps its own.
async function removeStages(home: string): Promise<void> {
  for await (const { name } of Deno.readDir(home)) {
    if (!name.startsWith(STAGE)) continue;
    const stage = join(home, name);
    if (await isHeld(join(stage, LOCK))) continue;
    await Deno.remove(stage, { recursive: true });
  }
}

async function isHeld(path: string): Promise<boolean> {
  if (!await isThere(path)) return false;
  using file = await Deno.open(path, { write: true });
  return !await file.tryLock(true).catch(() => true);
}

async function readRecord(path: string): Promise<CudaRecord | undefined> {
  try {
    return JSON.parse(await Deno.readTextFile(path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw new Error(
      `Cannot read what ${taskLine("setup", "cuda")} has installed: ${path} ` +
        `is damaged (${(error as Error).message}); to mend it: ` +
        `rm ${quoted(path)}`,
      { cause: error },
    );
  }
}

async function sizeOfFile(path: string): Promise<number | undefined> {
  return await isThere(path) ? (await Deno.stat(path)).size : undefined;
}

async function removeFile(path: string): Promise<boolean> {
  if (!await isThere(path)) return false;
  await describing(`remove ${path}`, () => Deno.remove(path));
  return true;
}
