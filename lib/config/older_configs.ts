/**
 * Configs that earlier versions wrote, which must repeat the numbers they had.
 *
 * @module
 */

import { isObject } from "../base/json.ts";

// Keys that every written config has, as nobody writes them all by hand.
const WRITTEN = [
  ...["task", "model", "loss", "lossPrecision", "optimizer", "perpGrad"],
  ...["perpScope", "lr", "steps", "seed", "engine", "device", "threads"],
];

/** Whether a config is a whole one, as runs write it. */
export function isWritten(input: unknown): input is Record<string, unknown> {
  return isObject(input) && WRITTEN.every((key) => key in input);
}

/**
 * A config in the words of this version. What it says nothing about, because
 * there was no choice when it was written, is said as it was then; of a part of a
 * config, which takes its defaults, nothing is.
 *
 * @param input The parsed contents of a config.json, or any part of one.
 */
export function upgradedConfig(input: unknown): unknown {
  if (!isWritten(input)) return input;
  // ⊥Grad took Q, K and V of every attention apart.
  if (input["model"] !== "encoder" || "perpProjections" in input) {
    return input;
  }
  return { ...input, perpProjections: "apart" };
}
