/**
 * Fetching MNIST: each file into a temporary folder, held to its checksum, and
 * moved into place when all four are there.
 *
 * @module
 */

import { join } from "node:path";
import { MNIST_FILES, MNIST_FOLDER } from "../data/tasks/mnist.ts";
import { describing } from "../base/files.ts";
import { taskLine } from "../base/shell.ts";
import { ignoreMissing, list } from "../runs/layout.ts";
import { sha256 } from "../base/sums.ts";

/**
 * SHA-256 of the four packed files. The original site publishes none; public
 * loaders that fetch from either of the mirrors below list the same four.
 */
export const MNIST_CHECKSUMS: Readonly<Record<string, string>> = {
  [`${MNIST_FILES.trainImages}.gz`]:
    "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
  [`${MNIST_FILES.trainLabels}.gz`]:
    "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
  [`${MNIST_FILES.testImages}.gz`]:
    "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
  [`${MNIST_FILES.testLabels}.gz`]:
    "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
};

/**
 * Where the files can be had: the mirrors that PyTorch and TensorFlow use. The
 * task `setup` may speak to these hosts and to no other.
 */
export const MNIST_MIRRORS = [
  "https://ossci-datasets.s3.amazonaws.com/mnist/",
  "https://storage.googleapis.com/cvdf-datasets/mnist/",
] as const;

const STAGE = ".partial-";

/** How to set MNIST up. */
export interface MnistSetup {
  /** Where to put the files; by default where `--task mnist` looks. */
  readonly folder?: string;
  /** What to fetch, with its SHA-256. */
  readonly checksums?: Readonly<Record<string, string>>;
  /** Fetches an address; by default over the network. */
  readonly get?: (url: string, signal?: AbortSignal) => Promise<Uint8Array>;
  /** Told what is being done. */
  readonly log?: (line: string) => void;
  /** Stops it; nothing is left then. */
  readonly signal?: AbortSignal;
}

/** What {@link setupMnist} did. */
export interface MnistResult {
  /** Where the files are. */
  readonly folder: string;
  /** Those that were fetched now; the others were there. */
  readonly fetched: readonly string[];
}

/**
 * Fetches those of the four files that are not there, or are others.
 *
 * @throws {Error} if one cannot be had, or is not what it should be; the folder
 * is as before then.
 */
export async function setupMnist(
  options: MnistSetup = {},
): Promise<MnistResult> {
  const { folder = MNIST_FOLDER, checksums = MNIST_CHECKSUMS } = options;
  const fetched: string[] = [];
  const stage = join(folder, STAGE + Deno.pid);
  await clear(folder);
  try {
    for (const [name, wanted] of Object.entries(checksums)) {
      if (await hashOf(join(folder, name)) === wanted) continue;
      const bytes = await download(name, wanted, options);
      await describing(`write into ${stage}`, async () => {
        await Deno.mkdir(stage, { recursive: true });
        await Deno.writeFile(join(stage, name), bytes);
      });
      fetched.push(name);
    }
    for (const name of fetched) {
      await describing(
        `move ${name} into ${folder}`,
        () => Deno.rename(join(stage, name), join(folder, name)),
      );
    }
    return { folder, fetched };
  } finally {
    await clear(folder);
  }
}

/**
 * Removes what {@link setupMnist} fetched, known by its checksum, and nothing
 * else.
 *
 * @returns The files that were removed.
 */
export async function removeMnist(
  { folder = MNIST_FOLDER, checksums = MNIST_CHECKSUMS }: MnistSetup = {},
): Promise<string[]> {
  const removed: string[] = [];
  for (const [name, wanted] of Object.entries(checksums)) {
    const path = join(folder, name);
    if (await hashOf(path) !== wanted) continue;
    await describing(`remove ${path}`, () => Deno.remove(path));
    removed.push(path);
  }
  await clear(folder);
  return removed;
}

// From the first mirror that has the right file.
async function download(
  name: string,
  wanted: string,
  { get = overNetwork, log = () => {}, signal }: MnistSetup,
): Promise<Uint8Array> {
  const reasons: string[] = [];
  for (const mirror of MNIST_MIRRORS) {
    const url = mirror + name;
    log(`fetching ${url} …`);
    try {
      const bytes = await get(url, signal);
      const found = sha256(bytes);
      if (found === wanted) return bytes;
      reasons.push(
        `${url} has ${bytes.length} bytes of SHA-256 ${found}, wanted ${wanted}`,
      );
    } catch (error) {
      if (signal?.aborted) {
        throw new Error("Stopped; nothing is left of it", { cause: error });
      }
      reasons.push((error as Error).message);
    }
  }
  throw new Error(
    `Cannot fetch ${name}: ${reasons.join("; ")}. With the files at hand: ` +
      taskLine("train", "--task", "mnist", "--mnist", "DIR"),
  );
}

async function overNetwork(
  url: string,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  const response = await fetch(url, signal ? { signal } : {})
    .catch((error: Error) => {
      const { message } = error.cause instanceof Error ? error.cause : error;
      const reason = message.replace(
        /^error sending request for url .*?: /,
        "",
      );
      throw new Error(`${url} cannot be reached (${reason})`, { cause: error });
    });
  if (!response.ok) {
    await response.body?.cancel();
    throw new Error(`${url} answers ${response.status} ${response.statusText}`);
  }
  return await response.bytes();
}

async function hashOf(path: string): Promise<string | undefined> {
  try {
    return sha256(await Deno.readFile(path));
  } catch (error) {
    ignoreMissing(error);
    return undefined;
  }
}

// Removes what a setup left that was killed, and the folder where it is empty.
async function clear(folder: string): Promise<void> {
  const names = await list(folder) ?? [];
  for (const name of names.filter((name) => name.startsWith(STAGE))) {
    await Deno.remove(join(folder, name), { recursive: true });
  }
  if ((await list(folder))?.length === 0) await Deno.remove(folder);
}
