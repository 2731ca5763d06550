/**
 * What a run was made with: enough to make it again, or to see why a later one
 * differs.
 *
 * @module
 */

import { createHash } from "node:crypto";
import deno from "../../deno.json" with { type: "json" };

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
  };
  /** The checkout's commit and whether files differ from it, or null. */
  readonly git: { readonly commit: string; readonly dirty: boolean } | null;
}

/**
 * Describes this program, here and now.
 *
 * @param provider What computes: `onnx/cpu`, `onnx/wasm`, `onnx/cuda`,
 * `tfjs/cpu`.
 */
export async function makeManifest(provider: string): Promise<Manifest> {
  const packages = Object.values(deno.imports)
    .map((specifier) => /^npm:\/?(@?[^@]+)@([^/]+)/.exec(specifier))
    .filter((match) => match !== null)
    .map(([, name, version]) => [name!, version!]);
  return {
    groklab: version,
    started: new Date().toISOString(),
    command: [Deno.mainModule.replace(/^.*\//, ""), ...Deno.args],
    versions: { deno: Deno.version.deno, ...Object.fromEntries(packages) },
    lock: await lockHash(),
    device: {
      os: Deno.build.os,
      arch: Deno.build.arch,
      cores: navigator.hardwareConcurrency,
      provider,
    },
    git: await gitState(),
  };
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
