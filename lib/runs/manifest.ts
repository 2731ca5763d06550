/**
 * What a run was made with: enough to make it again, or to see why a later one
 * differs.
 *
 * @module
 */

import { createHash } from "node:crypto";
import deno from "../../deno.json" with { type: "json" };
import { Memo } from "../base/memo.ts";
import type { UsedModule } from "../config/used.ts";
import { copyPath } from "../extensions/modules.ts";
import { extensionsInUse } from "../extensions/use.ts";

/** The project's version. */
export const version: string = deno.version;

/** Where and with what a run was made. */
export interface Manifest {
  /** Version of groklab. */
  readonly groklab: string;
  /** When it began, ISO 8601, UTC. */
  readonly started: string;
  /** The program and its arguments. */
  readonly command: readonly string[];
  /** Versions of Deno and of every package that the project imports. */
  readonly versions: Readonly<Record<string, string>>;
  /** SHA-256 of the lock file, or null where there is none. */
  readonly lock: string | null;
  /** What it was computed on. */
  readonly device: {
    readonly os: string;
    readonly arch: string;
    readonly cores: number;
    readonly provider: string;
    /** What the config says; null for as many as there are physical cores. */
    readonly threads?: number | null;
  };
  /** The checkout's commit and whether files differ from it, or null. */
  readonly git: { readonly commit: string; readonly dirty: boolean } | null;
  /** The extensions with which it was made, if there are any. */
  readonly extensions?: readonly ExtensionRecord[];
  /** Of several runs at once: which of how many this is, counted from 0. */
  readonly replica?: { readonly index: number; readonly of: number };
  /** The sittings in which it was trained after the first. */
  readonly resumed?: readonly Sitting[];
}

/** An extension with which a run was made. */
export interface ExtensionRecord extends UsedModule {
  /** What the user called it. */
  readonly path: string;
  /** The copy of its module in the run's folder. */
  readonly copy: string;
}

/** A sitting in which a run was gone on with. */
export interface Sitting
  extends
    Pick<Manifest, "groklab" | "started" | "command" | "lock" | "extensions"> {
  /** Updates that were made before. */
  readonly step: number;
  /** Deno and the packages. */
  readonly versions: Manifest["versions"];
  /** What it was computed on. */
  readonly device: Manifest["device"];
}

/**
 * The manifest of a run that is gone on with.
 *
 * @param manifest What the run has.
 * @param now This program, here and now.
 * @param step Updates that were made before.
 */
export function withSitting(
  manifest: Manifest,
  now: Manifest,
  step: number,
): Manifest {
  const { groklab, started, command, versions, lock, device, extensions } = now;
  const sitting = {
    ...{ step, started, groklab, command, versions, lock, device },
    ...(extensions && { extensions }),
  };
  return { ...manifest, resumed: [...manifest.resumed ?? [], sitting] };
}

/**
 * What may make a sitting's bytes differ from those of the one before: groklab,
 * its lock file, what it is computed on. In words, "groklab 0.1.0 → 0.2.0".
 *
 * @param manifest What the run has.
 * @param now This program, here and now.
 */
export function differences(manifest: Manifest, now: Manifest): string[] {
  const before = manifest.resumed?.at(-1) ?? manifest;
  const seen = ({ groklab, lock, device, extensions }: typeof before) => ({
    groklab,
    "lock file": lock?.slice(0, 8) ?? "none",
    os: device.os,
    architecture: device.arch,
    device: device.provider,
    // Cores decide about threads, where none are named.
    threads: device.threads ?? `those of ${device.cores} cores`,
    extensions:
      extensions?.map(({ module, copy }) => `${module} ${copy.split("/")[1]}`)
        .join(" and ") ?? "none",
  });
  const [then, here] = [seen(before), seen(now)];
  return (Object.keys(here) as (keyof typeof here)[])
    .filter((what) => then[what] !== here[what])
    .map((what) => `${what} ${then[what]} → ${here[what]}`);
}

/**
 * Describes this program, here and now.
 *
 * @param provider What computes: `onnx/cpu`, `onnx/wasm`, `onnx/cuda`,
 * `tfjs/cpu`.
 * @param threads How many threads the config names, if it does.
 * @param made What was found out before of this program: it does not change while
 * it runs.
 */
export async function makeManifest(
  provider: string,
  threads: number | null = null,
  made = new Memo(),
): Promise<Manifest> {
  const packages = Object.values(deno.imports)
    .map((specifier) => /^npm:\/?(@?[^@]+)@([^/]+)/.exec(specifier))
    .filter((match) => match !== null)
    .map(([, name, version]) => [name!, version!]);
  return {
    groklab: version,
    started: new Date().toISOString(),
    command: [program(), ...Deno.args],
    versions: { deno: Deno.version.deno, ...Object.fromEntries(packages) },
    lock: await made.get(lockHash, lockHash),
    device: {
      os: Deno.build.os,
      arch: Deno.build.arch,
      cores: navigator.hardwareConcurrency,
      provider,
      threads,
    },
    git: await made.get(gitState, gitState),
    ...(extensionsInUse.length > 0 && {
      extensions: extensionsInUse.map(({ path, files }) => ({
        path,
        ...files.used,
        copy: copyPath(files, files.entry),
      })),
    }),
  };
}

// A worker has no main module, but is given its program's name.
function program(): string {
  const main: string | undefined = Deno.mainModule;
  const { name = "" } = globalThis as { name?: string };
  return main?.replace(/^.*\//, "") ?? name;
}

const root = new URL("../../", import.meta.url);

async function lockHash(): Promise<string | null> {
  try {
    const lock = await Deno.readFile(new URL("deno.lock", root));
    return createHash("sha256").update(lock).digest("hex");
  } catch {
    return null; // Used as a library, there is no lock file beside it.
  }
}

async function gitState(): Promise<Manifest["git"]> {
  // Of a package the project around it would answer, of which nothing is asked.
  if (root.pathname.includes("/node_modules/")) return null;
  const git = async (...args: string[]) => {
    const { success, stdout } = await new Deno.Command("git", {
      args,
      cwd: root,
      stderr: "null",
      // Under a permission for git alone Deno starts nothing that inherits
      // this, and where CUDA is in use it is set.
      env: { LD_LIBRARY_PATH: "" },
    }).output();
    return success ? new TextDecoder().decode(stdout).trim() : undefined;
  };
  try {
    const commit = await git("rev-parse", "HEAD");
    const changes = await git("status", "--porcelain");
    return commit && changes !== undefined
      ? { commit, dirty: changes !== "" }
      : null;
  } catch {
    return null; // No git here, or no permission to run it.
  }
}
