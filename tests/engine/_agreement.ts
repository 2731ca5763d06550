/**
 * Whether two engines trained alike.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { assertClose } from "../_golden.ts";
import type { Trained } from "./_twenty.ts";

/**
 * Holds losses, metrics and state of twenty steps to another engine's.
 *
 * @param onnx What is looked at.
 * @param tfjs What it must be.
 * @param times How many times as far off it may be as two processors are.
 */
export function assertAgree(onnx: Trained, tfjs: Trained, times: number): void {
  const tolerance = { relative: times * 1e-5, absolute: times * 1e-7 };
  assertClose(onnx.losses, tfjs.losses, tolerance, "losses");
  assertEquals(
    onnx.evaluations.map(({ step }) => step),
    [0, 5, 10, 15, 20],
  );
  let compared = 0;
  for (const [i, { step, metrics }] of onnx.evaluations.entries()) {
    const other = tfjs.evaluations[i]!;
    assertEquals(other.step, step);
    assertEquals(Object.keys(metrics), Object.keys(other.metrics));
    for (const metric of Object.keys(metrics)) {
      compared++;
      assertClose(
        [metrics[metric]!],
        [other.metrics[metric]!],
        tolerance,
        `${metric} at step ${step}`,
      );
    }
  }
  assert(compared > 0 && onnx.losses.length > 0, "nothing was compared");
  assertEquals(Object.keys(onnx.state), Object.keys(tfjs.state));
  for (const kind of ["params.", "optimizer."]) {
    const paths = Object.keys(onnx.state).filter((p) => p.startsWith(kind));
    // Every optimizer of these has a state.
    assert(paths.length > 0, `no ${kind} was compared`);
    const largest = (path: string) =>
      Math.max(...tfjs.state[path]!.map(Math.abs));
    for (const path of paths) {
      // A weight is as exact as the largest in its tensor. Moments are sums
      // of gradients that cancel: as exact as the largest of all.
      const scale = kind === "params."
        ? largest(path)
        : Math.max(...paths.map(largest));
      assertClose(
        onnx.state[path]!,
        tfjs.state[path]!,
        { relative: 0, absolute: times * 1e-5 * scale },
        path,
      );
    }
  }
}
