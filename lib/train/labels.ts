/**
 * What new runs are called in lists.
 *
 * @module
 */

import {
  checkName,
  checkTags,
  type Labels,
  NO_LABELS,
} from "../store/labels.ts";
import type { Folders } from "./folders.ts";
import type { TrainOptions } from "./options.ts";

/**
 * The labels of new runs, each checked before anything is made.
 *
 * @param options What the training was told.
 * @param folders Where the runs are to lie; undefined for new folders in `runs/`.
 * @param count How many there are.
 * @param band Whether they are replicas, whose names end in their numbers.
 * @throws {UsageError} if a name or a tag can be none, or another run has the name.
 */
export async function labelsOfNew(
  { name, tags = [] }: TrainOptions,
  folders: Folders | undefined,
  count: number,
  band: boolean,
): Promise<Labels[]> {
  checkTags(tags);
  const names = Array.from(
    { length: count },
    (_, r) => name === undefined ? null : band ? `${name}-${r}` : name,
  );
  for (const each of names) if (each !== null) checkName(each);
  if (name !== undefined) {
    // Who names nothing waits for no list of runs.
    const { checkNamesFree, runsAround } = await import("../store/find.ts");
    const around = folders ? runsAround(folders.root) : "runs";
    await checkNamesFree(
      names.filter((each) => each !== null),
      around,
      folders?.runs,
    );
  }
  return names.map((name) => ({ ...NO_LABELS, name, tags }));
}
