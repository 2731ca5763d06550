/**
 * What reports are told, checked.
 *
 * @module
 */

import { SESSION } from "../onnx/runtime/options.ts";
import {
  callback,
  type Checks,
  flag,
  signal,
  someOf,
  text,
  whole,
} from "../base/options.ts";
import { probeNames } from "../probes/catalogue.ts";
import type { ReportOptions } from "./report.ts";
import type { ServeOptions } from "./serve.ts";
import type { WriteOptions } from "./write.ts";

/** The options of a report. */
export const REPORT: Checks<ReportOptions> = {
  ...SESSION,
  probes: someOf(probeNames),
  onStage: callback,
};

/** The options of one that is written. */
export const WRITE: Checks<WriteOptions> = {
  ...REPORT,
  formats: someOf(["html", "svg", "png"]),
  out: text,
  singleFile: flag,
  overwrite: flag,
};

/** The options of one that is served. */
export const SERVE: Checks<ServeOptions> = {
  ...REPORT,
  port: whole(0),
  signal,
  onListen: callback,
};
