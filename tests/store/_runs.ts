/**
 * Run folders without the training: such as `train` would have left, small.
 *
 * @module
 */

import { join } from "node:path";
import { type ConfigInput, resolveConfig } from "../../lib/config/config.ts";
import { sha256, Sums } from "../../lib/base/sums.ts";

/** How a run that was not trained ended. */
export interface Ending {
  /** When it began, ISO 8601, UTC. */
  readonly started?: string;
  /** The first step at which it had grokked. */
  readonly grokked_at?: number | null;
  /** The step at which it diverged. */
  readonly diverged_at?: number | null;
  /** Metrics at the end. */
  readonly final?: Readonly<Record<string, number | null>>;
  /** Whether it was stopped. */
  readonly interrupted?: boolean;
  /** The metrics' rows; without a summary, what a kill left. */
  readonly killed?: readonly Readonly<Record<string, number>>[];
  /** Whether its config is of a version that had no choice of generators. */
  readonly older?: boolean;
}

const FINAL = { train_accuracy: 1, test_accuracy: 1, test_loss: 0.25 };

const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;

/** The files of a run that was not trained, by their names. */
export function filesOf(
  run: string,
  input: ConfigInput,
  ending: Ending = {},
): Record<string, string> {
  const { generator, ...rest } = resolveConfig(input);
  const { killed, older, started = "2026-01-01T00:00:00.000Z", ...ended } =
    ending;
  const config = older ? rest : { ...rest, generator };
  const files: Record<string, string> = {
    "manifest.json": json({
      groklab: "0.2.0",
      started,
      command: ["train.ts"],
      versions: { deno: "2.9.6" },
      lock: null,
      device: {
        os: "linux",
        arch: "x86_64",
        cores: 2,
        provider: "onnx/cpu",
        threads: 1,
      },
      git: null,
    }),
    "config.json": json(config),
    "metrics.jsonl": (killed ?? [{ step: config.steps, ...FINAL }])
      .map((row) => `${JSON.stringify(row)}\n`).join(""),
  };
  if (!killed) {
    files["summary.json"] = json({
      run,
      config,
      steps: config.steps,
      memorised_at: 1,
      grokked_at: 2,
      diverged_at: null,
      diverged_in: null,
      ms_per_step: 0.5,
      seconds: 0.125,
      checkpoint: `${run}/checkpoints/step-00000005.onnx`,
      interrupted: false,
      ...ended,
      final: { ...FINAL, ...ended.final },
    });
  }
  const sums = new Sums();
  for (const [name, text] of Object.entries(files)) {
    if (killed && name === "metrics.jsonl") continue;
    sums.files.set(name, [sha256(text)]);
  }
  return { ...files, SHA256SUMS: `${sums}` };
}

/** Writes such a run. */
export function makeRun(
  run: string,
  input: ConfigInput = {},
  ending: Ending = {},
): string {
  Deno.mkdirSync(run, { recursive: true });
  for (const [name, text] of Object.entries(filesOf(run, input, ending))) {
    Deno.writeTextFileSync(join(run, name), text);
  }
  return run;
}

/** As if all of a folder had been written long ago. */
export function age(folder: string): void {
  const old = new Date("2026-01-02T00:00:00Z");
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    const path = join(folder, name);
    if (isDirectory) age(path);
    else Deno.utimeSync(path, old, old);
  }
  Deno.utimeSync(folder, old, old);
}
