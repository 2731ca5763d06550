/**
 * Reports: runs as one page, as charts in files, as charts of a notebook.
 *
 * @module
 */

export type {
  Axis,
  Chart,
  Panel,
  Point,
  Published,
  Series,
} from "../charts/chart.ts";
export type { Cell, ReportFigure, Table } from "./figures/figure.ts";
export { Shown, shown } from "./notebook.ts";
export type { Verdict } from "./page/page.ts";
export { makeReport, type Report, type ReportOptions } from "./report.ts";
export type { Group, ReportRun } from "./runs.ts";
export { type ServeOptions, serveReport } from "./serve.ts";
export {
  type ReportFormat,
  reportFormats,
  type WriteOptions,
  writeReport,
  type Written,
} from "./write.ts";
