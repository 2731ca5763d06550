/**
 * What a page hands to its live part.
 *
 * @module
 */

/** Rows of a weight that are functions on a cyclic group. */
export interface CyclicRows {
  /** How many rows the weight has. */
  readonly rows: number;
  /** How many blocks of rows stand below each other, one for each operand. */
  readonly parts: number;
  /** How many rows a block has: p. */
  readonly stride: number;
  /** The row of each element in a block, in the order of the group's indices. */
  readonly elements: readonly number[];
}

/** Units of one kind that can be switched off by their number. */
export interface Switches {
  /** Its name in the page: `live.mask.layers.0.hook_post`, `live.filter`. */
  readonly input: string;
  /** Neurons and heads are masked, frequencies filtered out of the embedding. */
  readonly unit: "neuron" | "head" | "frequency";
  /** The activation or weight that they belong to. */
  readonly of: string;
  /** The first number. */
  readonly from: number;
  /** How many there are. */
  readonly size: number;
  /** Some that are worth a button: key frequencies, all heads. */
  readonly suggested: readonly number[];
  /** Frequencies: which rows of the weight are functions on a cyclic group. */
  readonly filter?: CyclicRows;
}

/** One place of an input row. */
export interface InputPosition {
  /** What a reader calls it: `a`, `b`, `bit 7`. */
  readonly label: string;
  /** The least and largest value; both the same where there is no choice. */
  readonly range: readonly [number, number];
}

/** The network, its rows, and what can be turned. */
export interface LiveData {
  /** The model's input, and the type of its numbers. */
  readonly input: {
    readonly name: string;
    readonly dtype: "int64" | "float32";
  };
  /** The type of the weights, of the logits, and of what turns them. */
  readonly precision: "float32" | "float64";
  /** Places of a row. */
  readonly places: readonly InputPosition[];
  /** How many classes there are. */
  readonly classes: number;
  /** What the loss that was trained on divides logits by. */
  readonly temperature: number;
  /** How many rows the page has, in an order drawn at random. */
  readonly rows: number;
  /** How many of them are run to count accuracy and collapse: the first ones. */
  readonly counted: number;
  /** What can be switched off. */
  readonly switches: readonly Switches[];
}
