/**
 * The project's files as an npm package has them: JavaScript, since Deno runs no
 * TypeScript below a node_modules, with npm's names for what is imported.
 *
 * @module
 */

/** What an import map says: names, and `npm:NAME@VERSION/PATH`. */
export type Imports = Readonly<Record<string, string>>;

/** An npm package that an import map names. */
export interface Named {
  /** The package. */
  readonly name: string;
  /** Its version. */
  readonly version: string;
  /** What of it is meant, with a slash before it; or nothing. */
  readonly path: string;
}

/** What a specifier `npm:…` names; undefined of another one. */
export function namedBy(specifier: string): Named | undefined {
  const [, name, version, path = ""] =
    /^npm:\/?((?:@[^/]+\/)?[^@/]+)@([^/]+)(\/.*)?$/.exec(specifier) ?? [];
  return name === undefined ? undefined : { name, version: version!, path };
}

// Where a module is named: from "…", import "…", import("…").
const IMPORT = /((?:\bfrom|\bimport)\s*\(?\s*)"([^"\n]+)"/g;
// A file of the project that another thread, process or bundle begins with.
const FILE = /(new URL\(\s*"\.[^"\n]+)\.ts("\s*,\s*import\.meta\.url)/g;

/**
 * A module with the names that its imports have in the package.
 *
 * @param text What it says, as JavaScript or a declaration file.
 * @param imports The import map.
 */
export function packaged(text: string, imports: Imports): string {
  return text
    .replaceAll(IMPORT, (whole, before, specifier) => {
      const name = inPackage(specifier, imports);
      return name === undefined ? whole : `${before}"${name}"`;
    })
    .replaceAll(FILE, "$1.js$2");
}

function inPackage(specifier: string, imports: Imports): string | undefined {
  if (/^\.\.?\//.test(specifier)) return specifier.replace(/\.ts$/, ".js");
  const named = namedBy(imports[specifier] ?? "");
  return named && named.name + named.path;
}

/**
 * The packages that a module of the package needs: those that it imports, and
 * those whose files it looks for by name.
 *
 * @param text What it says, {@link packaged}.
 * @param imports The import map.
 */
export function dependenciesOf(text: string, imports: Imports): Named[] {
  return Object.values(imports).flatMap((each) => namedBy(each) ?? [])
    .filter(({ name }) =>
      [`"${name}"`, `"${name}/`, `\`${name}/`].some((at) => text.includes(at))
    );
}
