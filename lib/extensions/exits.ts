/**
 * Ending the program, which what is loaded into it may not.
 *
 * @module
 */

/**
 * From now on `Deno.exit`, what Node has for it, and `close` throw in this thread: a
 * command that ended by one would look as if it had done its work, and a worker
 * would be waited for.
 */
export function refuseExits(): void {
  const refuse = (code?: string | number | null): never => {
    throw new Error(
      `it would end the program here, with code ${code ?? 0}: throw an error ` +
        "instead",
    );
  };
  // Node's process.exit() calls Deno's.
  Object.assign(Deno, { exit: refuse });
  Object.assign(globalThis, { close: () => refuse() });
}
