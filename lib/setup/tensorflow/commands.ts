/**
 * Running the programs that a set-up needs, with one line to say when one is
 * missing or fails.
 *
 * @module
 */

/** A set-up that could not be finished; nothing of it is left. */
export class SetupError extends Error {
  /** What tells it from other errors. */
  override name = "SetupError";
}

/** Runs programs, until the signal ends them. */
export type Run = (
  action: string,
  program: string,
  args: readonly string[],
  options?: {
    readonly cwd?: string;
    readonly input?: string;
    /** What to do where it fails. */
    readonly mend?: string;
  },
) => Promise<string>;

/**
 * Makes what runs programs.
 *
 * @param signal Ends the program that runs.
 * @returns A function that runs a program and gives its stdout. It throws a
 * {@link SetupError} that names the action if the program cannot be started or
 * fails, with the last line that it said.
 */
export function runner(signal?: AbortSignal): Run {
  return async (action, program, args, { cwd, input, mend } = {}) => {
    if (signal?.aborted) throw stopped(action);
    const advice = mend === undefined ? "" : `; ${mend}`;
    let output: Deno.CommandOutput;
    try {
      const child = new Deno.Command(program, {
        args: [...args],
        ...cwd !== undefined && { cwd },
        ...signal && { signal },
        stdin: "piped",
        stdout: "piped",
        stderr: "piped",
      }).spawn();
      await feed(child.stdin, input ?? "");
      output = await child.output();
    } catch (error) {
      if (signal?.aborted) throw stopped(action);
      const reason = error instanceof Deno.errors.NotFound
        ? `there is no ${program} on the PATH`
        : (error as Error).message;
      throw new SetupError(`Cannot ${action}: ${reason}${advice}`, {
        cause: error,
      });
    }
    if (signal?.aborted) throw stopped(action);
    const { success, code, stdout, stderr } = output;
    const text = new TextDecoder().decode(stdout);
    if (!success) {
      const said = gist(new TextDecoder().decode(stderr)) ?? gist(text) ??
        "it said nothing";
      throw new SetupError(
        `Cannot ${action}: ${program} ended with code ${code}: ${said}${advice}`,
      );
    }
    return text;
  };
}

/** A set-up that the user stopped. */
class StoppedError extends SetupError {}

const stopped = (action: string) =>
  new StoppedError(`Stopped before it could ${action}; nothing is left of it`);

async function feed(stdin: WritableStream<Uint8Array>, input: string) {
  const writer = stdin.getWriter();
  try {
    await writer.write(new TextEncoder().encode(input));
    await writer.close();
  } catch {
    // A program that ends without reading says why itself.
  }
}

// The line that says what was wrong: compilers, pip and npm go on after it, npm
// with where its log lies.
function gist(text: string): string | undefined {
  const lines = text.split("\n")
    .map((line) => line.replace(/^npm (error|ERR!)/, "").trim())
    .filter((line) => line !== "" && !line.startsWith("A complete log"));
  return lines.find((line) => /\berror: |reason: /i.test(line)) ?? lines.at(-1);
}

/**
 * Looks whether a program is there and works.
 *
 * @param purpose What needs it.
 * @param commands Command lines of which one must succeed.
 * @param wanted What is missing otherwise, and what mends it.
 * @param input What the commands read.
 * @returns The program of the first command that succeeded.
 * @throws {SetupError} if none does.
 */
export async function need(
  run: Run,
  purpose: string,
  commands: readonly (readonly [program: string, ...args: string[]])[],
  wanted: string,
  input?: string,
): Promise<string> {
  let last: unknown;
  for (const [program, ...args] of commands) {
    try {
      await run(purpose, program, args, input === undefined ? {} : { input });
      return program;
    } catch (error) {
      // Not a sign of what is missing.
      if (error instanceof StoppedError) throw error;
      last = error;
    }
  }
  throw new SetupError(`Cannot ${purpose}: ${wanted}`, { cause: last });
}
