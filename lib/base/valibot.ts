/**
 * Valibot's checks of values, by one name, as `tfjs.ts` beside this says.
 *
 * @module
 */

export * from "valibot";
