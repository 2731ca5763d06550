/**
 * How many runs go side by side.
 *
 * @module
 */

/**
 * How many runs go side by side where nobody says it: one for each core, or for
 * each that many. The bytes of a run depend on its threads, so more cores mean more
 * runs.
 *
 * @param threads Of each run.
 * @param most How many at most: each keeps its graph and its activations.
 */
export function usualJobs(threads: number, most = Infinity): number {
  const cores = navigator.hardwareConcurrency;
  return Math.max(1, Math.min(Math.floor(cores / threads), most));
}
