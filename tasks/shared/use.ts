/**
 * `--use`: the extensions of a command line, which are loaded before its flags are
 * made, since they add to these.
 *
 * @module
 */

import { dirname } from "node:path";
import { UsageError } from "../../lib/base/errors.ts";
import type {
  Loaded,
  MissingExtensionError,
} from "../../lib/extensions/load.ts";
import { explainErrors, goToCaller, refuse } from "./cli.ts";

/**
 * Loads what `--use` names, and adds it to the registries. What is wrong with it
 * ends the program with a line.
 *
 * @param args The arguments of the command.
 * @param place Where relative paths start, as `main()` has it.
 */
export async function useNamed(
  args: readonly string[] = Deno.args,
  place: "caller" | "started" = "caller",
): Promise<void> {
  const named = args.flatMap((arg, i) =>
    arg === "--use" ? args[i + 1] ?? [] : /^--use=(.*)$/s.exec(arg)?.[1] ?? []
  );
  if (named.length === 0) return;
  if (place === "caller") goToCaller();
  // Who names none waits for none of it.
  const { lackText } = await import("../../lib/extensions/lack.ts");
  const { allowChanged, extensionsInUse, useExtension } = await import(
    "../../lib/extensions/use.ts"
  );
  const { refuseExits } = await import("../../lib/extensions/exits.ts");
  explainErrors((error) => {
    const lack = lackText(error);
    if (lack === undefined || extensionsInUse.length === 0) return undefined;
    const paths = extensionsInUse.map(({ path }) => path).join(", ");
    return `Cannot use the extension ${paths}: ${lack}`;
  });
  endWithLine(named);
  refuseExits();
  try {
    allowChanged(args.includes("--use-changed"));
    for (const path of named) {
      for (const { extension, ...from } of await loaded(path, args)) {
        // Its probes go into a registry that not every command loads.
        if (extension.probes) await import("../../lib/probes/catalogue.ts");
        useExtension(extension, from);
      }
    }
    // What failed while they were loaded is said before anything else is done.
    await new Promise((done) => setTimeout(done, 0));
  } catch (error) {
    refuse(error);
  }
}

// What nobody waits for, a timer or a promise of an extension, would end the program
// with Deno's own text.
function endWithLine(named: readonly string[]): void {
  const end = (what: unknown) => {
    const why = what instanceof Error ? what.message : String(what);
    refuse(
      new Error(
        `With the extension ${
          named.join(", ")
        } something failed that nothing ` +
          `waits for: ${why}`,
        { cause: what },
      ),
    );
  };
  addEventListener("error", (event) => {
    event.preventDefault();
    end(event.error);
  });
  addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    end(event.reason);
  });
}

// A module; of a run the copies that it keeps.
async function loaded(
  path: string,
  args: readonly string[],
): Promise<Loaded[]> {
  const { importExtension, MissingExtensionError } = await import(
    "../../lib/extensions/load.ts"
  );
  const { extensionsOf } = await import("../../lib/runs/kept.ts");
  const kept = path.startsWith("file:") ? [] : await extensionsOf(path);
  if (kept.length > 0) {
    return await Promise.all(
      kept.map(({ record, url }) =>
        importExtension(url, { as: record.path, fetches: false })
      ),
    );
  }
  try {
    return [await importExtension(path, { fetches: false })];
  } catch (error) {
    if (!(error instanceof MissingExtensionError)) throw error;
    return [await keptInstead(path, args, error)];
  }
}

// Where the module is gone, its copy in a run that the command names.
async function keptInstead(
  path: string,
  args: readonly string[],
  missing: MissingExtensionError,
): Promise<Loaded> {
  const { importExtension } = await import("../../lib/extensions/load.ts");
  const { extensionKept } = await import("../../lib/runs/kept.ts");
  for (const run of await runsNamed(args)) {
    const kept = await extensionKept(run, path).catch((error) => {
      if (error instanceof UsageError) return undefined;
      throw error;
    });
    if (!kept) continue;
    console.error(
      `note: ${path} is not there; the copy that the run ${run} keeps is used`,
    );
    return await importExtension(kept.url, { as: path, fetches: false });
  }
  throw missing;
}

// Folders that may be runs: those that are named, and those in which files lie
// that are; --resume alone means the newest.
async function runsNamed(args: readonly string[]): Promise<string[]> {
  const words = args.map((arg) => arg.replace(/^--[\w-]+=/, ""))
    .filter((word) => word !== "" && !word.startsWith("-"));
  const { newestRun } = await import("../../lib/runs/read.ts");
  const newest = args.includes("--resume")
    ? await newestRun().catch(() => undefined)
    : undefined;
  return [
    ...words.flatMap((word) => [word, dirname(word), dirname(dirname(word))]),
    ...words.map((word) => `${word}/replica-0`),
    ...(newest === undefined ? [] : [newest]),
  ];
}
