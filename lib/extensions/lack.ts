/**
 * What an extension wanted to do and may not.
 *
 * @module
 */

/**
 * What an extension wants to do and may not, in words; undefined of another error.
 *
 * @param error What it threw.
 */
export function lackText(error: unknown): string | undefined {
  if (!(error instanceof Deno.errors.NotCapable)) return undefined;
  const [, wanted = error.message] =
    /^Requires (.*?)(?:, run again with.*)?$/s.exec(error.message) ?? [];
  return `it requires ${wanted}, which this task does not have: an extension ` +
    "may do what the task may, and nothing else";
}
