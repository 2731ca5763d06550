/**
 * The training loop of several runs at once.
 *
 * @module
 */

import type { Config } from "../../config/config.ts";
import { firstStep } from "../../config/switches.ts";
import type { Evaluated, ReplicaEngine } from "../../engine/engine.ts";
import { notFinite, tensorText } from "../../engine/finite.ts";
import type { TrainResult } from "../../runs/result.ts";
import type { MetricsRow } from "../../runs/run_folder.ts";
import { Listener } from "../listener.ts";
import { DivergedError, type Progress, type TrainOptions } from "../options.ts";
import type { Recorder } from "../recorder.ts";
import { chunk } from "../train_loop.ts";

/** One of several runs that are trained at once. */
export interface Replica {
  /** What is trained. */
  readonly config: Config;
  /** What writes it; left out where it diverged in a sitting before. */
  readonly recorder?: Recorder;
  /** How it diverged then, in words. */
  readonly failure?: string;
}

/**
 * Trains several runs to the last step or to a signal; one whose loss or
 * state is not finite any more ends, the others go on.
 *
 * @param replicas The runs.
 * @param engine What trains them, where they stand.
 * @param resumed Whether they are resumed from what lies on the disk.
 * @param options Signal and callbacks.
 * @throws {DivergedError} at the end, if the loss or state of any was not finite.
 */
export async function trainAll(
  replicas: readonly Replica[],
  engine: ReplicaEngine,
  resumed: boolean,
  { onProgress, ...heard }: TrainOptions,
): Promise<TrainResult[]> {
  const { config } = replicas[0]!;
  const { steps, evalEvery, checkpointEvery } = config;
  const listener = new Listener(heard, evalEvery);
  const failures = replicas.flatMap(({ failure }) => failure ?? []);
  const live = new Map<number, Recorder>();
  for (const [r, { recorder }] of replicas.entries()) {
    if (recorder) live.set(r, recorder);
  }
  const started = performance.now();
  let writing = 0; // milliseconds that are not training
  let ms = 0;
  const spent = () => (performance.now() - started - writing) / 1000;

  // Ends a run whose loss or state is not finite any more, with its last finite
  // state.
  const giveUp = async (r: number, diverged: number, broken?: string) => {
    const recorder = live.get(r)!;
    live.delete(r);
    const last = (await engine.at(diverged - 1))[r]!;
    const end = { ms, seconds: spent(), diverged, broken };
    const { result } = await recorder.finish(last, end);
    await recorder.summarise(result);
    failures.push(failureText(result));
  };
  // The states of the runs as they are, but for those that end here.
  const evaluated = async () => {
    const states: { recorder: Recorder; now: Evaluated; r: number }[] = [];
    for (const [r, now] of (await engine.at(engine.step)).entries()) {
      const { step, metrics } = now.evaluation;
      const recorder = live.get(r);
      if (!recorder) continue;
      const lost = !Number.isFinite(metrics.train_loss);
      const broken = notFinite(now.state);
      if (!lost && broken === undefined) {
        states.push({ recorder, now, r });
      } else if (step === firstStep(config)) {
        live.delete(r);
        const { seed } = replicas[r]!.config;
        failures.push(
          lost
            ? `seed ${seed} at its initial weights`
            : `seed ${seed} at its start, in ${tensorText(broken!)}`,
        );
      } else {
        await giveUp(r, step, lost ? undefined : broken);
      }
    }
    return states;
  };
  // All are saved before the first lets go of the checkpoint before: there is
  // always a step that a kill leaves of all of them.
  const keep = async () => {
    const states = await evaluated();
    for (const { recorder, now } of states) await recorder.save(now);
    for (const { recorder } of states) await recorder.settle(engine.step);
  };

  if (!resumed) await keep();
  while (engine.step < steps && live.size > 0 && !listener.stopped) {
    const begun = performance.now();
    const from = engine.step;
    const count = Math.min(chunk(config, from, ms), listener.most(from));
    const advances = await engine.advance(count, evalEvery);
    const ended = performance.now();
    const { measuring = 0 } = advances[0]!;
    ms = (ended - begun - measuring) / (engine.step - from);
    const rows: MetricsRow[][] = [];
    for (const [r, { evaluations, diverged, broken }] of advances.entries()) {
      const recorder = live.get(r);
      if (!recorder) continue;
      const own = await recorder.record(evaluations, ms);
      rows.push(own);
      await listener.tell(own, r);
      if (diverged !== undefined) await giveUp(r, diverged, broken);
    }
    report(onProgress, { step: engine.step, steps, msPerStep: ms }, rows);
    const { step } = engine;
    const due = checkpointEvery !== null && step % checkpointEvery === 0;
    const late = [...live.values()].some((recorder) => recorder.late);
    if ((due || late) && step < steps) await keep();
    // Lets a signal in: the engine's calls hold the thread.
    await new Promise((resolve) => setTimeout(resolve));
    writing += performance.now() - ended + measuring;
  }
  const end = { ms, seconds: spent() };
  const finished: { recorder: Recorder; result: TrainResult; r: number }[] = [];
  const rows: MetricsRow[][] = [];
  for (const { recorder, now, r } of await evaluated()) {
    const last = await recorder.finish(now, end);
    finished.push({ recorder, result: last.result, r });
    rows.push(last.rows);
  }
  for (const { recorder, result } of finished) await recorder.summarise(result);
  for (const [i, { r }] of finished.entries()) {
    await listener.tell(rows[i]!, r);
  }
  report(onProgress, { step: engine.step, steps, msPerStep: ms }, rows);
  const results = finished.map(({ result }) => result);
  if (failures.length > 0) {
    throw bandDiverged(failures, results, replicas.length);
  }
  return results;
}

/** What is said of one of several runs, whose loss or state was not finite. */
export function failureText(
  { config, diverged_at, diverged_in, steps, checkpoint }: TrainResult,
): string {
  const where = diverged_in ? `, in ${tensorText(diverged_in)}` : "";
  return `seed ${config.seed} at step ${diverged_at}${where} (its last finite ` +
    `state, step ${steps}, is in ${checkpoint})`;
}

/** The error that several runs end with if some diverged. */
export function bandDiverged(
  failures: readonly string[],
  results: readonly TrainResult[],
  replicas: number,
): DivergedError {
  return new DivergedError(
    "Training stopped where the train loss or the state is not finite: " +
      `${failures.join("; ")}. The other ${results.length} of ` +
      `${replicas} runs are whole`,
    results,
  );
}

// Progress in the mean of the runs.
function report(
  onProgress: TrainOptions["onProgress"],
  where: Omit<Progress, "rows">,
  runs: readonly (readonly MetricsRow[])[],
): void {
  const [first] = runs;
  const rows = (first ?? []).map((row, i) =>
    Object.fromEntries(
      Object.keys(row).map((key) => {
        const name = key as keyof MetricsRow;
        const values = runs.flatMap((rows) => rows[i]?.[name] ?? []);
        return [key, values.reduce((a, b) => a + b, 0) / values.length];
      }),
    ) as unknown as MetricsRow
  );
  onProgress?.({ ...where, rows });
}
