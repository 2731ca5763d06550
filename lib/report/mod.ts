/**
 * Entry point `@groklab/groklab/report`: runs as one page, as charts in files, as
 * charts of a notebook.
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
export {
  type ReportFormat,
  reportFormats,
  type ReportOptions,
  type ServeOptions,
  type WriteOptions,
} from "./options.ts";
export type { Verdict } from "./page/page.ts";
export { makeReport, type Report } from "./report.ts";
export type { Group, ReportRun } from "./runs.ts";
export { serveReport } from "./serve.ts";
export { writeReport, type Written } from "./write.ts";
