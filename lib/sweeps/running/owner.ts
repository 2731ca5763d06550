/**
 * Whose a claim is, and whether its process still has it.
 *
 * @module
 */

import { join } from "node:path";
import { describing } from "../../base/files.ts";
import { isObject } from "../../base/json.ts";
import { regular } from "../../base/sums.ts";
import { claimPath, SWEEP } from "../layout.ts";
import { unobstructed } from "../obstacles.ts";

/** After how long without a touch another machine's claim is left. */
export const STALE_MS = 120_000;
/** Bytes of a claim: touched in place, it is whole at every moment. */
export const BYTES = 512;

/** Who has a run. */
export interface Owner {
  /** The machine's name; null where it may not be asked. */
  readonly host: string | null;
  /** When that machine was started, in seconds; null where it may not be asked. */
  readonly booted: number | null;
  /** The process. */
  readonly pid: number;
  /** Since when, ISO 8601, UTC. */
  readonly since: string;
  /** How often the run was begun, this time too. */
  readonly attempts: number;
  /** How many processes have died over it. */
  readonly deaths: number;
  /** Whether it was given back in the middle. */
  readonly released: boolean;
}

/** What is known of a claim that is there. */
export interface Found {
  /** What the file says; undefined where it is torn. */
  readonly owner: Owner | undefined;
  /** Whether somebody has the run. */
  readonly state: "held" | "released" | "left";
  /** Whether it is another machine's, as far as can be seen. */
  readonly foreign: boolean;
}

/** This process, as a claim names it. */
export function thisProcess(): Pick<Owner, "host" | "booted" | "pid"> {
  const allowed = (kind: "hostname" | "osUptime") =>
    Deno.permissions.querySync({ name: "sys", kind }).state === "granted";
  return {
    host: allowed("hostname") ? Deno.hostname() : null,
    booted: allowed("osUptime")
      ? Math.round(Date.now() / 1000 - Deno.osUptime())
      : null,
    pid: Deno.pid,
  };
}

// Machines may have the same name; they were hardly started in the same moment.
const SAME_BOOT_S = 30;

function isHere(owner: Owner): boolean {
  const here = thisProcess();
  return owner.host !== null && owner.host === here.host &&
    (owner.booted === null || here.booted === null ||
      Math.abs(owner.booted - here.booted) <= SAME_BOOT_S);
}

/** The file of a run's claim: of the first, or of one that took over. */
export const fileOf = (folder: string, id: string, number: number) =>
  claimPath(folder, id) + (number === 0 ? "" : `.${number}`);

/** A claim's run and number, by the name of its file; undefined of other files. */
export function claimNamed(
  name: string,
): { id: string; number: number } | undefined {
  const [, id, number = "0"] = /^([0-9a-f]{16})(?:\.([1-9]\d*))?$/.exec(name) ??
    [];
  return id === undefined ? undefined : { id, number: Number(number) };
}

/**
 * Looks at a claim.
 *
 * @param folder The sweep's.
 * @param path The claim's file.
 * @param stale After how many milliseconds another machine's is left.
 * @param reading Whether the folder need not be such as can be written.
 * @returns Undefined where it is gone.
 * @throws {ObstacleError} if it is no regular file.
 * @throws {FileError} if it cannot be read.
 */
export async function lookAt(
  folder: string,
  path: string,
  { stale = STALE_MS, reading = false }: {
    readonly stale?: number;
    readonly reading?: boolean;
  } = {},
): Promise<Found | undefined> {
  return await unobstructed(`read the claim ${path}`, path, async () => {
    // A file that is opened is asked for, not remembered, on a shared disk, too.
    using file = await Deno.open(path, { read: true, write: !reading });
    const owner = await ownerIn(file);
    const foreign = owner !== undefined && !isHere(owner);
    if (owner?.released) return { owner, state: "released", foreign };
    // Its own process locks it before it writes who it is.
    const free = owner && !foreign
      ? await file.tryLock(true).catch(() => undefined)
      : undefined;
    if (free !== undefined) {
      return { owner, state: free ? "left" : "held", foreign };
    }
    const { mtime } = await file.stat();
    const now = await clock(folder).catch((error) => {
      if (reading) return Date.now();
      throw error;
    });
    // Either way: where that clock was set back, no wait would end.
    const age = Math.abs(now - (mtime?.getTime() ?? 0));
    return { owner, state: age > stale ? "left" : "held", foreign };
  });
}

async function ownerIn(file: Deno.FsFile): Promise<Owner | undefined> {
  const bytes = new Uint8Array(BYTES);
  const read = await file.read(bytes) ?? 0;
  try {
    const owner = JSON.parse(new TextDecoder().decode(bytes.subarray(0, read)));
    const { host, pid, since, attempts, deaths } = isObject(owner) ? owner : {};
    const named = host === null || typeof host === "string";
    const counted = [pid, attempts, deaths].every(Number.isSafeInteger);
    if (named && counted && typeof since === "string") {
      return owner as unknown as Owner;
    }
  } catch {
    // Empty, or cut short: its process ended while it took it.
  }
}

/**
 * What time it is where a sweep lies, in milliseconds.
 *
 * @throws {FileError} if the folder cannot be written.
 */
export async function clock(folder: string): Promise<number> {
  const path = join(folder, SWEEP.claims, "clock");
  return await describing(`run the sweep ${folder}`, async () => {
    await regular(path); // Of a pipe, say, nobody reads what is written.
    await Deno.writeTextFile(path, "The time of this file is now.\n");
    return (await Deno.stat(path)).mtime!.getTime();
  });
}
