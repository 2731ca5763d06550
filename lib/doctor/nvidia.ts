/**
 * What there is of NVIDIA's on this machine: driver, cards, CUDA's libraries.
 *
 * @module
 */

import { join } from "node:path";
import {
  cudaIsInstalled,
  cudaLibraries,
  CUDNN,
  DRIVER,
  isLoadable,
  isThere,
  mendLibraries,
} from "../onnx/runtime/cuda.ts";

/** A card, as nvidia-smi describes it. */
export interface Card {
  /** The number that `--device-id` takes. */
  readonly id: number;
  /** Its name. */
  readonly name: string;
  /** Its memory, with the unit. */
  readonly memory: string;
  /** CUDA's compute capability, `9.0`. */
  readonly computeCapability: string;
}

/** The driver and the cards that it shows. */
export interface Driver {
  /** The driver's version, or null where none is seen. */
  readonly version: string | null;
  /** The cards; empty where nvidia-smi is not there. */
  readonly cards: readonly Card[];
}

/** Whether a library can be loaded. */
export interface Library {
  /** The file name. */
  readonly name: string;
  /** Whether nothing can be trained without it: of all of them. */
  readonly required: true;
  /** Whether the system's loader finds it. */
  readonly loads: boolean;
  /** Folders of pip's packages that have it, where the loader does not look. */
  readonly elsewhere: readonly string[];
}

/** What CUDA's libraries lack. */
export interface Libraries {
  /** Every library that the provider asks for. */
  readonly libraries: readonly Library[];
  /** A command for what is missing, or null. */
  readonly mend: string | null;
}

// What the provider of onnxruntime-gpu 1.30.0 from PyPI needs: shown where none
// is installed whose own list could be read.
const KNOWN = [
  "libcublasLt.so.13",
  "libcublas.so.13",
  "libcurand.so.10",
  "libcudart.so.13",
  DRIVER,
] as const;

/** Runs a program; undefined where it is not there or fails. */
export async function outputOf(
  program: string,
  args: readonly string[],
): Promise<string | undefined> {
  try {
    const { success, stdout } = await new Deno.Command(program, {
      args: [...args],
      stdin: "null",
      stderr: "null",
    }).output();
    return success ? new TextDecoder().decode(stdout) : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Asks nvidia-smi, or where it is not there the driver's entry in /proc. */
export async function findDriver(): Promise<Driver> {
  const table = await outputOf("nvidia-smi", [
    "--query-gpu=index,name,memory.total,compute_cap,driver_version",
    "--format=csv,noheader",
  ]);
  if (table !== undefined) return parseCards(table);
  const proc = await Deno.readTextFile("/proc/driver/nvidia/version")
    .catch(() => "");
  const version = /Kernel Module.*?(\d+\.\d+(\.\d+)?)/.exec(proc)?.[1];
  return { version: version ?? null, cards: [] };
}

/** Reads what nvidia-smi prints: a card a line, fields with commas between. */
export function parseCards(table: string): Driver {
  const rows = table.split("\n").map((line) => line.split(/,\s*/))
    .filter((fields) => fields.length === 5);
  return {
    version: rows[0]?.[4]?.trim() ?? null,
    cards: rows.map(([id, name, memory, computeCapability]) => ({
      id: Number(id),
      name: name!,
      memory: memory!,
      computeCapability: computeCapability!,
    })),
  };
}

/** The folders of pip's NVIDIA packages, as python3 names its places. */
export async function pipFolders(): Promise<string[]> {
  const script = "import site, sysconfig; print('\\n'.join(" +
    "site.getsitepackages() + [site.getusersitepackages(), " +
    "sysconfig.get_paths()['platlib']]))";
  const sites = (await outputOf("python3", ["-c", script]) ?? "").split("\n");
  const folders = new Set<string>();
  for (const site of sites.filter((line) => line !== "")) {
    const packages = join(site, "nvidia");
    try {
      for await (const { name } of Deno.readDir(packages)) {
        folders.add(join(packages, name, "lib"));
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return [...folders].sort();
}

/**
 * Looks for the libraries that the CUDA provider asks for, by file name: with
 * the system's loader, then in the folders of pip's packages.
 *
 * @param folders Where the loader does not look.
 */
export async function findLibraries(
  folders: readonly string[],
): Promise<Libraries> {
  const needed = await cudaIsInstalled() ? await neededLibraries() : KNOWN;
  const libraries: Library[] = [];
  for (const name of [...needed, CUDNN]) {
    const loads = isLoadable(name) === true;
    const elsewhere = [];
    for (const folder of loads ? [] : folders) {
      if (await isThere(join(folder, name))) elsewhere.push(folder);
    }
    libraries.push({ name, required: true, loads, elsewhere });
  }
  return { libraries, mend: mendOf(libraries, needed) };
}

async function neededLibraries(): Promise<readonly string[]> {
  try {
    const all = await cudaLibraries();
    return all.filter((name) => /^lib(cu|nv)/.test(name));
  } catch (error) {
    if (error instanceof SyntaxError) return KNOWN; // Damaged: see its row.
    throw error;
  }
}

function mendOf(
  libraries: readonly Library[],
  needed: readonly string[],
): string | null {
  const missing = libraries.filter(({ loads }) => !loads);
  if (missing.length === 0) return null;
  const absent = missing.filter(({ name, elsewhere }) =>
    elsewhere.length === 0 && name !== DRIVER
  ).map(({ name }) => name);
  if (absent.length > 0) return mendLibraries(absent, needed);
  const folders = new Set(missing.flatMap(({ elsewhere }) => elsewhere));
  return folders.size > 0
    ? `export LD_LIBRARY_PATH=${[...folders].join(":")}` +
      "${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
    : mendLibraries([DRIVER], needed);
}
