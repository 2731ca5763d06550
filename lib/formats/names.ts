/**
 * What the formats are called; also the ends of files' names.
 *
 * @module
 */

/** The formats that checkpoints are written in: the graph, or tensors alone. */
export const CHECKPOINT_FORMATS = ["onnx", "safetensors", "npz"] as const;

/** A format that checkpoints are written in. */
export type CheckpointFormat = typeof CHECKPOINT_FORMATS[number];

/** The formats that tables are written in. */
export const TABLE_FORMATS = ["csv", "jsonl", "parquet"] as const;

/** A format that tables are written in. */
export type TableFormat = typeof TABLE_FORMATS[number];

/** Whose names tensors have. */
export const TENSOR_NAMES = ["groklab", "transformer-lens"] as const;

/** Whose names tensors have: groklab's, or TransformerLens's. */
export type TensorNames = typeof TENSOR_NAMES[number];
