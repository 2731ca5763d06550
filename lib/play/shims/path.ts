/**
 * Of Node's paths what modules ask for as they are loaded.
 *
 * @module
 */

export const sep = "/";
export const join = (...parts: string[]): string => parts.join("/");
export const dirname = (path: string): string => path.replace(/\/[^/]*$/, "");
export const basename = (path: string): string => path.replace(/^.*\//, "");
export const extname = (path: string): string =>
  /\.[^./]*$/.exec(path)?.[0] ?? "";
export const isAbsolute = (path: string): boolean => path.startsWith("/");
export const normalize = (path: string): string => path;
export const relative = (_: string, to: string): string => to;
export const resolve = join;
export const posix = { sep, join, dirname, basename, normalize };
