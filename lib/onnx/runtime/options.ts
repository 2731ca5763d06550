/**
 * What sessions and models are told, checked.
 *
 * @module
 */

import { type Checks, flag, oneOf, text, whole } from "../../base/options.ts";
import type { ProbeModelOptions } from "../inspect/graph_runs.ts";
import type { SessionOptions } from "./session.ts";

/** The options of a session. */
export const SESSION: Checks<SessionOptions> = {
  runtime: oneOf(["node", "web"]),
  device: oneOf(["cpu", "cuda", "webgpu"]),
  deviceId: whole(0),
  wholly: flag,
  threads: whole(0),
  spin: flag,
  optimization: oneOf(["disabled", "basic", "extended", "all"]),
  folding: flag,
  profile: text,
};

/** The options of a model opened for probing. */
export const PROBE_MODEL: Checks<ProbeModelOptions> = {
  ...SESSION,
  rowsAtOnce: whole(1),
};
