/**
 * A model that computes exp(x), and an experiment of one step.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs-core";
import * as groklab from "../_entries.ts";
import { traceX } from "../trace/_graphs.ts";

export const config = { modulus: 5, hidden: [4], steps: 1 };

export const experiment = () =>
  groklab.makeExperiment(groklab.resolveConfig(config));

export const model = groklab.encodeModel(
  groklab.modelOf(traceX((x) => tf.exp(x)), { name: "exp" }),
);
