/**
 * Traced steps as a processor or a card computes them fastest.
 *
 * @module
 */

import type { SessionOptions } from "../../onnx/runtime/options.ts";
import { mergeLookUps } from "../../trace/cards/look_ups.ts";
import { sumsAsProducts } from "../../trace/cards/products.ts";
import { rewritten } from "../../trace/cards/rewritings.ts";
import { segmentProduct } from "../../trace/cards/segments.ts";
import { withoutShifts } from "../../trace/cards/shifts.ts";
import type { Graph } from "../../trace/graph.ts";
import { smallerTransposes } from "../../trace/operators/products.ts";
import { transposesAtOnce } from "../../trace/processors/transposes.ts";
import {
  expandSegmentSums,
  segmentSum,
  segmentSumInPlace,
} from "../../trace/operators/segments.ts";

/**
 * Writes the sums by segment that a trace deferred, products and transposes, for a
 * processor;
 * on another device sums alone.
 *
 * @param step A traced step.
 * @param options Where it will run: one thread may add where several may not.
 */
export function forProcessor(
  step: Graph,
  { device = "cpu", threads }: SessionOptions,
): Graph {
  if (device !== "cpu") return expandSegmentSums(step);
  const summed = expandSegmentSums(
    step,
    threads === 1 ? segmentSumInPlace : segmentSum,
  );
  return smallerTransposes(
    threads === 1 ? summed : transposesAtOnce(summed),
  );
}

/**
 * The same for a card: fewer operations, and none that it has no kernel for.
 *
 * @param step A traced step, in which what is known of indices is constant by now.
 */
export function forCard(step: Graph): Graph {
  return withoutShifts(rewritten(
    sumsAsProducts(expandSegmentSums(mergeLookUps(step), segmentProduct)),
  ));
}
