/**
 * Where a training's runs lie: in a folder that is itself the run, or in one that
 * holds a folder for each replica.
 *
 * @module
 */

import { join } from "node:path";
import { UsageError } from "../base/errors.ts";
import type { Config } from "../config/config.ts";
import { FILES, list, REPLICA, replicasIn } from "../runs/layout.ts";
import { lockRun } from "../runs/lock.ts";
import { checkFree, checkNotSource } from "../runs/new_folder.ts";
import { isOver } from "../runs/saved_state.ts";
import { savedSteps } from "../runs/states.ts";
import type { TrainOptions } from "./options.ts";
import { type Resumable, resumable } from "./resume.ts";

/** Where runs lie. */
export interface Folders {
  /** The folder that was asked for. */
  readonly root: string;
  /** The folder of each run. */
  readonly runs: readonly string[];
  /** Whether they are replicas; else there is one run, in the folder itself. */
  readonly band: boolean;
}

/** Where some runs lie that are trained into a folder. */
export function foldersIn(root: string, count: number, band: boolean): Folders {
  const runs = Array.from(
    { length: count },
    (_, r) => band ? join(root, `replica-${r}`) : root,
  );
  return { root, runs, band };
}

/** Whether nothing is left to train of any run. */
export const areOver = (
  old: readonly Resumable[],
  asked: readonly Config[],
): boolean => old.every(({ summary }, r) => isOver(summary, asked[r]!.steps));

/**
 * Takes the locks of folders, all before anything in them is changed, and gives
 * what lies there to be gone on with. What is over needs no lock.
 *
 * @param asked What to train.
 * @param folders Where.
 * @param options Whether to go on with what lies there, or to replace it.
 * @param locks Gets the locks.
 * @throws {UsageError} if the folders hold something else, or are trained into.
 */
export async function claim(
  asked: readonly Config[],
  folders: Folders,
  options: TrainOptions,
  locks: DisposableStack,
): Promise<Resumable[] | undefined> {
  const { root, runs, band } = folders;
  const look = async () => {
    if (band) await replicasIn(root); // None of them may be a link.
    const old = options.resume
      ? await resumableRuns(folders, asked)
      : undefined;
    if (!old) {
      const source = asked[0]!.from?.path;
      for (const folder of runs) await checkNotSource(folder, source);
      for (const folder of runs) await checkFree(folder, begunAgain(options));
      if (band) await checkOthers(folders);
    }
    return old;
  };
  const seen = await look();
  if (seen && areOver(seen, asked)) return seen;
  for (const folder of band ? [root, ...runs] : runs) {
    locks.use(await lockRun(folder));
  }
  // Until the locks were there, another process may have trained here.
  return await look();
}

/**
 * Whether what lies in a folder may be replaced: what was stopped before it had a
 * config, or before all replicas had their folders, is begun again.
 */
export const begunAgain = (
  { overwrite = false, resume = false }: TrainOptions,
): boolean => overwrite || resume;

// The runs in the folders, if a training can go on with them; undefined where
// nothing was trained yet.
async function resumableRuns(
  { root, runs, band }: Folders,
  wanted: readonly Config[],
): Promise<Resumable[] | undefined> {
  const found: Resumable[] = [];
  for (const [r, folder] of runs.entries()) {
    const old = await resumable(folder, wanted[r]!);
    if (!old) continue;
    const { of } = old.manifest.replica ?? { of: 1 };
    if (band && of !== runs.length) {
      throw new UsageError(
        `Cannot resume ${runs.length} replicas in ${root}: ` +
          `it holds a band of ${of}`,
      );
    }
    found.push(old);
  }
  if (found.length === runs.length) return found;
  // The first state is written when all folders are there.
  const saved = await Promise.all(found.map(({ run }) => savedSteps(run)));
  if (saved.every((steps) => steps.length === 0)) return undefined;
  throw new UsageError(
    `Cannot resume ${runs.length} replicas in ${root}: ` +
      `only ${found.length} of their folders are there`,
  );
}

// A band may not mix with a run or with another band's replicas.
async function checkOthers({ root, runs }: Folders): Promise<void> {
  const names = await list(root) ?? [];
  if (names.includes(FILES.manifest)) {
    throw new UsageError(
      `Cannot train replicas in ${root}: it holds a run already; choose ` +
        "another folder with --run",
    );
  }
  const others = names.map((name) => join(root, name))
    .filter((path) => REPLICA.test(path) && !runs.includes(path));
  if (others.length > 0) {
    throw new UsageError(
      `Cannot train ${runs.length} replicas in ${root}: it holds others, ` +
        `${others[0]} among them; choose another folder with --run`,
    );
  }
}
