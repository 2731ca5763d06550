/**
 * Entry point `@groklab/groklab/formats`: the file formats of other tools.
 *
 * @module
 */

export {
  type Cell,
  cellOf,
  type Column,
  columnsOf,
  type ColumnType,
  type Row,
} from "./columns.ts";
export {
  TABLE_FORMATS,
  type TableFormat,
  tableFormat,
  type TableOptions,
  writeTable,
} from "./tables.ts";
