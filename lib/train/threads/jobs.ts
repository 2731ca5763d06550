/**
 * How many runs go side by side.
 *
 * @module
 */

// Each keeps its graph and its activations.
const MOST = 8;

/**
 * How many runs go side by side where nobody says it: one for each core, or for
 * each that many. The bytes of a run depend on its threads, so more cores mean more
 * runs.
 *
 * @param threads Of each run.
 */
export function usualJobs(threads: number): number {
  const cores = navigator.hardwareConcurrency;
  return Math.max(1, Math.min(Math.floor(cores / threads), MOST));
}
