/**
 * Configs that earlier versions wrote, which must repeat the numbers they had.
 *
 * @module
 */

// Keys that every written config has, as nobody writes them all by hand.
const WRITTEN = [
  ...["task", "model", "loss", "lossPrecision", "optimizer", "perpGrad"],
  ...["perpScope", "lr", "steps", "seed", "engine", "device", "threads"],
];

/**
 * A config in the words of this version. What it says nothing about, because
 * there was no choice when it was written, is said as it was then; of a part of a
 * config, which takes its defaults, nothing is.
 *
 * @param input The parsed contents of a config.json, or any part of one.
 */
export function upgradedConfig(input: unknown): unknown {
  if (typeof input !== "object" || input === null) return input;
  const config = input as Record<string, unknown>;
  if (!WRITTEN.every((key) => key in config)) return input;
  // ⊥Grad took Q, K and V of every attention apart.
  if (config["model"] !== "encoder" || "perpProjections" in config) {
    return input;
  }
  return { ...config, perpProjections: "apart" };
}
