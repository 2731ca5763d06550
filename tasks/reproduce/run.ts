/**
 * What `deno task reproduce` shows while it trains.
 *
 * @module
 */

import { exit } from "../shared/exit.ts";
import { timeText } from "../../lib/train/threads/cost.ts";
import type {
  ReproduceOptions,
  Standing,
} from "../../lib/reproduce/options.ts";
import { reproduce, type Reproduction } from "../../lib/reproduce/reproduce.ts";
import { EXIT, isLive } from "../shared/cli.ts";
import { withSignals } from "../shared/signals.ts";
import { standingText } from "./text.ts";

// Off a terminal a line now and then is enough.
const PLAIN_MS = 20_000;

/** Reproduces figures, showing how far it is on stderr. */
export async function runReproduction(
  names: readonly string[],
  options: ReproduceOptions,
): Promise<Reproduction> {
  const live = isLive();
  let [shown, width] = [0, 0];
  const clear = () => {
    if (width > 0) write(`\r${" ".repeat(width)}\r`);
    width = 0;
  };
  const say = (line: string) => {
    clear();
    console.error(line);
  };
  const show = (standing: Standing) => {
    const now = performance.now();
    if (now - shown < (live ? 200 : PLAIN_MS)) return;
    shown = now;
    const line = standingText(standing);
    if (!live) return console.error(line);
    const { columns } = Deno.consoleSize();
    clear();
    const cut = line.slice(0, Math.max(20, columns - 1));
    width = cut.length;
    write(cut);
  };
  try {
    return await withSignals((signal) =>
      reproduce(names, {
        ...options,
        program: "reproduce.ts",
        signal,
        onPlan: ({ finished, of, left }) =>
          say(
            `${of} runs, ${finished} of them there; the others take about ` +
              `${timeText(left)} with ${options.jobs} at a time`,
          ),
        onProgress: show,
        onRun: ({ figure, name }, { steps, ms_per_step }, standing) =>
          say(
            `${figure} ${name}: ${steps} steps, ${ms_per_step} ms a step; ` +
              standingText({ ...standing, training: [] }),
          ),
        onWarning: (text) => say(`warning: ${text}`),
      }), () => {
      clear();
      exit(EXIT.interrupted);
    });
  } finally {
    clear();
  }
}

const write = (text: string) =>
  Deno.stderr.writeSync(new TextEncoder().encode(text));
