/**
 * Training: a run, replicas, going on with either.
 *
 * @module
 */

export * from "./band/band.ts";
export * from "./band/replicas.ts";
export { startFrom, type StartOptions } from "./from_checkpoint.ts";
export * from "./train.ts";
export * from "./unfinished.ts";
export { BackendError } from "../devices/tfjs/backend.ts";
export type { BackendName } from "../settings/devices.ts";
export { type Spread, spreadOf } from "../numeric/statistics.ts";
