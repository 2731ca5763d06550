/**
 * Stopping at a signal.
 *
 * @module
 */

import process from "node:process";

// Ctrl-C, what asks a program to end before it is made to, and a terminal that was
// closed.
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** What a scheduler may send some time before it ends a job, where there is such. */
export const SOON: readonly Deno.Signal[] = Deno.build.os === "windows"
  ? []
  : ["SIGUSR1"];

/**
 * Does work that can be stopped: the first signal asks it to, a second one ends
 * the program.
 *
 * @param work The work, which heeds the signal.
 * @param end Ends the program.
 * @param also Signals that are heeded beside the usual ones.
 */
export async function withSignals<T>(
  work: (signal: AbortSignal) => Promise<T>,
  end: () => never,
  also: readonly Deno.Signal[] = [],
): Promise<T> {
  const stop = new AbortController();
  let asked = 0;
  using _ = onSignals(() => {
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
  }, also);
  return await work(stop.signal);
}

/**
 * Hears every signal that ends a program, until it is disposed of. Also when the
 * terminal was closed the program may go on writing to it.
 *
 * @param listener What is done at each.
 * @param also Signals that are heard beside the usual ones.
 */
export function onSignals(
  listener: () => void,
  also: readonly Deno.Signal[] = [],
): Disposable {
  outlive(process.stderr, ["error", "warn"]);
  const onHangUp = () => {
    outlive(process.stdout, ["log"]);
    listener();
  };
  const listeners = [...SIGNALS, ...also].map((signal) =>
    [signal, signal === "SIGHUP" ? onHangUp : listener] as const
  );
  for (const each of listeners) Deno.addSignalListener(...each);
  return {
    [Symbol.dispose]() {
      for (const each of listeners) Deno.removeSignalListener(...each);
    },
  };
}

// What is written to a terminal that was closed is an error of the system, which
// must not end what is to end with a checkpoint. It comes before the signal does.
function outlive(
  stream: NodeJS.WriteStream,
  names: readonly ("log" | "error" | "warn")[],
): void {
  stream.on("error", () => {});
  stream.write = quietly(stream.write.bind(stream));
  for (const name of names) console[name] = quietly(console[name]);
}

// deno-lint-ignore no-explicit-any
function quietly<F extends (...args: any[]) => any>(write: F): F {
  return ((...args) => {
    try {
      return write(...args);
    } catch {
      return true;
    }
  }) as F;
}
