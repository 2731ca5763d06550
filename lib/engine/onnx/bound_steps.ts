/**
 * Steps in a device's own memory: the state stays there from call to call, and
 * many steps, recorded once, are one thing to launch. Nothing is asked of the
 * device in between: losses and metrics are put aside there and read when a call
 * ends. Whatever is launched begins and ends at the same place for a state.
 *
 * @module
 */

import type { HostState } from "../../../models/buffers.ts";
import type { Metrics } from "../../metrics/mod.ts";
import { encodeModel } from "../../onnx/file/model.ts";
import { BoundSession } from "../../onnx/native/bound_session.ts";
import type { Place, Recorded } from "../../onnx/native/place.ts";
import type { SessionOptions } from "../../onnx/runtime/options.ts";
import type { Graph } from "../../trace/graph.ts";
import type { Advance } from "../engine.ts";
import type { Stepper } from "../stepped_band.ts";
import { stepModel } from "./step_graph.ts";
import { DOUBLE, MOST, StepMemory } from "./step_memory.ts";

/** How many plain steps are launched together, the most first. */
const TOGETHER = [16, 4, 1];

/** Steps that are launched together. */
interface Piece {
  readonly steps: number;
  /** Whether the first of them is evaluated; no other is. */
  readonly measured: boolean;
}

/** Runs steps of one run, or of several stacked, by what was recorded of them. */
export class BoundSteps implements Stepper {
  readonly #place: Place;
  readonly #opened: DisposableStack;
  readonly #memory: StepMemory;
  readonly #runs: number;
  readonly #plain: BoundSession;
  readonly #measured: BoundSession;
  // What runs the i-th of some steps.
  readonly #bound = new Map<string, () => void>();
  readonly #recorded = new Map<string, Recorded>();
  // Where losses and metrics of a call are put aside, of so many steps.
  #aside = { steps: 0, losses: 0n, metrics: 0n };
  // Whose state lies in the device's memory, and after how many steps.
  #there:
    | { readonly states: readonly HostState[]; readonly step: number }
    | undefined;

  /**
   * Prepares the steps.
   *
   * @param step The traced step.
   * @param runs How many runs are stacked in it; 1 for a single one.
   * @param place Where it runs; closed with this, and where this fails.
   * @param options Threads, folding.
   * @throws {Error} if ONNX Runtime refuses the step, or the device is not there.
   */
  constructor(
    step: Graph,
    runs: number,
    place: Place,
    options: SessionOptions = {},
  ) {
    using opening = new DisposableStack();
    opening.defer(() => place.close());
    this.#place = place;
    this.#runs = runs;
    this.#memory = new StepMemory(step, runs, place);
    const open = (measured: boolean) => {
      const model = encodeModel(stepModel(step, measured));
      return opening.use(new BoundSession(model, place, options));
    };
    this.#plain = open(false);
    this.#measured = this.#memory.names.length > 0 ? open(true) : this.#plain;
    this.#opened = opening.move();
  }

  /**
   * As {@link Stepper.run}.
   *
   * @throws {Error} if steps cannot be recorded, or the recorded ones do something
   * else than the steps.
   */
  async run(
    from: readonly HostState[],
    first: number,
    count: number,
    every: number,
  ): ReturnType<Stepper["run"]> {
    const memory = this.#memory;
    const pieces = plan(first, count, every);
    for (const piece of pieces) {
      if (this.#recorded.has(nameOf(piece))) continue;
      this.#there = undefined;
      await this.#record(piece, from, first);
    }
    if (this.#there?.states !== from || this.#there.step !== first) {
      memory.put(from, first);
    }
    // Where something fails, what lies there is no state of anyone's.
    this.#there = undefined;
    this.#makeRoom(count);
    const evaluated: number[] = [];
    let done = 0;
    for (const piece of pieces) {
      this.#recorded.get(nameOf(piece))!.launch();
      this.#putAside(piece, done, evaluated.length);
      if (piece.measured) evaluated.push(first + done);
      done += piece.steps;
    }
    const turns = await this.#turns(count, evaluated);
    const states = await memory.states();
    this.#there = { states, step: first + count };
    return { turns, states };
  }

  close(): Promise<void> {
    this.#opened.dispose();
    return Promise.resolve();
  }

  // Records steps, and holds what was recorded to the same steps unrecorded, bit by
  // bit; twice, since what may not be read again need not have changed at once.
  async #record(
    piece: Piece,
    from: readonly HostState[],
    first: number,
  ): Promise<void> {
    const memory = this.#memory;
    const runs = Array.from(
      { length: piece.steps },
      (_, i) => this.#step(i, piece.measured && i === 0),
    );
    const work = () => {
      for (const run of runs) run();
      if (piece.steps % 2 === 1) memory.back();
    };
    const outcome = async (work: () => void) => {
      memory.put(from, first);
      work();
      return await memory.contents();
    };
    memory.put(from, first);
    const recorded = this.#place.record(work);
    const wanted = await outcome(work);
    for (let time = 0; time < 2; time++) {
      const made = await outcome(() => recorded.launch());
      if (areEqual(made, wanted)) continue;
      throw new Error(
        "Cannot use recorded steps: they do not do what the steps do",
      );
    }
    this.#recorded.set(nameOf(piece), recorded);
  }

  #step(i: number, measured: boolean): () => void {
    const name = `${i} ${measured}`;
    const known = this.#bound.get(name);
    if (known) return known;
    const session = measured ? this.#measured : this.#plain;
    const bound = session.bind(...this.#memory.tensors(i, measured));
    this.#bound.set(name, bound);
    return bound;
  }

  #makeRoom(steps: number): void {
    if (steps <= this.#aside.steps) return;
    const { rows } = this.#memory;
    const room = 2 ** Math.ceil(Math.log2(steps));
    this.#aside = {
      steps: room,
      losses: this.#place.allocate(rows.losses * room),
      metrics: this.#place.allocate(rows.metrics * room),
    };
  }

  #putAside({ steps, measured }: Piece, done: number, rowsDone: number): void {
    const { rows, losses, metrics } = this.#memory;
    this.#place.copy(
      this.#aside.losses + BigInt(rows.losses * done),
      losses,
      rows.losses * steps,
    );
    if (!measured || rows.metrics === 0) return;
    const to = this.#aside.metrics + BigInt(rows.metrics * rowsDone);
    this.#place.copy(to, metrics, rows.metrics);
  }

  async #turns(
    count: number,
    evaluated: readonly number[],
  ): Promise<Advance[]> {
    const { rows, names } = this.#memory;
    const runs = this.#runs;
    const read = async (from: bigint, bytes: number) =>
      new Float64Array((await this.#place.read(from, bytes)).buffer);
    const losses = await read(this.#aside.losses, rows.losses * count);
    const metrics = await read(
      this.#aside.metrics,
      rows.metrics * evaluated.length,
    );
    const perRow = rows.metrics / DOUBLE;
    return Array.from({ length: runs }, (_, r) => ({
      losses: Array.from({ length: count }, (_, i) => losses[i * runs + r]!),
      evaluations: evaluated.map((step, i) => ({
        step,
        metrics: Object.fromEntries(
          names.map((name, m) => [name, metrics[i * perRow + m * runs + r]!]),
        ) as Metrics,
      })),
    }));
  }
}

/**
 * What to launch one after the other: where evaluations are close, all from one to
 * the next together.
 *
 * @param first The number of the first step.
 * @param count How many steps.
 * @param every Steps are evaluated whose number is a multiple.
 */
export function plan(first: number, count: number, every: number): Piece[] {
  const pieces: Piece[] = [];
  for (let done = 0; done < count;) {
    const left = count - done;
    const untilDue = every - (first + done) % every;
    const measured = untilDue === every;
    const steps = !measured
      ? TOGETHER.find((steps) => steps <= Math.min(untilDue, left))!
      : every <= Math.min(MOST, left)
      ? every
      : 1;
    pieces.push({ steps, measured });
    done += steps;
  }
  return pieces;
}

const nameOf = ({ steps, measured }: Piece) => `${steps} ${measured}`;

const areEqual = (
  some: readonly Uint8Array[],
  others: readonly Uint8Array[],
) => some.every((bytes, i) => bytes.every((byte, j) => byte === others[i]![j]));
