/**
 * What a reader could go on without, and a user should know all the same.
 *
 * @module
 */

const told = new Set<string>();

/** Says something on stderr; once in a process, however often it is met. */
export function notice(text: string): void {
  if (told.has(text)) return;
  told.add(text);
  // What helpers read, the thread that started them has looked at.
  if (isWorker()) return;
  console.warn(`note: ${text}`);
}

// A worker has no main module.
function isWorker(): boolean {
  const main: string | undefined = Deno.mainModule;
  return main === undefined;
}
