/**
 * Observable Plot, by one name, as `lib/base/tfjs.ts` says.
 *
 * @module
 */

export * from "@observablehq/plot";
