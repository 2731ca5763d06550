/**
 * Flags of commands that no setting of an extension may have.
 *
 * @module
 */

/** The flags of `groklab train` that are no keys of a config. */
export const TRAIN_FLAGS: readonly string[] = [
  ...["run", "overwrite", "config", "json", "help", "use", "useChanged"],
  ...["replicas", "replicaLr", "replicaWeightDecay", "shareSplit"],
  ...["resume", "step", "freshOptimizer", "switchAt", "to", "name", "tag"],
  ...["preset", "tensorboard"],
];

/** The flags of `groklab probe` that are no settings of probes. */
export const PROBE_FLAGS: readonly string[] = [
  ...["probe", "step", "allCheckpoints", "contents", "list", "json", "help"],
  ...["map", "modulus", "operation", "tokens", "input", "output", "split"],
  ...["loss", "device", "deviceId", "runtime", "jobs", "use", "useChanged"],
];
