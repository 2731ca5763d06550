/**
 * When a test on a card may be left out.
 *
 * @module
 */

import { findDriver } from "../../lib/doctor/nvidia.ts";
import { cudaIsInstalled } from "../../lib/onnx/runtime/cuda.ts";

/** Names the devices that must be there, as `cuda,webgpu`: bench/gpu.sh sets it. */
export const EXPECTED = "GROKLAB_CARDS";

/** What is known of a device before it is computed on. */
export interface Known {
  /** Whether its check found it usable. */
  readonly usable: boolean;
  /** The devices that must be there. */
  readonly expected: readonly string[];
  /** Whether it is set up, and the machine has such a card. */
  readonly setUp: boolean;
}

/**
 * Whether a device's tests may be left out: where it is neither expected nor set
 * up. Else they fail if it is not usable: nothing was seen to agree then.
 */
export function isLeftOut(
  device: string,
  { usable, expected, setUp }: Known,
): boolean {
  return !usable && !setUp && !expected.includes(device);
}

/** What this machine says of a device. */
export async function knownOf(
  device: "cuda" | "webgpu",
  usable: boolean,
): Promise<Known> {
  const setUp = device === "cuda" && await cudaIsInstalled() &&
    (await findDriver()).cards.length > 0;
  const expected = Deno.env.get(EXPECTED)?.split(",") ?? [];
  return { usable, expected, setUp };
}
