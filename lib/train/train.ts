/**
 * Training a network into a run folder.
 *
 * @module
 */

import { type ConfigInput, resolveConfig } from "../config/config.ts";
import type { TrainResult } from "../runs/result.ts";
import {
  type ExtendedInput,
  type ExtendedOptions,
  prepare,
  type TrainOptions,
} from "./options.ts";
import { trainRuns } from "./training.ts";

/**
 * Trains a network and writes the run: metrics at every evaluation, checkpoints
 * as ONNX files.
 *
 * @param input Any part of a config; the rest are the defaults.
 * @param options Folder, signal, callbacks.
 * @returns How it ended.
 * @throws {ConfigError} if the config is not valid; nothing is written then.
 * @throws {SyntaxError} if a file of the task's data is not what it should be;
 * nothing is written then.
 * @throws {UsageError} if an option is unknown, an extension cannot be added, the training cannot fit into
 * memory, the folder is taken, the run in it is another or being trained, the checkpoint to start from has another architecture, or the
 * engine's backend is not usable here; nothing is written then.
 * @throws {DeviceError} if the device cannot be used; nothing is written then.
 * @throws {FileError} if the folder cannot be written, or the checkpoint to
 * start from is not there any more.
 * @throws {DivergedError} if the loss, or a tensor of the weights or of the
 * optimizer's state, is not finite; the checkpoint of the last finite state is
 * written first.
 */
export function train(
  input?: ConfigInput,
  options?: TrainOptions,
): Promise<TrainResult>;
/**
 * The same of a config that names parts of extensions.
 *
 * @param input Any part of a config, keys of the extensions among them.
 * @param options The extensions, and what else trainings are told.
 */
export function train(
  input: ExtendedInput,
  options: ExtendedOptions,
): Promise<TrainResult>;
export async function train(
  input: unknown = {},
  options: TrainOptions = {},
): Promise<TrainResult> {
  prepare("train()", options);
  const [result] = await trainRuns([resolveConfig(input)], options, false);
  return result!;
}
