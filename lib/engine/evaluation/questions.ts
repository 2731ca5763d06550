/**
 * What metrics ask of rows, found by computing them once of nothing, in a trace;
 * and the metrics of rows that have answered.
 *
 * @module
 */

import * as tf from "../../base/tfjs.ts";
import { mean } from "../../losses/mod.ts";
import { fraction } from "../../losses/measures.ts";
import { activationsOf } from "../../metrics/activations.ts";
import {
  makeMeasure,
  type Measured,
  type Named,
  type OfRows,
  type Rows,
} from "../../metrics/mod.ts";
import type { HostTensor } from "../../numeric/tensor.ts";
import type { Params } from "../../optim/mod.ts";
import { trace } from "../../trace/backend.ts";
import { scalar, widen } from "../../trace/precision.ts";
import { specsOf } from "../../onnx/runtime/compile.ts";
import type { Batch, Batches } from "../../../models/batch.ts";
import { buffersOf, withBuffers } from "../../../models/buffers.ts";
import type { Experiment } from "../../experiment/experiment.ts";
import { forwardOf } from "../forward.ts";

/** What metrics ask of an experiment's rows. */
export interface Questions {
  /** Of each set: what each row shall give, and how many flags it is a sum of. */
  readonly rows: Readonly<Record<string, readonly RowQuestion[]>>;
  /** Sums over the train rows, and their names. */
  readonly sums: readonly SumQuestion[];
  /** The greatest over the train rows, and their names. */
  readonly maxima: readonly SumQuestion[];
  /** At how many other parameters the train loss is wanted. */
  readonly losses: number;
  /** Whether rows are trained on as they are evaluated. */
  readonly asEvaluated: boolean;
  /** The metrics, of what was answered. */
  metrics(answers: Answers): Named;
}

/** Something that is wanted of every row. */
export interface RowQuestion {
  /** Of some rows, [m] in double precision where there is any. */
  readonly of: OfRows<tf.Tensor1D>;
  /** Of how many flags a row's number is the sum; none where it is no sum. */
  readonly flags?: number;
}

/** Something that is wanted of all train rows together. */
export interface SumQuestion {
  /** Of the activations of some rows. */
  readonly of: Parameters<Measured["sums"]>[0];
  /** What it gives. */
  readonly names: readonly string[];
}

/** What the rows gave, and what the step did. */
export interface Answers
  extends Pick<Measured, "params" | "gradients" | "updates" | "next"> {
  /** Of each set an answer for each question, [n]. */
  readonly rows: Readonly<Record<string, readonly tf.Tensor1D[]>>;
  /** Of each sum its parts, in the order of their names. */
  readonly sums: readonly (readonly tf.Tensor[])[];
  /** Of each question for the greatest the same. */
  readonly maxima: readonly (readonly tf.Tensor[])[];
  /** The loss of each train row at other parameters, [n]. */
  termsAt(params: Params): tf.Tensor1D;
}

// Long: what the metrics ask while they are traced is noted in the same variables
// from which they are answered later.
/** Asks an experiment's metrics what they need. */
export function questionsOf(
  experiment: Experiment,
  data: Batches<HostTensor>,
): Questions {
  const { model, loss, params, config, definitions } = experiment;
  const { lossPrecision } = config;
  const measure = makeMeasure(experiment);
  const forward = forwardOf(experiment, false);
  const form = definitions.task.form(config);
  const classes = form.regression ? undefined : form.classes;
  const rows: Record<string, RowQuestion[]> = {};
  const sums: SumQuestion[] = [];
  const maxima: SumQuestion[] = [];
  let losses = 0;
  let asEvaluated = config.batchSize === null;

  const terms: OfRows<tf.Tensor1D> = (z, y) => loss.terms(z, y, lossPrecision);
  const asking = (name: string, logits: tf.Tensor2D, y: tf.Tensor1D): Rows => {
    const own: RowQuestion[] = rows[name] = [];
    const byRow: Rows["byRow"] = (f) => {
      own.push({ of: (z, y) => asNumbers(f(z, y)) });
      return f(logits, y);
    };
    const share: Rows["share"] = (f) => {
      const all = f(logits, y);
      own.push({
        of: (z, y) => tf.sum(asNumbers(f(z, y)), 1),
        flags: all.shape[1],
      });
      return fraction(all);
    };
    return { classes, terms: byRow(terms), byRow, share };
  };

  trace((inputs) => {
    const { params, buffers, data: batches } = inputs;
    const state = { params, buffers };
    const asked = (name: string, batch: Batch) =>
      asking(name, forward.logits(state, batch), forward.labelsOf(batch));
    const { train, ...others } = batches;
    const all = Object.fromEntries(
      Object.entries(others).map(([name, batch]) => [name, asked(name, batch)]),
    ) as { test: Rows };
    if (asEvaluated) {
      const used = () => void (asEvaluated = false);
      forward.logits(state, train, {
        mask(_name, _rate, shape) {
          used();
          return tf.fill([...shape], 1);
        },
        update: used,
      });
    }
    const trained = asked("train", train);
    const noting = (questions: SumQuestion[]): Measured["sums"] => (of) => {
      const whole = withBuffers(params, buffers);
      const found = of(activationsOf(model, whole, train.inputs));
      questions.push({ of, names: Object.keys(found) });
      return found;
    };
    measure({
      params,
      gradients: params,
      updates: params,
      next: params,
      train: trained,
      others: all,
      lossAt() {
        losses += 1;
        return mean(trained.terms, lossPrecision);
      },
      sums: noting(sums),
      maxima: noting(maxima),
    });
    return {};
  }, specsOf({ params, buffers: buffersOf(experiment), data }));

  return {
    rows,
    sums,
    maxima,
    losses,
    asEvaluated,
    metrics(answers) {
      const given = Object.fromEntries(
        Object.entries(rows).map(([name, questions]) => [
          name,
          givenRows(classes, questions, answers.rows[name]!),
        ]),
      );
      const { train, ...others } = given as Record<string, Rows>;
      return measure({
        params: answers.params,
        gradients: answers.gradients,
        get updates() {
          return answers.updates;
        },
        get next() {
          return answers.next;
        },
        train: train!,
        others: others as { test: Rows },
        lossAt: (at) => mean(answers.termsAt(at), lossPrecision),
        sums: givenParts(sums, answers.sums),
        maxima: givenParts(maxima, answers.maxima),
      });
    },
  };
}

// Rows that have answered the questions, which are asked again in their order.
function givenRows(
  classes: number | undefined,
  questions: readonly RowQuestion[],
  answers: readonly tf.Tensor1D[],
): Rows {
  let next = 0;
  const byRow: Rows["byRow"] = () => answers[next++]!;
  const share: Rows["share"] = () => {
    const { flags } = questions[next]!;
    const counts = answers[next++]!;
    return tf.div(
      tf.sum(counts),
      scalar(counts.shape[0] * flags!),
    ) as tf.Scalar;
  };
  return { classes, terms: byRow(() => answers[0]!), byRow, share };
}

// What was asked of all rows together, asked again in its order.
function givenParts(
  questions: readonly SumQuestion[],
  answers: readonly (readonly tf.Tensor[])[],
): Measured["sums"] {
  let next = 0;
  return () => {
    const parts = answers[next]!;
    const { names } = questions[next++]!;
    return Object.fromEntries(names.map((name, i) => [name, parts[i]!]));
  };
}

// Flags as 0 and 1, in double precision where there is any.
const asNumbers = <T extends tf.Tensor>(x: T): T =>
  widen(x.dtype === "float32" ? x : tf.cast(x, "float32")) as T;
