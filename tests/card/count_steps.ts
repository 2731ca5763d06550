/**
 * Counts what plain training steps ask of a card, over stand-ins for CUDA's
 * libraries, in a process that the loader was told of them:
 *
 *     deno run -A tests/card/stand_ins.ts FOLDER
 *     LD_LIBRARY_PATH=FOLDER deno run -A tests/card/count_steps.ts \
 *       '{"mlp":{},"eight":{"replicas":8}}'
 *
 * Prints, as JSON, of each case the count of each kind a step, beside its name.
 *
 * @module
 */

import type { ConfigInput } from "../../lib/config/config.ts";
import { onnxBand } from "../../lib/engine/onnx/onnx_engine.ts";
import { makeExperiment } from "../../lib/experiment/experiment.ts";
import { cudaLibraries } from "../../lib/onnx/runtime/cuda.ts";
import { replicaConfigs } from "../../lib/train/band/replicas.ts";

/** Something to train. */
export type Case = ConfigInput & {
  /** How many at once, if more than one. */
  readonly replicas?: number;
  /** What copies of one byte from the card say in turn, if not that no evaluation
   * is due and that the loop goes on. */
  readonly conditions?: string;
};

/** Cases by name. */
export type Cases = Readonly<Record<string, Case>>;

/** How often each kind was counted. */
export type Counts = Readonly<Record<string, number>>;

// The differences of two calls are of plain steps: no evaluation is in them, no
// first step and none of what comes once a call.
const [SHORT, LONG] = [10, 60];

if (import.meta.main) {
  const report = await reporter();
  const found: Record<string, Counts> = {};
  for (
    const [name, config] of Object.entries(JSON.parse(Deno.args[0]!) as Cases)
  ) {
    found[name] = await countSteps(config, report);
  }
  console.log(JSON.stringify(found));
}

async function countSteps(
  { replicas = 1, conditions = "01", ...config }: Case,
  report: () => Map<string, number>,
): Promise<Counts> {
  Deno.env.set("STAND_INS_CONDITIONS", conditions);
  const band = await onnxBand(
    replicaConfigs({ ...config, steps: 1000 }, { replicas }).map(
      makeExperiment,
    ),
    { device: "cuda", threads: 1 },
  );
  const counted = async (steps: number) => {
    report();
    await band.advance(steps, Number.MAX_SAFE_INTEGER);
    return report();
  };
  await counted(1); // What is due at step 0.
  const short = await counted(SHORT);
  const long = await counted(LONG);
  await band.close();
  const kinds = [...new Set([...short.keys(), ...long.keys()])];
  const counts = kinds.map((kind) =>
    [
      kind,
      ((long.get(kind) ?? 0) - (short.get(kind) ?? 0)) / (LONG - SHORT),
    ] as const
  );
  return Object.fromEntries(counts.filter(([, count]) => count !== 0));
}

/** A function that says what was counted since it was called last. */
export async function reporter(): Promise<() => Map<string, number>> {
  const cudart = (await cudaLibraries()).find((name) => /cudart/.test(name))!;
  const { symbols } = Deno.dlopen(cudart, {
    stand_ins_report: { parameters: ["buffer", "i64"], result: "i64" },
  });
  const room = new Uint8Array(2 ** 20);
  return () => {
    const length = Number(
      symbols.stand_ins_report(room, BigInt(room.length)),
    );
    const lines = new TextDecoder().decode(room.subarray(0, length)).trim()
      .split("\n").filter((line) => line !== "");
    return new Map(lines.map((line) => {
      const [, count, kind] = /^(\d+) (.*)$/.exec(line)!;
      return [kind!, Number(count)];
    }));
  };
}
