/**
 * Where a file's logits are: which of its outputs has them, and which value stands
 * before the softmax that it ends in.
 *
 * @module
 */

import { UsageError } from "../../../base/errors.ts";
import { append } from "../../../base/extremes.ts";
import { nearest } from "../../../base/nearest.ts";
import type { HostTensor } from "../../../numeric/tensor.ts";
import type { ProbeModel } from "../../../onnx/inspect/probe_model.ts";
import { makersOf } from "../../../onnx/reading/nodes.ts";
import { NotApplicableError } from "../../context/not_applicable.ts";
import { checkOwnRows } from "./row_independence.ts";
import {
  before,
  type Kind,
  kindOf,
  sameChoices,
  type Scores,
  scoresOf,
} from "./scores.ts";
import {
  type Chain,
  chainTo,
  classesOf,
  type Labelled,
  SQUASHES,
} from "./scores_graph.ts";

/** The logits of a file. */
export interface Logits {
  /** The value that they are. */
  readonly name: string;
  /** How many classes they have. */
  readonly classes: number;
  /** How they were found, where they are no output of their own. */
  readonly note?: string;
}

/** What a file is asked for its logits with. */
export interface Question {
  /** p: they have so many classes, or more. */
  readonly modulus: number;
  /** Some rows of the task. */
  readonly inputs: Readonly<Record<string, HostTensor>>;
  /** The value that has them; by default the output that has their shape. */
  readonly output?: string;
}

/** Why a value has no logits. */
class NoLogits extends Error {
  override name = "NoLogits";
}

/** An error of ONNX Runtime's when a file is run on rows of the task. */
export class CannotRun extends NotApplicableError {
  override name = "CannotRun";
}

/**
 * Finds a file's logits: by running it on some rows, so that what it declares of
 * shapes does not matter. A value of probabilities, of their logarithms or of labels
 * gives the value that these are made of, if it is that in fact: its softmax has to
 * be theirs on every one of the rows.
 *
 * @param model The file.
 * @param question The task.
 * @throws {UsageError} if it has no value of the name, or nothing that is logits,
 * or several, or logits that are not each row's own.
 * @throws {CannotRun} if ONNX Runtime cannot run it on these rows.
 */
export async function findLogits(
  model: ProbeModel,
  question: Question,
): Promise<Logits> {
  const { output, modulus } = question;
  if (output !== undefined && !model.has(output)) {
    throw new UsageError(
      `--output ${output} must name a value of ${model.source}: ` +
        nearest(output, [...model.outputNames, ...model.activationNames]),
    );
  }
  const names = output === undefined ? model.outputNames : [output];
  const found: Logits[] = [];
  const reasons: string[] = [];
  const failures: Error[] = [];
  for (const name of names) {
    try {
      const logits = await logitsIn(model, name, question);
      if (!found.some((other) => other.name === logits.name)) {
        found.push(logits);
      }
    } catch (error) {
      if (error instanceof CannotRun) failures.push(error);
      else if (!(error instanceof NoLogits)) throw error;
      reasons.push(`${name} ${(error as Error).message}`);
    }
  }
  if (found.length === 0) {
    if (failures.length === names.length) throw failures[0]!;
    throw new UsageError(
      `Cannot probe ${model.source} modulo ${modulus}: ${
        reasons.join("; ")
      }; ` +
        `wanted logits of ${modulus} classes or more, [batch, classes] or ` +
        "[batch, position, classes] (--output names the value that has them, " +
        "--contents lists all)",
    );
  }
  const logits = theOne(found, model, modulus);
  const value = await valueOf(model, logits.name, question);
  await checkOwnRows(model, logits.name, question.inputs, value);
  return logits;
}

function theOne(
  found: readonly Logits[],
  model: ProbeModel,
  modulus: number,
): Logits {
  const rules: ((logits: Logits) => boolean)[] = [
    ({ classes }) => classes === modulus,
    ({ name }) => /logit/i.test(name),
  ];
  let left = found;
  for (const rule of rules) {
    const better = left.filter(rule);
    if (better.length > 0) left = better;
  }
  if (left.length === 1) return left[0]!;
  throw new UsageError(
    `--output must say where ${model.source} has its logits: ` +
      `${left.map(({ name }) => name).join(" and ")} have ` +
      `${left[0]!.classes} classes each`,
  );
}

async function logitsIn(
  model: ProbeModel,
  name: string,
  question: Question,
): Promise<Logits> {
  const labelled = classesOf(model.graph, name);
  if (labelled) return await logitsOfLabels(model, name, labelled, question);
  const scores = await scoresAt(model, name, question);
  if (!scores) {
    const { dtype, shape } = await valueOf(model, name, question);
    throw new NoLogits(`is ${dtype} [${shape}] for ${rowsOf(question)} rows`);
  }
  if (scores.classes < question.modulus) {
    throw new NoLogits(`has ${scores.classes} classes`);
  }
  const kind = kindOf(scores);
  const chain = chainTo(model.graph, name);
  if (chain.squash) {
    return await logitsBehind(model, chain, scores, kind, question);
  }
  if (kind === "logits") return { name, classes: scores.classes };
  const inner = await searched(model, name, scores, kind, question);
  if (inner) return inner;
  throw new NoLogits(
    `has ${kind} (those of each row sum to 1), and what they are made of is not ` +
      "understood",
  );
}

async function logitsOfLabels(
  model: ProbeModel,
  name: string,
  { from, labels, trouble }: Labelled,
  question: Question,
): Promise<Logits> {
  if (trouble) throw new NoLogits(trouble);
  const logits = await logitsIn(model, from, question);
  if (labels) {
    const given = await valueOf(model, name, question);
    const scores = await scoresAt(model, logits.name, question);
    if (!sameChoices(given, scores!)) {
      throw new NoLogits(
        `is not the largest of ${logits.name}: it numbers classes otherwise`,
      );
    }
  }
  return {
    note: `logits are ${logits.name}, from which ${name} is made`,
    ...logits,
  };
}

async function logitsBehind(
  model: ProbeModel,
  { squash, through }: Chain,
  scores: Scores,
  kind: Kind,
  question: Question,
): Promise<Logits> {
  const { opType, input: [source] } = squash!;
  if (!SQUASHES.softmax.includes(opType)) {
    throw new NoLogits(
      `ends in ${opType}: those are no logits of a softmax over classes`,
    );
  }
  if (kind === "logits") {
    throw new NoLogits(
      `is made of ${opType} by ${through.join(", ")}: no logits, and no ` +
        "probabilities",
    );
  }
  const inner = await scoresAt(model, source!, question);
  if (inner && before(inner, scores, kind)) {
    return beforeShift(model, source!, inner, opType);
  }
  throw new NoLogits(`ends in ${opType}, and not over the classes of each row`);
}

const rowsOf = ({ inputs }: Question) => Object.values(inputs)[0]!.shape[0]!;

async function valueOf(
  model: ProbeModel,
  name: string,
  { inputs }: Question,
): Promise<HostTensor> {
  try {
    const { [name]: value } = await model.run(inputs, [name]);
    return value!;
  } catch (error) {
    throw new CannotRun((error as Error).message, { cause: error });
  }
}

async function scoresAt(
  model: ProbeModel,
  name: string,
  question: Question,
): Promise<Scores | undefined> {
  return scoresOf(await valueOf(model, name, question), rowsOf(question));
}

// Before a softmax the largest is often taken off.
function beforeShift(
  model: ProbeModel,
  name: string,
  { classes }: Scores,
  what: string,
): Logits {
  const makers = makersOf(model.graph.node);
  const maker = makers.get(name);
  const largest = maker?.opType === "Sub" && makers.get(maker.input[1]!);
  const shifted = largest && largest.opType === "ReduceMax" &&
    largest.input[0] === maker!.input[0];
  const first = shifted ? maker!.input[0]! : name;
  return { name: first, classes, note: `logits are ${first}, before ${what}` };
}

// How many values before an output are looked at.
const MOST_VALUES = 24;

// A softmax that is written in other operators: the nearest value of which the
// probabilities are one.
async function searched(
  model: ProbeModel,
  name: string,
  scores: Scores,
  kind: "probabilities" | "log-probabilities",
  question: Question,
): Promise<Logits | undefined> {
  const makers = makersOf(model.graph.node);
  const queue = [...makers.get(name)?.input ?? []];
  const seen = new Set<string>();
  while (queue.length > 0 && seen.size < MOST_VALUES) {
    const next = queue.shift()!;
    const maker = makers.get(next);
    if (!maker || seen.has(next)) continue;
    seen.add(next);
    append(queue, maker.input);
    const inner = await scoresAt(model, next, question).catch(() => undefined);
    if (inner && kindOf(inner) === "logits" && before(inner, scores, kind)) {
      return beforeShift(model, next, inner, "its softmax");
    }
  }
}
