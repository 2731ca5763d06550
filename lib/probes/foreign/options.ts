import {
  anything,
  type Checks,
  list,
  oneOf,
  text,
  whole,
} from "../../base/options.ts";
import { type OperationName, operations } from "../../data/tasks/modular.ts";
import type { LossName } from "../../losses/mod.ts";
import type { ForeignSplit } from "./split/read_split.ts";

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

/** What is told of a file that does not say it itself. */
export interface ForeignOptions {
  /** p, of an operation modulo p. */
  readonly modulus?: number;
  /** Which operation; by default addition. */
  readonly operation?: OperationName;
  /**
   * Names of weights and activations: `W_E=embedding.weight,W_U=head.weight:T`; or
   * `auto`, to have them proposed by shape and place in the graph.
   */
  readonly map?: string;
  /**
   * What a row is: `a`, `b`, `=` (the token p) and numbers of other tokens, with
   * commas between. By default `a,b`, of a model that reads three tokens `a,b,=`.
   */
  readonly tokens?: string;
  /**
   * What inputs get, `NAME=what` for each: `tokens` or `onehot`, with `:0`, `:1`, …
   * for one token alone; `a`, `b`; `positions`; or a number.
   */
  readonly input?: readonly string[];
  /** The value that has the logits; by default the output of their shape. */
  readonly output?: string;
  /**
   * The rows that it was trained on, and those to test: `split.json` of a run, or
   * CSV; {@link readSplitFile} has the forms. Without a modulus these are all there
   * is.
   */
  readonly split?: string | ForeignSplit;
  /** What it was trained with, with its defaults. */
  readonly loss?: LossName;
}
