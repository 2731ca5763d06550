/**
 * What probing is told, checked.
 *
 * @module
 */

import { operations } from "../../data/tasks/modular.ts";
import { PROBE_MODEL } from "../../onnx/runtime/options.ts";
import {
  anything,
  callback,
  type Checks,
  flag,
  list,
  oneOf,
  text,
  whole,
} from "../../base/options.ts";
import type { ForeignOptions } from "../foreign/foreign.ts";
import type { ProbeOptions } from "./probing.ts";
import type { RunOptions } from "../context/run_context.ts";

/** What is told of another tool's file; what it means is looked at later. */
export const FOREIGN: Checks<ForeignOptions> = {
  modulus: whole(1),
  operation: oneOf(Object.keys(operations)),
  map: text,
  tokens: text,
  input: list,
  output: text,
  split: anything,
  loss: text,
};

/** The options of a run that is looked at, or of a folder of another tool's. */
export const FOREIGN_RUN: Checks<RunOptions & ForeignOptions> = {
  ...PROBE_MODEL,
  ...FOREIGN,
  onProgress: callback,
};

/** The options of probing. */
export const PROBE: Checks<ProbeOptions> = {
  ...FOREIGN_RUN,
  settings: anything,
  jobs: whole(1),
  lenient: flag,
};
