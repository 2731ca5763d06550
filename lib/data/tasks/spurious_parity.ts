/**
 * Sparse parity beside a bit that gives most labels away.
 *
 * @module
 */

import {
  checkOptions,
  type Checks,
  number,
  only,
  whole,
} from "../../base/options.ts";
import type { RandomKey } from "../../numeric/random.ts";
import type { Setting } from "../../settings/setting.ts";
import { type Dataset, datasetOfParts } from "../dataset.ts";
import { defineTask, type TaskDefinition } from "../definition.ts";
import { parity, parityTask } from "./parity.ts";
import {
  agreementProblem,
  type SpuriousOptions,
  spuriousParts,
  type SpuriousSettings,
  spuriousSettings,
} from "./spurious.ts";

/** The size of a sparse parity with a spurious bit. */
export interface SpuriousParityOptions extends SpuriousOptions {
  /** Length n of each bit vector, without the spurious bit. */
  readonly bits: number;
  /** The label is the parity of the first k bits; the others are noise. */
  readonly parityBits: number;
}

const SPURIOUS_PARITY: Checks<SpuriousParityOptions> = {
  bits: whole(1),
  parityBits: whole(1),
  spuriousAgreement: number,
  spuriousScale: number,
  trainRows: whole(1),
  testRows: whole(1),
};

/**
 * Different random bit vectors with the parity of their first k bits as label, the
 * core, and behind them one number more: 0 or s, s·label in a share ρ of the rows, in
 * the others s·(1 − label). The parts are those of {@link spuriousParts}.
 *
 * Source: the setting of Barsbey, Prieto et al. (arXiv 2507.17748), a feature that is
 * easy and dim beside one that is hard and decides; parity in place of images, ρ and s
 * are groklab's.
 *
 * @param options n, k, ρ, s and the numbers of rows.
 * @param key Streams of the data.
 * @returns Rows of n + 1 numbers, two classes, in parts.
 * @throws {RangeError} if k > n, if there are fewer vectors than wanted, or if ρ leaves
 * no train row whose spurious bit agrees, or none whose does not.
 */
export function spuriousParity(
  options: SpuriousParityOptions,
  key: RandomKey,
): Dataset {
  const all = Object.keys(SPURIOUS_PARITY) as (keyof SpuriousParityOptions)[];
  checkOptions("spuriousParity()", options, SPURIOUS_PARITY, all);
  const { bits, parityBits, spuriousScale, trainRows, testRows } = options;
  const problem = agreementProblem(options);
  if (problem !== undefined) throw new RangeError(problem);
  const { inputs, labels } = parity(
    { bits, parityBits, samples: trainRows + testRows },
    key("data"),
  );
  const scale = Math.fround(spuriousScale);
  const some = (from: number, to?: number) => ({
    cores: inputs.slice(from, to),
    labels: labels.slice(from, to),
  });
  const parts = { train: some(0, trainRows), test: some(trainRows) };
  return datasetOfParts(
    spuriousParts(parts, options, 2, key, (_, { cores, labels }, spurious) => ({
      inputs: cores.map((core, i) => [...core, scale * spurious[i]!]),
      labels,
    })),
    2,
  );
}

/** Its settings. */
export type SpuriousParitySettings =
  & SpuriousSettings
  & {
    readonly [key in "bits" | "parityBits"]: Setting<number>;
  };

/** The task of finding the few bits that count, beside one that need not be found. */
export const spuriousParityTask: TaskDefinition<SpuriousParitySettings> =
  defineTask({
    summary:
      "parity of k out of n bits, and a bit that agrees with most labels",
    settings: {
      bits: parityTask.settings.bits,
      parityBits: parityTask.settings.parityBits,
      ...spuriousSettings,
    },
    check(config) {
      const { bits, parityBits, trainRows, testRows } = config;
      if (parityBits > bits) {
        return `--parity-bits must be at most --bits ${bits}, got ${parityBits}`;
      }
      if (trainRows + testRows > 2 ** bits) {
        return `--train-rows and --test-rows must be at most ${2 ** bits} ` +
          `together, the number of different vectors of ${bits} bits, got ` +
          `${trainRows} and ${testRows}`;
      }
      return agreementProblem(config);
    },
    form: ({ bits }) => ({
      input: { kind: "numbers", width: bits + 1, name: "bits" },
      classes: 2,
    }),
    dataset: (config, key) =>
      spuriousParity(only(config, SPURIOUS_PARITY), key),
    describe: ({ bits, parityBits, spuriousAgreement }) =>
      `parity of ${parityBits} out of ${bits} bits, and one that agrees in ` +
      `${spuriousAgreement} of the rows`,
  });
