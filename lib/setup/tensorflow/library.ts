/**
 * libtensorflow for tfjs-node's addon: out of the official wheel, or what lies on
 * the machine already; and the addon built against it.
 *
 * @module
 */

import { join } from "node:path";
import { UsageError } from "../../base/errors.ts";
import { ADDON, NODE_PACKAGE } from "../../devices/tfjs/node.ts";
import { type Run, SetupError } from "./commands.ts";

/** A wheel of the Python package index, as a lock file would name it. */
export interface Wheel {
  readonly requirement: string;
  readonly sha256: string;
}

/** The official wheels, for a CPU and for CUDA. The CPython is pinned with them. */
export const wheels: Readonly<Record<"node" | "node-gpu", Wheel>> = {
  "node": {
    requirement: "tensorflow-cpu==2.21.0",
    sha256: "dcc8afd32930e42d5296b6ee19078b773706830af4ea97fbe503b9f5e0f820cb",
  },
  "node-gpu": {
    requirement: "tensorflow==2.21.0",
    sha256: "b3b95643c4e70eb925839938fb35cbe142f317ec84af6844ee61513713bb13c0",
  },
};

// What of a wheel is wanted: the library, and the headers of its C interface.
const WANTED = [
  "tensorflow/libtensorflow_cc.so.2",
  "tensorflow/libtensorflow_framework.so.2",
  "tensorflow/include/tensorflow/c/",
  "tensorflow/include/tensorflow/core/platform/ctstring",
  "tensorflow/include/tsl/platform/ctstring",
  "tensorflow/include/xla/tsl/c/",
];

// A wheel is a zip file: unpacks the members that begin with one of the prefixes,
// or end with the suffix in place of a `*`.
const UNZIP = `
import sys, zipfile
wheel, target, *wanted = sys.argv[1:]
with zipfile.ZipFile(wheel) as z:
    for name in z.namelist():
        if any(name.endswith(w[1:]) if w[0] == "*" else name.startswith(w) for w in wanted):
            z.extract(name, target)
`;

const deps = (folder: string) =>
  join(folder, "node_modules", NODE_PACKAGE, "deps");

// pip takes the tags of other systems as they are, and does not know which
// include which.
const PLATFORMS = [28, 27, 26, 24, 18, 17, 12, 5]
  .map((glibc) => `manylinux_2_${glibc}_x86_64`)
  .concat("manylinux2014_x86_64", "manylinux2010_x86_64", "manylinux1_x86_64");

async function download(
  args: readonly string[],
  target: string,
  what: string,
  run: Run,
): Promise<string[]> {
  await run(`fetch ${what} with pip`, "python3", [
    ...["-m", "pip", "download", "--quiet", "--disable-pip-version-check"],
    ...["--no-deps", "--only-binary=:all:", "--implementation=cp"],
    ...["--python-version=3.12"],
    ...PLATFORMS.map((tag) => `--platform=${tag}`),
    ...["--dest", target, ...args],
  ], {
    mend: "where the package index cannot be reached, give the folder of a " +
      "libtensorflow with --libtensorflow",
  });
  const files = [];
  for await (const { name } of Deno.readDir(target)) {
    files.push(join(target, name));
  }
  return files;
}

/**
 * Puts libtensorflow and its headers into the package's `deps`, out of the wheel;
 * for a GPU the libraries of CUDA beside it, where it looks for them.
 *
 * @param folder The folder being set up.
 */
export async function libraryFromWheel(
  folder: string,
  backend: "node" | "node-gpu",
  run: Run,
  log: (line: string) => void,
): Promise<void> {
  const { requirement, sha256 } = wheels[backend];
  const wheelFolder = join(folder, "wheels");
  await Deno.mkdir(wheelFolder);
  const list = join(folder, "requirements.txt");
  await Deno.writeTextFile(list, `${requirement} --hash=sha256:${sha256}\n`);
  log(`fetching ${requirement} with pip …`);
  const args = ["--require-hashes", "-r", list];
  const [wheel] = await download(args, wheelFolder, requirement, run);
  const unpacked = join(folder, "unpacked");
  await run("unpack the wheel", "python3", [
    ...["-c", UNZIP, wheel!, unpacked],
    ...[...WANTED, "*.dist-info/METADATA"],
  ]);
  await Deno.mkdir(join(deps(folder), "lib"), { recursive: true });
  for (const name of ["cc", "framework"]) {
    const file = `libtensorflow_${name}.so.2`;
    await Deno.rename(
      join(unpacked, "tensorflow", file),
      join(deps(folder), "lib", file),
    );
  }
  await Deno.rename(
    join(unpacked, "tensorflow", "include"),
    join(deps(folder), "include"),
  );
  if (backend === "node-gpu") {
    const needs = await cudaRequirements(unpacked);
    log(`fetching ${needs.length} libraries of CUDA with pip, about 3 GB …`);
    const cuda = join(folder, "cuda");
    for (const file of await download(needs, cuda, "CUDA", run)) {
      await run("unpack CUDA", "python3", [
        ...["-c", UNZIP, file, deps(folder), "nvidia/"],
      ]);
    }
    await Deno.remove(cuda, { recursive: true });
  }
  for (const done of [wheelFolder, unpacked, list]) {
    await Deno.remove(done, { recursive: true });
  }
  await link(
    join(deps(folder), "lib"),
    "libtensorflow_cc.so.2",
    "libtensorflow_framework.so.2",
    run,
  );
}

// What `pip install tensorflow[and-cuda]` would install beside it.
async function cudaRequirements(unpacked: string): Promise<string[]> {
  for await (const { name } of Deno.readDir(unpacked)) {
    if (!name.endsWith(".dist-info")) continue;
    const text = await Deno.readTextFile(join(unpacked, name, "METADATA"));
    return [
      ...text.matchAll(/^Requires-Dist: ([^;\n]+); *extra == .and-cuda.$/gm),
    ]
      .map(([, requirement]) => requirement!.trim());
  }
  throw new SetupError(
    "Cannot fetch CUDA: the wheel does not say which it needs",
  );
}

// The names that the addon is linked with, and those it was built for by its
// makers. By ln, since Deno makes links only for those who may write anywhere.
async function link(lib: string, main: string, framework: string, run: Run) {
  for (
    const [name, target] of [
      ["libtensorflow.so", main],
      ["libtensorflow.so.2", main],
      ["libtensorflow.so.2.9.1", main],
      ["libtensorflow_cc.so.2", main],
      ["libtensorflow_framework.so", framework],
      ["libtensorflow_framework.so.2", framework],
      ["libtensorflow_framework.so.2.9.1", framework],
    ] as const
  ) {
    // A file is there under its own name already.
    if (name === target) continue;
    await run("link libtensorflow", "ln", ["-s", target, join(lib, name)]);
  }
}

/** A libtensorflow that lies on the machine. */
export interface FoundLibrary {
  /** The folder of the libraries, absolute. */
  readonly lib: string;
  /** The folder of the headers, absolute. */
  readonly include: string;
  readonly main: string;
  readonly framework: string;
}

/**
 * Finds libtensorflow in a folder: in that of Python's `tensorflow`, or in the
 * unpacked C library.
 *
 * @throws {UsageError} naming what is missing.
 */
export async function findLibrary(folder: string): Promise<FoundLibrary> {
  const fail = (state: string): never => {
    throw new UsageError(
      `Cannot use --libtensorflow ${folder}: ${state}; it must be the folder ` +
        "of Python's tensorflow package, or of the unpacked C library, with " +
        "libtensorflow, libtensorflow_framework and include/tensorflow/c/c_api.h",
    );
  };
  const has = async (...path: string[]) => {
    try {
      return (await Deno.stat(join(...path))).isFile;
    } catch {
      return false;
    }
  };
  const real = await Deno.realPath(folder)
    .catch(() => fail("there is no such folder"));
  if (!(await Deno.stat(real)).isDirectory) fail("it is a file");
  for (const lib of [real, join(real, "lib")]) {
    for (const main of ["libtensorflow_cc.so.2", "libtensorflow.so.2"]) {
      const framework = "libtensorflow_framework.so.2";
      if (!await has(lib, main)) continue;
      if (!await has(lib, framework)) return fail(`${framework} is missing`);
      const include = join(real, "include");
      if (!await has(include, "tensorflow", "c", "c_api.h")) {
        return fail("include/tensorflow/c/c_api.h is missing");
      }
      return { lib, include, main, framework };
    }
  }
  return fail("there is no libtensorflow in it");
}

/** Puts links to a libtensorflow into the package's `deps`. */
export async function libraryFrom(
  folder: string,
  { lib, include, main, framework }: FoundLibrary,
  run: Run,
): Promise<void> {
  const [ownLib, ownInclude] = [
    join(deps(folder), "lib"),
    join(deps(folder), "include"),
  ];
  await Deno.mkdir(ownLib, { recursive: true });
  await run("link the headers", "ln", ["-s", include, ownInclude]);
  await link(ownLib, join(lib, main), join(lib, framework), run);
}

/**
 * Builds tfjs-node's addon. It uses nothing of Node but the stable interface for
 * addons, whose headers are a package of their own; so a compiler is enough.
 *
 * @param compiler The C++ compiler.
 * @param library Where libtensorflow lies, if not in the package's `deps`: it
 * finds its neighbours from its own place, not from a link's.
 */
export async function buildAddon(
  folder: string,
  compiler: string,
  library: string | undefined,
  run: Run,
): Promise<void> {
  const modules = join(folder, "node_modules");
  const source = join(modules, NODE_PACKAGE);
  const addon = join(source, ADDON);
  await Deno.mkdir(join(addon, ".."), { recursive: true });
  await run("build the addon of tfjs-node", compiler, [
    ...["-std=c++17", "-O2", "-fPIC", "-shared", "-DNAPI_VERSION=8"],
    ...["-I", join(modules, "node-api-headers", "include")],
    ...["-I", join(deps(folder), "include")],
    join(source, "binding", "tfjs_backend.cc"),
    join(source, "binding", "tfjs_binding.cc"),
    ...["-L", join(deps(folder), "lib")],
    ...["-ltensorflow", "-ltensorflow_framework"],
    `-Wl,-rpath,${library ?? "$ORIGIN/../../deps/lib"}`,
    ...["-o", addon],
  ]);
}
