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
  CHECKPOINT_FORMATS,
  type CheckpointFormat,
  TABLE_FORMATS,
  type TableFormat,
  TENSOR_NAMES,
  type TensorNames,
} from "./names.ts";
export { encodeNpy, encodeNpz } from "./npz.ts";
export { encodeSafetensors } from "./safetensors.ts";
export { tableFormat, type TableOptions, writeTable } from "./tables.ts";
