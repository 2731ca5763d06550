/**
 * Publishing what an entry's runs came to.
 *
 * @module
 */

import { basename, dirname, join, relative, resolve } from "node:path";
import { UsageError } from "../base/errors.ts";
import { writeWhole } from "../base/files.ts";
import type { Entry } from "./entry.ts";
import { pageText } from "./page.ts";
import { FILES, readResult, writeResult } from "./result.ts";
import { foundIn } from "./seeds.ts";
import { listed, PUBLISHED } from "./table.ts";
import { SEEDS } from "./task.ts";
import type { Timing } from "./timing.ts";

/**
 * Writes what the runs of an entry came to beside its recipe, which lies in the folder
 * of published ones; the page is {@link publishPage}'s.
 *
 * @param entry The entry.
 * @param path Its recipe's file.
 * @param runs The folder of its runs, which are only read.
 * @param timing What a step takes; if left out, what was published of the same settings.
 * @param published Where published recipes lie.
 * @throws {UsageError} if the recipe lies elsewhere, no run of it is there, or more are
 * published already.
 */
export async function publishEntry(
  entry: Entry,
  path: string,
  runs: string,
  timing: Timing | undefined,
  published: string = PUBLISHED,
): Promise<void> {
  const { recipe: { name }, config } = entry;
  const folder = dirname(resolve(path));
  const place = join(published, name, FILES.recipe);
  if (relative(resolve(path), resolve(place)) !== "") {
    throw new UsageError(
      `Cannot publish the recipe ${path}: it must be ${place}`,
    );
  }
  const { outcomes, diverged, made } = await foundIn(entry, runs, SEEDS);
  if (outcomes.length === 0) {
    throw new UsageError(
      `Cannot publish the recipe ${path}: ${runs} has no run of it that has ended`,
    );
  }
  const before = await readResult(folder);
  const same = JSON.stringify(before?.config) === JSON.stringify(config);
  const there = same ? before!.outcomes.length : 0;
  if (there > outcomes.length) {
    throw new UsageError(
      `Cannot publish the recipe ${path}: ${runs} has ${outcomes.length} seeds ` +
        `that have ended, and ${there} are published`,
    );
  }
  await writeResult(folder, {
    config,
    outcomes,
    diverged,
    made,
    timing: timing ?? (same ? before?.timing : undefined) ?? null,
  });
}

/**
 * Writes the page of all published entries.
 *
 * @param published Where published recipes lie; the page lies beside that folder.
 * @returns The page's file.
 * @throws {UsageError} if nothing is published there, as in an installed groklab.
 */
export async function publishPage(
  published: string = PUBLISHED,
): Promise<string> {
  const entries = await listed(published);
  if (entries.length === 0) {
    throw new UsageError(
      `Cannot publish the records: ${published} holds no recipe; they are ` +
        "published in a clone",
    );
  }
  const folder = resolve(published);
  const page = join(dirname(folder), `${basename(folder)}.md`);
  await writeWhole(page, pageText(entries));
  return page;
}
