/**
 * What `deno task sweep run` shows while it trains.
 *
 * @module
 */

import cliProgress from "cli-progress";
import process from "node:process";
import { exit } from "../shared/exit.ts";
import type {
  SweepOutcome,
  SweepRunOptions,
  SweepStanding,
} from "../../lib/sweeps/running/options.ts";
import { runSweep } from "../../lib/sweeps/running/run.ts";
import { timeText } from "../../lib/train/threads/cost.ts";
import { EXIT, isLive } from "../shared/cli.ts";
import { SOON, withSignals } from "../shared/signals.ts";
import { failureLine, standingText } from "./run_text.ts";

// Off a terminal a line now and then is enough.
const PLAIN_MS = 20_000;
const LIVE_MS = 200;

/** Trains a sweep, showing how far it is on stderr, and ending at a signal. */
export async function runWatched(
  folder: string,
  options: SweepRunOptions,
): Promise<SweepOutcome> {
  const display = isLive() ? liveLine() : plainLines();
  try {
    return await withSignals(
      (signal) =>
        runSweep(folder, {
          program: "sweep.ts",
          ...options,
          signal,
          onStart: (standing, jobs) => {
            display.say(
              `${standing.runs} runs, ${standing.done} of them there; ` +
                `${jobs} at a time`,
            );
            display.show(standing);
          },
          onProgress: display.show,
          onRun: ({ point }, { id, state, reason = "" }, standing) => {
            // Those that diverged are told of at the end.
            if (state === "failed") {
              display.say(failureLine({ id, point, state, reason }));
            }
            display.show(standing);
          },
          onWarning: (text) => display.say(`warning: ${text}`),
        }),
      () => {
        display.end(); // The terminal's cursor comes back.
        exit(EXIT.interrupted);
      },
      SOON,
    );
  } finally {
    display.end();
  }
}

interface Display {
  show(standing: SweepStanding): void;
  say(line: string): void;
  end(): void;
}

function liveLine(): Display {
  const bar = new cliProgress.SingleBar({
    format: "{bar} {value}/{total} · {grokked}{bad} diverged or " +
      "failed · {training} in training · {left} left",
    barsize: 12,
    hideCursor: true,
    linewrap: null,
    stream: process.stderr,
    gracefulExit: false,
  }, cliProgress.Presets.shades_classic);
  let started = false;
  let last = -Infinity;
  return {
    show(standing) {
      const now = performance.now();
      if (now - last < LIVE_MS && standing.training.length > 0) return;
      last = now;
      const { runs, done, grokked, diverged, failed, training, left } =
        standing;
      const words = {
        grokked: grokked === null ? "" : `${grokked} grokked · `,
        bad: diverged + failed,
        training: training.length,
        left: Number.isFinite(left) ? timeText(left) : "–",
      };
      const there = done + diverged + failed;
      if (!started) bar.start(runs, there, words);
      started = true;
      bar.update(there, words);
    },
    say(line) {
      // The bar is drawn anew below.
      if (started) process.stderr.write("\r\x1b[K");
      console.error(line);
    },
    end: () => bar.stop(),
  };
}

function plainLines(): Display {
  let last = performance.now();
  return {
    show(standing) {
      const now = performance.now();
      if (now - last < PLAIN_MS) return;
      last = now;
      console.error(standingText(standing));
    },
    say: (line) => console.error(line),
    end() {},
  };
}
