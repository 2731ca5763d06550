/**
 * What a file that another tool wrote reads of a row, and where its logits are.
 *
 * @module
 */

import { UsageError } from "../../../base/errors.ts";
import type { ProbeModel } from "../../../onnx/inspect/probe_model.ts";
import type { ValueSpec } from "../../../onnx/runtime/feeds.ts";
import { evenRows } from "../../context/rows.ts";
import type { ModularTask } from "../../context/task.ts";
import type { ForeignOptions } from "../options.ts";
import { adapted, inputRoles } from "./adapt_inputs.ts";
import { CannotRun, findLogits, type Logits } from "./logits.ts";
import {
  type InputEncoding,
  inputEncodingsOf,
  inputOf,
  largest,
  type Row,
  tokensOf,
} from "./input_encoding.ts";

/** What a file reads and gives. */
export interface Signature {
  /** The file, with one input. */
  readonly model: ProbeModel;
  /** What it reads of a row. */
  readonly encoding: InputEncoding;
  /** Its logits. */
  readonly logits: Logits;
  /** What was made out that its user may want to know. */
  readonly notes: readonly string[];
}

// So many rows show what a file makes of them.
const SAMPLE = 251;

/**
 * Finds out which input gets what, and where the logits are: what a file declares
 * leaves several answers open, and running it on some rows decides.
 *
 * @param file The file.
 * @param task Its task.
 * @param options What is told of it.
 * @throws {UsageError} if it reads no rows of the task, or has no logits.
 */
export async function findSignature(
  file: ProbeModel,
  task: ModularTask,
  { tokens, input: told, output }: Pick<
    ForeignOptions,
    "tokens" | "input" | "output"
  >,
): Promise<Signature> {
  const { modulus: p } = task;
  const model = read(file, output, told);
  const specs = await model.inputs();
  const attempts = specs.length === 1 && !told
    ? inputEncodingsOf(model.source, specs[0]!, p, tokens)
      .map((encoding) => ({ model, encoding, notes: [] as string[] }))
    : [given(model, specs, p, tokens, told)];
  const failures: unknown[] = [];
  for (const attempt of attempts) {
    const { model, encoding, notes } = attempt;
    const question = {
      modulus: p,
      ...(output !== undefined && { output }),
      inputs: evenRows(
        {
          [model.inputNames[0]!]: inputOf(rowsOf(task, encoding.row), encoding),
        },
        SAMPLE,
      ),
    };
    try {
      const logits = await findLogits(model, question);
      const said = logits.note === undefined ? [] : [logits.note];
      return { model, encoding, logits, notes: [...notes, ...said] };
    } catch (error) {
      failures.push(error);
    } finally {
      await model.close();
    }
  }
  // Every probe that runs it will say so.
  if (attempts.length === 1 && failures[0] instanceof CannotRun) {
    const logits = await declaredLogits(model, p, output);
    return { ...attempts[0]!, logits };
  }
  throw failures.find((error) => error instanceof UsageError) ?? failures[0];
}

// What the logits do not depend on needs no input: labels for a loss.
function read(
  file: ProbeModel,
  output: string | undefined,
  told: readonly string[] | undefined,
): ProbeModel {
  if (output !== undefined && file.has(output)) return file.only([output]);
  if (told || file.inputNames.length < 2) return file;
  const outputs = file.outputNames.filter((name) =>
    file.only([name]).inputNames.length === 1
  );
  return outputs.length > 0 ? file.only(outputs) : file;
}

function given(
  model: ProbeModel,
  specs: readonly ValueSpec[],
  p: number,
  tokens: string | undefined,
  told: readonly string[] = [],
) {
  if (specs.length === 0) {
    throw new UsageError(
      `Cannot give ${model.source} pairs: it has no inputs of tensors`,
    );
  }
  const three = specs.length === 3 || specs[0]!.shape[1] === 3;
  const row = tokensOf(tokens ?? (three ? "a,b,=" : "a,b"), p);
  const adapter = adapted(model, specs, inputRoles(told), row, p);
  const encoding: InputEncoding = {
    row,
    as: "tokens",
    dtype: "int64",
    width: largest(row, p) + 1,
    ones: 0,
  };
  const said = Object.entries(adapter.inputs)
    .map(([name, text]) => `${name} gets ${text}`);
  return {
    model: adapter.model,
    encoding,
    notes: [`of a row ${row.join()} ${said.join(", ")}`],
  };
}

async function declaredLogits(
  model: ProbeModel,
  p: number,
  output: string | undefined,
): Promise<Logits> {
  const outputs = await model.outputs();
  const found = outputs.find(({ name }) => name === output) ?? outputs[0];
  if (!found) {
    throw new UsageError(
      `Cannot probe ${model.source} modulo ${p}: none of its outputs is a ` +
        "tensor, wanted logits (--output names the value that has them)",
    );
  }
  const { name, shape } = found;
  const last = shape.at(-1);
  const classes = typeof last === "number" ? last : p;
  if (classes >= p) return { name, classes };
  throw new UsageError(
    `Cannot probe ${model.source} modulo ${p}: its output ${name} has shape ` +
      `[${shape}], wanted logits of ${p} classes or more`,
  );
}

/** Every pair of a task as rows of tokens. */
export function rowsOf({ a, b, labels }: ModularTask, row: Row): number[][] {
  return [...labels.keys()].map((i) =>
    row.map((token) => token === "a" ? a[i]! : token === "b" ? b[i]! : token)
  );
}
