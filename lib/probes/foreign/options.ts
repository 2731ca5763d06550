import {
  anything,
  type Checks,
  list,
  oneOf,
  text,
  whole,
} from "../../base/options.ts";
import { type OperationName, operations } from "../../data/tasks/modular.ts";
import type { ToldOptions } from "./introduce_rows.ts";
import type { Ends } from "./understand.ts";

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
export interface ForeignOptions extends Ends, ToldOptions {
  /** p, of an operation modulo p. */
  readonly modulus?: number;
  /** Which operation; by default addition. */
  readonly operation?: OperationName;
  /**
   * Names of weights and activations: `W_E=embedding.weight,W_U=head.weight:T`; or
   * `auto`, to have them proposed by shape and place in the graph.
   */
  readonly map?: string;
}
