/**
 * Stopping at a signal.
 *
 * @module
 */

// Ctrl-C, what asks a program to end before it is made to, and a terminal that was
// closed.
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Does work that can be stopped: the first signal asks it to, a second one ends
 * the program.
 *
 * @param work The work, which heeds the signal.
 * @param end Ends the program.
 */
export async function withSignals<T>(
  work: (signal: AbortSignal) => Promise<T>,
  end: () => never,
): Promise<T> {
  const stop = new AbortController();
  let asked = 0;
  const onSignal = () => {
    const now = performance.now();
    if (stop.signal.aborted) {
      // A terminal's Ctrl-C may arrive twice, from it and from deno task. Who
      // presses it again means it.
      if (now - asked > 500) end();
      return;
    }
    asked = now;
    console.error("\nstopping after the running steps …");
    stop.abort();
  };
  for (const signal of SIGNALS) Deno.addSignalListener(signal, onSignal);
  try {
    return await work(stop.signal);
  } finally {
    for (const signal of SIGNALS) Deno.removeSignalListener(signal, onSignal);
  }
}
