/**
 * What reports are told, checked.
 *
 * @module
 */

import {
  callback,
  type Checks,
  flag,
  signal,
  someOf,
  text,
  whole,
} from "../base/options.ts";
import { SESSION, type SessionOptions } from "../onnx/runtime/options.ts";
import { type ProbeName, probeNames } from "../probes/catalogue.ts";

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

/** How to make a report. */
export interface ReportOptions extends SessionOptions {
  /** Which probes have a word; by default all that apply and are not costly. */
  readonly probes?: readonly ProbeName[];
  /** Called with what is being done. */
  readonly onStage?: (what: string) => void;
}

/** How to serve. */
export interface ServeOptions extends ReportOptions {
  /** Where to listen; 0 takes any port that is free. */
  readonly port: number;
  /** Ends the server. */
  readonly signal?: AbortSignal;
  /** Called once it listens. */
  readonly onListen?: (url: string) => void;
}

/** What a report can be written as. */
export const reportFormats = ["html", "svg", "png"] as const;

/** What a report is written as. */
export type ReportFormat = (typeof reportFormats)[number];

/** How to write a report. */
export interface WriteOptions extends ReportOptions {
  /** By default one page. */
  readonly formats?: readonly ReportFormat[];
  /** The page, or the folder of charts; by default in the run's folder. */
  readonly out?: string;
  /** The runtime as part of the page (default), or in a file beside it. */
  readonly singleFile?: boolean;
  /** Replace what is there. */
  readonly overwrite?: boolean;
}
