/**
 * Entry point `@groklab/groklab/data`: datasets, the tasks that make them, their
 * seeded split, and random streams.
 *
 * @module
 */

export {
  type Dataset,
  datasetOfParts,
  type Examples,
  type InputSource,
  type Split,
  split,
  trainSize,
} from "./dataset.ts";
export {
  defineTask,
  type Form,
  type Input,
  type TaskDefinition,
} from "./definition.ts";
export { longTail, withClassCounts } from "./class_counts.ts";
export { withLabelNoise } from "./label_noise.ts";
export type { SequenceSettings } from "./sequence.ts";
export {
  comparison,
  type ComparisonOptions,
  type ComparisonSettings,
} from "./tasks/comparison.ts";
export {
  composition,
  type CompositionOptions,
  type CompositionSettings,
} from "./tasks/composition.ts";
export {
  binaryCodes,
  bitsFor,
  encodePairs,
  type EncodingName,
  encodingNames,
} from "./tasks/encoding.ts";
export { type IdxArray, parseIdx } from "./tasks/idx.ts";
export type { KnowledgeOptions, KnowledgeSettings } from "./tasks/knowledge.ts";
export { mnist, type MnistOptions, type MnistSettings } from "./tasks/mnist.ts";
export {
  isPrime,
  modular,
  type ModularSettings,
  modulus,
  type OperationName,
  operations,
  type OperationTask,
  type ResidueName,
} from "./tasks/modular.ts";
export {
  parity,
  type ParityOptions,
  type ParitySettings,
} from "./tasks/parity.ts";
export type { RowsSettings } from "./tasks/rows.ts";
export {
  opposingSignals,
  type OpposingSignalsOptions,
  type OpposingSignalsSettings,
} from "./tasks/regression/opposing_signals.ts";
export {
  orthogonalFeatures,
  type OrthogonalFeaturesOptions,
  type OrthogonalFeaturesSettings,
} from "./tasks/regression/orthogonal_features.ts";
export {
  lossThreshold,
  regressionRows,
  type RegressionSettings,
} from "./tasks/regression/settings.ts";
export {
  doubleMnist,
  type DoubleMnistOptions,
  type DoubleMnistSettings,
} from "./tasks/double_mnist.ts";
export type { SpuriousOptions, SpuriousSettings } from "./tasks/spurious.ts";
export {
  spuriousParity,
  type SpuriousParityOptions,
  type SpuriousParitySettings,
} from "./tasks/spurious_parity.ts";
export {
  permutation,
  type RandomKey,
  randomKey,
  type RandomStream,
  sample,
} from "../numeric/random.ts";
export { tasks } from "./registry.ts";
