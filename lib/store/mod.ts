/**
 * Entry point `@groklab/groklab/store`: the runs of a folder, listed, found, named,
 * compared and removed.
 *
 * @module
 */

export {
  compareRuns,
  describeRun,
  type RunComparison,
  type RunDescription,
} from "./compare.ts";
export { findRun } from "./find.ts";
export { type Labels, labelsOf } from "./labels.ts";
export { nameRun, noteRun, tagRun } from "./labelling.ts";
export { type ListedRun, type ListOptions, listRuns } from "./list.ts";
export type { RunState } from "./record.ts";
export {
  emptyTrash,
  restoreRun,
  type Trashed,
  trashOf,
  trashRun,
} from "./trash.ts";
export type { Manifest } from "../runs/manifest.ts";
