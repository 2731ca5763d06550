/**
 * Writes the runs of a plan that are not there yet behind those that are.
 *
 * @module
 */

import { join } from "node:path";
import { UsageError } from "../base/errors.ts";
import { type Aside, type Contents, writeAside } from "../base/files.ts";
import { ConfigError } from "../config/config.ts";
import { findSweep, planLine, planLines, sweepText } from "./files.ts";
import type { Gathering } from "./gathering.ts";
import { SWEEP, type Sweep } from "./layout.ts";
import type { Block } from "./points.ts";
import type { SweepSpec } from "./spec.ts";

/** What is to be written. */
export interface Addition {
  /** The sweep as it is, without plans where it is new. */
  readonly before: Sweep;
  /** The plan, laid out. */
  readonly blocks: readonly Block[];
  /** What all its points start from. */
  readonly config: SweepSpec["config"];
  /** Leave out what cannot be trained. */
  readonly skipImpossible: boolean;
  /** The words by which it was planned. */
  readonly command: readonly string[];
}

/**
 * Adds runs to a sweep's folder, all of them or none.
 *
 * @param folder The folder.
 * @param addition What is added.
 * @param gathering What it takes in of the runs.
 * @returns The sweep as it is then.
 * @throws {ConfigError} if some runs are impossible.
 * @throws {UsageError} if another process planned there meanwhile.
 */
export async function addRuns(
  folder: string,
  addition: Addition,
  gathering: Gathering,
): Promise<Sweep> {
  const { before, skipImpossible } = addition;
  const isNew = before.plans.length === 0;
  let failure: unknown;
  async function* lines() {
    try {
      yield* linesOf(isNew ? undefined : folder, addition, gathering);
    } catch (error) {
      // Said as it is, not as what was wrong with writing.
      failure = error;
    }
  }
  const asides: Aside[] = [];
  const aside = async (name: string, contents: Contents) => {
    asides.push(await writeAside(join(folder, name), contents));
  };
  try {
    await aside(SWEEP.plan, lines());
    if (failure !== undefined) throw failure;
    checkPossible(gathering, skipImpossible);
    const sweep = sweepWith(addition, gathering);
    if (gathering.added > 0 || sweep.axes.length > before.axes.length) {
      await aside(SWEEP.sweep, sweepText(sweep));
      await checkUntouched(folder, isNew ? undefined : before);
      for (const each of asides) await each.place();
      return sweep;
    }
    for (const each of asides) await each.drop();
    return before;
  } catch (error) {
    for (const each of asides) await each.drop();
    throw error;
  }
}

async function* linesOf(
  folder: string | undefined,
  { before, blocks, config = {}, skipImpossible }: Addition,
  gathering: Gathering,
): AsyncGenerator<string, void, void> {
  if (folder !== undefined) {
    for await (const run of planLines(folder)) {
      gathering.know(run);
      yield planLine(run);
    }
  }
  for (const run of gathering.fresh(blocks, config, before.place)) {
    // What will not be there need not be written.
    if (gathering.impossible > 0 && !skipImpossible) continue;
    yield planLine(run);
  }
}

function sweepWith(
  { before, blocks, command }: Addition,
  { ids, added }: Gathering,
): Sweep {
  const axes = new Set([
    ...before.axes,
    ...blocks.flatMap((block) => block.axes),
    ...(blocks.some(({ seeds }) => seeds) ? ["seed"] : []),
  ]);
  const at = new Date().toISOString();
  const made = { at, command, points: ids.size, new: added };
  return { ...before, axes: [...axes], plans: [...before.plans, made] };
}

function checkPossible(gathering: Gathering, skip: boolean): void {
  const { impossible, all, reasons } = gathering;
  if (impossible === 0) return;
  if (!skip) {
    throw new ConfigError(
      `Cannot train ${impossible} of the ${all} planned runs, so none was ` +
        `planned; --skip-impossible leaves them out: ${reasons}`,
    );
  }
  if (impossible < all) return;
  throw new ConfigError(`Cannot train any of the ${all} runs: ${reasons}`);
}

// Who planned in the same folder meanwhile is not written over.
async function checkUntouched(
  folder: string,
  before: Sweep | undefined,
): Promise<void> {
  const now = await findSweep(folder);
  if (JSON.stringify(now) === JSON.stringify(before)) return;
  throw new UsageError(
    `Cannot plan a sweep in ${folder}: another process has just planned ` +
      "there; plan again",
  );
}
