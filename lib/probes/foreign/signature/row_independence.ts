/**
 * Whether a network answers each row by itself, and always in the same way.
 *
 * @module
 */

import { UsageError } from "../../../base/errors.ts";
import type { ProbeModel } from "../../../onnx/inspect/probe_model.ts";
import { draws } from "../../../onnx/reading/constant_values.ts";
import { type HostTensor, toNumbers } from "../../../numeric/tensor.ts";
import { evenRows } from "../../context/rows.ts";

// Sums of float32 and float16 that are cut otherwise differ by less, of the logits'
// root mean square; activations that are quantised by their largest differ by more.
const NEAR = 0.01;
const NEAR_QUANTISED = 0.5;

/**
 * Checks that a row's logits are its own. Where they depend on the other rows (a
 * batch normalisation in training, tokens that are read across rows) or on chance (a
 * dropout in training, noise), every number depends on how the rows are cut.
 *
 * @param model The file.
 * @param name Its logits.
 * @param inputs Some rows.
 * @param all The logits of these, [rows, …].
 * @throws {UsageError} if they are not.
 */
export async function checkOwnRows(
  model: ProbeModel,
  name: string,
  inputs: Readonly<Record<string, HostTensor>>,
  all: HostTensor,
): Promise<void> {
  const nodes = model.only([name]).graph.node;
  // Some seeds make two runs alike. A dropout draws in training alone.
  const drawn = nodes.find((node) => draws(node) && node.opType !== "Dropout");
  const near = nodes.some(({ opType }) => opType.startsWith("Dynamic"))
    ? NEAR_QUANTISED
    : NEAR;
  const again = await logitsFor(inputs);
  if (drawn || !alike(again, all, NEAR)) {
    throw new UsageError(
      `Cannot probe ${model.source}: its logits ${name} are drawn anew at every ` +
        `run (${
          drawn?.opType ?? "two runs differ"
        }), wanted the network as it ` +
        "answers after training, without dropout or noise",
    );
  }
  const most = Math.ceil(all.shape[0]! / 2);
  const { all: expected } = evenRows({ all }, most);
  if (!alike(await logitsFor(evenRows(inputs, most)), expected!, near)) {
    throw new UsageError(
      `Cannot probe ${model.source}: its logits ${name} of a row depend on the ` +
        "other rows that it is run with, wanted a network that answers each row " +
        "by itself: [batch, tokens] in, and no statistics of the batch",
    );
  }

  async function logitsFor(rows: Readonly<Record<string, HostTensor>>) {
    const { [name]: value } = await model.run(rows, [name]);
    return value!;
  }
}

function alike(x: HostTensor, y: HostTensor, near: number): boolean {
  const [found, wanted] = [toNumbers(x), toNumbers(y)];
  if (found.length !== wanted.length) return false;
  let [squares, apart] = [0, 0];
  for (const [i, value] of wanted.entries()) {
    // Other probes say what is not finite.
    if (!Number.isFinite(value)) return true;
    squares += value ** 2;
    apart = Math.max(apart, Math.abs(value - found[i]!));
  }
  return apart <= near * Math.sqrt(squares / wanted.length);
}
