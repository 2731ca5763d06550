/**
 * Ending the program.
 *
 * @module
 */

/** Ends the program, also where an extension may not: `Deno.exit` as it was. */
export const exit: (code?: number) => never = Deno.exit;
