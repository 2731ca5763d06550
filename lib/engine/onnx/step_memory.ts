/**
 * Where the tensors of steps lie in a device's memory.
 *
 * There are two places for a state: a step reads one and writes the other. Losses
 * have a row for each of some steps that are launched together, the metrics of the
 * first of them have one.
 *
 * @module
 */

import type { HostState } from "../../../models/buffers.ts";
import {
  bytesOf,
  type HostTensor,
  sizeOf,
  viewOf,
  widthOf,
} from "../../numeric/tensor.ts";
import type { Bound } from "../../onnx/native/bound_session.ts";
import type { Place } from "../../onnx/native/place.ts";
import type { Graph, Value } from "../../trace/graph.ts";
import { stackStates, unstackStates } from "../stacking.ts";
import { metricNamesOf, STEP } from "./loop_parts.ts";
import { next, stepInputs } from "./step_graph.ts";

/** How many steps may be launched together. */
export const MOST = 64;

/** The length of a number of the losses and metrics. */
export const DOUBLE = 8;

// As CUDA lays what it is asked for.
const ALIGNMENT = 256;

// A tensor of the state in its block.
interface Slot extends Pick<Value, "dtype" | "shape"> {
  readonly name: string;
  readonly offset: number;
  readonly bytes: number;
}

/** The memory of the steps of one run, or of several stacked. */
export class StepMemory {
  /** Losses [{@link MOST}, runs], of what was launched last. */
  readonly losses: bigint;
  /** Metrics [names, runs], of what was evaluated last. */
  readonly metrics: bigint;
  /** The metrics, in the order of their rows. */
  readonly names: readonly string[];
  /** How many bytes a row of the losses has, and of the metrics. */
  readonly rows: { readonly losses: number; readonly metrics: number };
  readonly #place: Place;
  readonly #runs: number;
  readonly #slots: readonly Slot[];
  readonly #bytes: number;
  readonly #state: readonly [bigint, bigint];

  /**
   * Takes the memory.
   *
   * @param step The traced step.
   * @param runs How many runs are stacked in it; 1 for a single one.
   * @param place Where; what is taken is given back when that is closed.
   */
  constructor(step: Graph, runs: number, place: Place) {
    this.#place = place;
    this.#runs = runs;
    this.names = metricNamesOf(step);
    const row = DOUBLE * runs;
    this.rows = { losses: row, metrics: row * this.names.length };
    this.#slots = laidOut(stepInputs(step));
    const { offset, bytes } = this.#slots.at(-1)!;
    this.#bytes = offset + bytes;
    this.#state = [place.allocate(this.#bytes), place.allocate(this.#bytes)];
    this.losses = place.allocate(row * MOST);
    this.metrics = place.allocate(this.rows.metrics);
  }

  /** Puts a state and its step's number where the first step reads it. */
  put(states: readonly HostState[], step: number): void {
    const [state] = stackStates(states, [this.#runs]);
    const block = new Uint8Array(this.#bytes);
    for (const { name, offset } of this.#slots) {
      const data = name === STEP
        ? BigInt64Array.of(BigInt(step))
        : state![name]!.data;
      block.set(bytesOf(data), offset);
    }
    this.#place.write(this.#state[0], block);
  }

  /** Begins to copy the state there from where an odd number of steps left it. */
  back(): void {
    this.#place.copy(this.#state[0], this.#state[1], this.#bytes);
  }

  /** The state that lies there. */
  async states(): Promise<readonly HostState[]> {
    const block = await this.#place.read(this.#state[0], this.#bytes);
    const tensors = this.#slots.filter(({ name }) => name !== STEP)
      .map(({ name, dtype, shape, offset, bytes }): [string, HostTensor] => {
        const data = viewOf(dtype, block.subarray(offset, offset + bytes));
        return [name, { dtype, shape, data }];
      });
    return unstackStates([Object.fromEntries(tensors)], [this.#runs]);
  }

  /** All that lies there, with losses and metrics, as bytes. */
  async contents(): Promise<readonly Uint8Array<ArrayBuffer>[]> {
    const read = (from: bigint, bytes: number) => this.#place.read(from, bytes);
    return [
      await read(this.#state[0], this.#bytes),
      await read(this.losses, this.rows.losses * MOST),
      await read(this.metrics, this.rows.metrics),
    ];
  }

  /** What the i-th of some steps reads and writes, if it is evaluated metrics too. */
  tensors(i: number, measured: boolean): readonly [Bound[], Bound[]] {
    const [from, to] = [this.#state[i % 2]!, this.#state[(i + 1) % 2]!];
    const row = (name: string, block: bigint, i: number): Bound => ({
      name,
      dtype: "float64",
      shape: this.#runs === 1 ? [] : [this.#runs],
      address: block + BigInt(this.rows.losses * i),
    });
    const slots = this.#slots.map((slot) => ({
      ...slot,
      address: from + BigInt(slot.offset),
    }));
    const made = this.#slots.map((slot) => ({
      ...slot,
      name: next(slot.name),
      address: to + BigInt(slot.offset),
    }));
    const metrics = measured ? this.names : [];
    return [slots, [
      ...made,
      row("loss", this.losses, i),
      ...metrics.map((name, m) => row(`metrics.${name}`, this.metrics, m)),
    ]];
  }
}

function laidOut(values: readonly Value[]): Slot[] {
  let end = 0;
  return values.map(({ name, dtype, shape }) => {
    const bytes = sizeOf(shape) * widthOf(dtype);
    const offset = end;
    end += Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
    return { name: name!, dtype, shape, offset, bytes };
  });
}
