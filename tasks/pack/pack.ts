/**
 * Makes the npm package: a tarball of what groklab needs to run.
 *
 * The code lies in `dist/`, so that what Deno fetches for it lies in
 * `dist/node_modules`, of which npm knows nothing.
 *
 * @module
 */

import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { COMMANDS, type Project } from "../shared/launch.ts";
import { lockOf } from "./lock.ts";
import { dependenciesOf, type Imports, namedBy, packaged } from "./sources.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/**
 * What Deno fetches, and npm must not: its install script would fetch CUDA's
 * parts, too. What only commands need, comes so besides.
 */
const RUNTIME = "onnxruntime-node";
// What is timed beside the peers is timed in a clone.
const ONLY_IN_CLONE = ["bench", "pack"];

interface DenoJson {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly exports: string | Readonly<Record<string, string>>;
  readonly tasks: Project["tasks"];
  readonly imports: Imports;
}

/**
 * Makes the package.
 *
 * @param out The tarball's file.
 * @returns What is in it, by name, in order.
 * @throws {Error} if it cannot be made.
 */
export async function pack(out: string): Promise<string[]> {
  const stage = await Deno.makeTempDir({ prefix: "groklab-pack-" });
  try {
    const folder = join(stage, "package");
    const dist = join(folder, "dist");
    await Deno.mkdir(dist, { recursive: true });
    const deno: DenoJson = await readJson(join(ROOT, "deno.json"));
    await writeSources(dist, deno.imports);
    await writeTypes(stage, dist, deno);
    const modules = await filesIn(dist);
    const needed = { library: new Map(), commands: new Map() };
    for (const name of modules.filter((each) => each.endsWith(".js"))) {
      const text = await Deno.readTextFile(join(dist, name));
      const found = name.startsWith("tasks/")
        ? needed.commands
        : needed.library;
      for (const { name, version } of dependenciesOf(text, deno.imports)) {
        found.set(name, version);
      }
    }
    needed.library.delete(RUNTIME);
    needed.library.forEach((_, name) => needed.commands.delete(name));
    await writeSettings(dist, deno, [RUNTIME, ...needed.commands.keys()]);
    await writeJson(
      join(folder, "package.json"),
      packageJson(deno, Object.fromEntries([...needed.library].sort())),
    );
    for (const name of ["README.md", "CHANGELOG.md", "LICENSE"]) {
      await Deno.copyFile(join(ROOT, name), join(folder, name));
    }
    const files = (await filesIn(folder)).sort();
    await run("tar", ["-czf", out, "-C", stage, "package"], ROOT);
    return files;
  } finally {
    await Deno.remove(stage, { recursive: true });
  }
}

// Every module as JavaScript, and what modules read beside them.
async function writeSources(dist: string, imports: Imports): Promise<void> {
  const inside = await Promise.all(
    ["lib", "models", "tasks"].map(async (folder) =>
      (await filesIn(join(ROOT, folder))).map((name) => `${folder}/${name}`)
    ),
  );
  const names = ["mod.ts", ...inside.flat()];
  // Declarations of another's types are nothing to run.
  const sources = names.filter((name) =>
    name.endsWith(".ts") && !name.endsWith(".d.ts") &&
    !ONLY_IN_CLONE.some((task) => RegExp(`^tasks/${task}[./]`).test(name))
  );
  await run(
    Deno.execPath(),
    ["transpile", "--quiet", "--outdir", dist, ...sources],
    ROOT,
  );
  for (const name of sources) {
    const file = join(dist, name.replace(/\.ts$/, ".js"));
    await Deno.writeTextFile(
      file,
      packaged(await Deno.readTextFile(file), imports),
    );
  }
  for (const name of names.filter((each) => !each.endsWith(".ts"))) {
    await Deno.copyFile(join(ROOT, name), join(dist, name));
  }
  // npm makes what a package's bin names executable; it is Node's to run.
  const program = join(dist, "tasks", "groklab.js");
  const text = await Deno.readTextFile(program);
  await Deno.writeTextFile(program, `#!/usr/bin/env node\n${text}`);
}

// The declarations of what is public, as Deno's own packing makes them. That
// would heed package.json, which is the clone's: so it is done elsewhere.
async function writeTypes(
  stage: string,
  dist: string,
  deno: DenoJson,
): Promise<void> {
  const clone = join(stage, "clone");
  await Deno.mkdir(clone);
  for (const name of ["lib", "models"]) {
    for (const file of await filesIn(join(ROOT, name))) {
      const target = join(clone, name, file);
      await Deno.mkdir(join(target, ".."), { recursive: true });
      await Deno.copyFile(join(ROOT, name, file), target);
    }
  }
  for (const name of ["mod.ts", "deno.json", "deno.lock"]) {
    await Deno.copyFile(join(ROOT, name), join(clone, name));
  }
  await Deno.symlink(join(ROOT, "node_modules"), join(clone, "node_modules"));
  await run(
    Deno.execPath(),
    ["pack", "--quiet", "--allow-dirty", "--no-source-maps", "-o", "types.tgz"],
    clone,
  );
  await run("tar", ["-xzf", "types.tgz"], clone);
  const made = join(clone, "package");
  for (const name of await filesIn(made)) {
    if (!name.endsWith(".d.ts")) continue;
    const text = await Deno.readTextFile(join(made, name));
    await Deno.writeTextFile(join(dist, name), packaged(text, deno.imports));
  }
}

// What the code reads of deno.json and Deno is told by it, and what Deno fetches.
async function writeSettings(
  dist: string,
  deno: DenoJson,
  fetched: readonly string[],
): Promise<void> {
  const { version, imports, tasks } = deno;
  const kept = COMMANDS.filter((each) => !ONLY_IN_CLONE.includes(each));
  await writeJson(join(dist, "deno.json"), {
    version,
    nodeModulesDir: "manual",
    tasks: Object.fromEntries(
      kept.map((each) => {
        const { description, command } = tasks[each]!;
        return [each, {
          description,
          command: command.replace(/\.ts$/, ".js"),
        }];
      }),
    ),
    imports: Object.fromEntries(
      Object.entries(imports).map((
        [key, path],
      ) => [key, path.startsWith("./") ? path.replace(/\.ts$/, ".js") : path]),
    ),
  });
  const wanted = fetched.toSorted().map((each) => imports[each]!);
  await writeJson(join(dist, "runtime.json"), {
    nodeModulesDir: "auto",
    imports: Object.fromEntries(
      wanted.map((each) => [namedBy(each)!.name, each]),
    ),
    lock: { path: "runtime.lock", frozen: true },
  });
  const lock = await readJson<Parameters<typeof lockOf>[0]>(
    join(ROOT, "deno.lock"),
  );
  await writeJson(join(dist, "runtime.lock"), lockOf(lock, wanted));
}

/**
 * The package.json of the package.
 *
 * @param deno The project's deno.json.
 * @param dependencies The npm packages that the library imports.
 */
function packageJson(
  deno: DenoJson,
  dependencies: Readonly<Record<string, string>>,
): unknown {
  const { name, version, license } = deno;
  const entries = typeof deno.exports === "string"
    ? { ".": deno.exports }
    : deno.exports;
  const file = (path: string, end: string) =>
    path.replace(/^\.\//, "./dist/").replace(/\.ts$/, end);
  return {
    name,
    version,
    description:
      "Why neural networks generalise long after they have memorised",
    license,
    type: "module",
    bin: { groklab: "dist/tasks/groklab.js" },
    exports: Object.fromEntries(
      Object.entries(entries).map(([entry, path]) => [
        entry,
        { types: file(path, ".d.ts"), default: file(path, ".js") },
      ]),
    ),
    scripts: { postinstall: "node dist/tasks/shared/after_install.js" },
    engines: { node: ">=20.6" },
    dependencies: { ...dependencies, deno: Deno.version.deno },
  };
}

async function filesIn(folder: string): Promise<string[]> {
  const names: string[] = [];
  const look = async (inside: string): Promise<void> => {
    for await (const { name, isDirectory } of Deno.readDir(inside)) {
      const path = join(inside, name);
      if (isDirectory) await look(path);
      else names.push(relative(folder, path).replaceAll("\\", "/"));
    }
  };
  await look(folder);
  return names.sort();
}

async function readJson<T>(file: string): Promise<T> {
  return JSON.parse(await Deno.readTextFile(file));
}

async function writeJson(file: string, value: unknown): Promise<void> {
  await Deno.writeTextFile(file, `${JSON.stringify(value, null, 2)}\n`);
}

async function run(
  program: string,
  args: readonly string[],
  cwd: string,
): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, {
    args: [...args],
    cwd,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  if (success) return;
  const said = new TextDecoder().decode(stderr).trim();
  throw new Error(`Cannot pack: ${program} ${args[0]} failed: ${said}`);
}
