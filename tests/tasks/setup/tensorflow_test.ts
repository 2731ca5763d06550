/** Setting TensorFlow up, as a user meets it. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import {
  folderOf,
  isInstalled,
  setupRoot,
} from "../../../lib/devices/tfjs/backends.ts";
import { pathOf } from "../_fakes.ts";
import {
  assertFailed,
  assertRefused,
  type Output,
  outputOf,
  startProgram,
  startTaskWith,
  task,
  withTempDir,
} from "../_run.ts";

/** What is set up: the names of the folders and what is in them. */
async function whatIsSetUp(): Promise<string[]> {
  const names = [];
  try {
    for await (const { name } of Deno.readDir(setupRoot)) {
      names.push(name);
      for await (const inner of Deno.readDir(join(setupRoot, name))) {
        names.push(`${name}/${inner.name}`);
      }
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    names.push("nothing, not even the folder");
  }
  return names.sort();
}

/** Runs work, after which no more and no less may be set up than before. */
async function changingNothing(work: () => Promise<void>): Promise<void> {
  const before = await whatIsSetUp();
  await work();
  assertEquals(await whatIsSetUp(), before);
}

/** Stops a program when a file has appeared. */
async function stopped(
  child: Deno.ChildProcess,
  mark: string,
  signal: Deno.Signal,
): Promise<Output> {
  const ended = outputOf(child);
  const started = Date.now();
  while (!await Deno.stat(mark).catch(() => null)) {
    assert(Date.now() - started < 30_000, `there is no ${mark}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  child.kill(signal);
  const output = await ended;
  assert(Date.now() - started < 45_000, "it waited for what it had started");
  return output;
}

const WRONG: readonly [args: string, says: readonly RegExp[]][] = [
  ["--backend abacus", [
    /--backend/,
    /"abacus"/,
    /node, node-gpu, wasm, webgpu/,
  ]],
  ["--backend cpu", [/--backend/, /"cpu"/, /node, node-gpu, wasm, webgpu/]],
  ["--gpu --backend wasm", [/--gpu and --backend wasm/, /give one/]],
  ["--backend wasm --stock", [/wasm with --stock/, /only node and node-gpu/]],
  ["--backend webgpu --libtensorflow .", [/webgpu with --libtensorflow/]],
  ["--stock --libtensorflow .", [/--stock and --libtensorflow/, /give one/]],
  ["--libtensorflow nowhere", [/nowhere: there is no such folder/, /c_api\.h/]],
  ["--libtensorflow deno.json", [/deno\.json: it is a file/, /c_api\.h/]],
  ["--libtensorflow lib", [/lib: there is no libtensorflow in it/, /c_api\.h/]],
];

for (const [args, says] of WRONG) {
  Deno.test(`setup tensorflow ${args} is refused`, () =>
    changingNothing(async () => {
      const output = await task("setup", "tensorflow", ...args.split(" "));
      const line = assertRefused(output, 2);
      for (const pattern of says) assertMatch(line, pattern);
    }));
}

/** A folder that looks like Python's `tensorflow`, without some of its files. */
async function libraryWithout(dir: string, missing?: string): Promise<string> {
  const folder = join(dir, "tensorflow");
  await Deno.mkdir(join(folder, "include", "tensorflow", "c"), {
    recursive: true,
  });
  for (
    const file of [
      "libtensorflow_cc.so.2",
      "libtensorflow_framework.so.2",
      "include/tensorflow/c/c_api.h",
    ]
  ) {
    if (file !== missing) await Deno.writeTextFile(join(folder, file), "");
  }
  return folder;
}

for (
  const missing of [
    "libtensorflow_framework.so.2",
    "include/tensorflow/c/c_api.h",
  ]
) {
  Deno.test(`setup tensorflow refuses a libtensorflow without ${missing}`, () =>
    withTempDir((dir) =>
      changingNothing(async () => {
        const folder = await libraryWithout(dir, missing);
        const args = ["tensorflow", "--libtensorflow", folder];
        const line = assertRefused(await task("setup", ...args), 2);
        assert(line.includes(`${folder}: ${missing} is missing`), line);
      })
    ));
}

const YES = "exit 0";

const FETCHING_FAILS = `[ "$1" = --version ] && exit 0
echo "npm error code ENOTFOUND" >&2
echo "npm error network request failed, reason: getaddrinfo ENOTFOUND" >&2
echo "npm error A complete log of this run can be found in: x.log" >&2
exit 1`;

const FETCHES_ANOTHER = `[ "$1" = --version ] && exit 0
for arg; do case $arg in --pack-destination=*) to=\${arg#*=};; esac; done
for name in tensorflow-tfjs-node-4.22.0 google-protobuf-3.21.4 \
  node-api-headers-1.9.0; do echo another >"$to/$name.tgz"; done`;

// What the machine has → what the one line must say.
const MACHINES: readonly [
  what: string,
  programs: Readonly<Record<string, string>>,
  says: readonly RegExp[],
][] = [
  ["npm", {}, [/npm is missing/, /Node/]],
  ["tar", { npm: YES }, [/tar is missing/, /install/]],
  ["a C++ compiler", { npm: YES, tar: YES }, [
    /C\+\+ compiler is missing/,
    /apt-get install g\+\+/,
  ]],
  // There, but without its standard library.
  ["a C++ compiler that works", { npm: YES, tar: YES, "c++": "exit 1" }, [
    /C\+\+ compiler is missing/,
  ]],
  ["Python", { npm: YES, tar: YES, "c++": YES }, [
    /pip is missing/,
    /python3-pip/,
    /--libtensorflow/,
  ]],
  ["pip", { npm: YES, tar: YES, "c++": YES, python3: "exit 1" }, [
    /pip is missing/,
    /python3-pip/,
  ]],
  ["an NVIDIA card", { npm: YES, tar: YES, "g++": YES, python3: YES }, [
    /no NVIDIA card/,
    /nvidia-smi/,
    /deno task setup tensorflow$/,
  ]],
];

const ALL = { tar: YES, "c++": YES, python3: YES, "nvidia-smi": YES };

// Where it is set up already, there is nothing that it would have to fetch.
const there = await isInstalled("node-gpu");

if (there) {
  console.log(
    "setup tensorflow on poorer machines: skipped, node-gpu is set up here",
  );
}

function onMachine(
  name: string,
  programs: Readonly<Record<string, string>>,
  says: readonly RegExp[],
  progress: readonly string[],
): void {
  Deno.test({
    name,
    ignore: there || Deno.build.os !== "linux",
    fn: () =>
      withTempDir((dir) =>
        changingNothing(async () => {
          const env = await pathOf(dir, programs);
          const output = await outputOf(
            startTaskWith(env, "setup", "tensorflow", "--gpu"),
          );
          const line = assertFailed(output);
          for (const pattern of says) assertMatch(line, pattern);
          const before = output.stderr.trimEnd().split("\n").slice(0, -1);
          assertEquals(before, progress);
        })
      ),
  });
}

for (const [missing, programs, says] of MACHINES) {
  onMachine(
    `setup tensorflow says that ${missing} is missing`,
    programs,
    says,
    [],
  );
}

onMachine(
  "setup tensorflow says why npm cannot fetch, and leaves nothing",
  { ...ALL, npm: FETCHING_FAILS },
  [/fetch the packages/, /reason: getaddrinfo ENOTFOUND; try again/],
  ["fetching packages from npm …"],
);

onMachine(
  "setup tensorflow refuses a package that is another, and leaves nothing",
  { ...ALL, npm: FETCHES_ANOTHER },
  [/tfjs-node 4\.22\.0/, /another package/, /sha512-/],
  ["fetching packages from npm …"],
);

for (const signal of ["SIGTERM", "SIGHUP"] as const) {
  Deno.test({
    name: `setup tensorflow that is stopped by ${signal} leaves nothing`,
    ignore: there || Deno.build.os !== "linux",
    fn: () =>
      withTempDir((dir) =>
        changingNothing(async () => {
          // The shell becomes what waits, so that to end it ends the waiting.
          const mark = join(dir, "fetching");
          const npm = `[ "$1" = --version ] && exit 0
: >"${mark}"; exec /bin/sleep 60`;
          const env = await pathOf(dir, { ...ALL, npm });
          const args = ["tensorflow", "--gpu"];
          // What a task starts does not hear it from `deno task`.
          const child = startProgram("setup", args, true, env);
          const { code, stdout, stderr } = await stopped(child, mark, signal);
          assertEquals([code, stdout], [130, ""], stderr);
          assertMatch(stderr, /Stopped before it could fetch.*nothing is left/);
        })
      ),
  });
}

const webgpu = await isInstalled("webgpu");

if (webgpu) {
  console.log("setup tensorflow --remove: skipped, webgpu is set up here");
}

Deno.test({
  name: "setup tensorflow --remove removes what was set up, or half of it",
  ignore: webgpu,
  fn: () =>
    changingNothing(async () => {
      const partial = `${folderOf("webgpu")}.partial-1`;
      await Deno.mkdir(join(partial, "node_modules"), { recursive: true });
      const args = ["tensorflow", "--backend", "webgpu", "--remove", "--json"];
      const first = await task("setup", ...args);
      assertEquals(first.code, 0, first.stderr);
      assertEquals(JSON.parse(first.stdout), { removed: [partial] });
      const second = await task("setup", ...args);
      assertEquals(JSON.parse(second.stdout), { removed: [] });
    }),
});
