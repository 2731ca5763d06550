/**
 * The part of a lock file that some packages need.
 *
 * @module
 */

/** A lock file of Deno's, version 5, as far as it is read here. */
export interface Lock {
  /** The version of the form. */
  readonly version: string;
  /** Which version each specifier stands for. */
  readonly specifiers: Readonly<Record<string, string>>;
  /** The packages by name and version. */
  readonly npm: Readonly<
    Record<
      string,
      {
        readonly dependencies?: readonly string[];
        readonly optionalDependencies?: readonly string[];
      }
    >
  >;
}

/**
 * The lock file of a project that has fewer dependencies.
 *
 * @param lock The lock file of a project that has others, too.
 * @param wanted The dependencies, each `npm:NAME@VERSION`.
 * @throws {Error} if the lock file does not have one.
 */
export function lockOf(lock: Lock, wanted: readonly string[]): Lock & {
  readonly workspace: { readonly dependencies: readonly string[] };
} {
  const npm: Record<string, Lock["npm"][string]> = {};
  // A dependency of which there is one version only is named without it.
  const add = (id: string): void => {
    const key = id in lock.npm
      ? id
      : Object.keys(lock.npm).find((each) => each.startsWith(`${id}@`));
    if (key === undefined) throw new Error(`Cannot find ${id} in deno.lock`);
    if (key in npm) return;
    const entry = npm[key] = lock.npm[key]!;
    entry.dependencies?.forEach(add);
    entry.optionalDependencies?.forEach(add);
  };
  const specifiers: Record<string, string> = {};
  for (const specifier of wanted) {
    const version = specifiers[specifier] = lock.specifiers[specifier] ?? "";
    add(`${specifier.replace(/^npm:|@[^@]+$/g, "")}@${version}`);
  }
  return {
    version: lock.version,
    specifiers,
    npm,
    workspace: { dependencies: wanted },
  };
}
