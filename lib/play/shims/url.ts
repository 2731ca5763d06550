/**
 * Of Node's addresses what modules ask for as they are loaded.
 *
 * @module
 */

export const fileURLToPath = (url: string | URL): string =>
  new URL(url).pathname;
export const pathToFileURL = (path: string): URL => new URL(`file://${path}`);
