import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { outputOf, startDeno, startProgram, type TaskName } from "./_run.ts";

const TASKS: readonly [TaskName, ...string[]][] = [
  ["train"],
  ["probe"],
  ["report"],
  ["play"],
  ["export"],
  ["runs"],
  ["runs", "remove"],
  ["sweep", "run"],
  ["sweep", "status"],
  ["sweep", "collect"],
  ["sweep", "report"],
  ["sweep", "submit"],
  ["record"],
  ["record", "run"],
  ["record", "check"],
  ["record", "time"],
  ["record", "list"],
  ["record", "publish"],
  ["bench"],
  ["doctor"],
  ["setup"],
  ["setup", "cuda"],
  ["setup", "tensorflow"],
  ["setup", "mnist"],
];

// With colours asked for or not, a task reads no variable that it may not.
for (const NO_COLOR of ["", "1"]) {
  for (const [name, ...rest] of TASKS) {
    const words = [name, ...rest].join(" ");
    Deno.test(`deno task ${words} --help, NO_COLOR="${NO_COLOR}"`, async () => {
      const child = startProgram(name, [...rest, "--help"], false, {
        NO_COLOR,
      });
      const { code, stdout, stderr } = await outputOf(child);
      assertEquals([code, stderr], [0, ""]);
      assertStringIncludes(stdout, `Usage: deno task ${words}`);
      assertStringIncludes(stdout, "Show this help");
    });
  }
}

/** A module of a graph: what it imports, and whether only when it is needed. */
interface Found {
  readonly specifier: string;
  readonly dependencies?: readonly {
    readonly specifier: string;
    readonly code?: { readonly specifier?: string };
    readonly isDynamic?: boolean;
  }[];
}

/** Imports of a task, of those that it begins with and of all that it may need. */
async function importsOf(task: string) {
  const { stdout } = await outputOf(
    startDeno(["info", "--json", `tasks/${task}.ts`]),
  );
  const { roots, modules } = JSON.parse(stdout) as {
    readonly roots: readonly string[];
    readonly modules: readonly Found[];
  };
  const byName = new Map(modules.map((each) => [each.specifier, each]));
  const from = (name: string) =>
    (byName.get(name)?.dependencies ?? []).flatMap(
      ({ code, specifier, isDynamic = false }) =>
        code ? { to: code.specifier ?? specifier, isDynamic } : [],
    );
  const reached = (late: boolean) => {
    const names = new Set(roots);
    for (const name of names) {
      for (const { to, isDynamic } of from(name)) {
        if (late || !isDynamic) names.add(to);
      }
    }
    return names;
  };
  return { begun: reached(false), all: reached(true), from };
}

// What only a run, or an answer, needs.
const HEAVY = {
  train: [
    ...["onnx-buf", "@bufbuild", "onnxruntime", "lib/onnx/file/"],
    ...["lib/engine/", "lib/train/", "lib/runs/", "lib/probes/"],
    "lib/extensions/",
  ],
  probe: [
    ...["onnxruntime-", "cli-progress", "lib/onnx/reading/mod.ts"],
    ...["lib/devices/", "lib/probes/asking/", "lib/probes/foreign/split/"],
  ],
};

for (const [task, heavy] of Object.entries(HEAVY)) {
  Deno.test(`what --help of ${task} needs does not load what a run needs`, async () => {
    const names = [...(await importsOf(task)).begun];
    assert(names.some((name) => name.endsWith("lib/config/config.ts")));
    const loaded = names.filter((name) =>
      heavy.some((each) => name.includes(each))
    );
    assertEquals(loaded, []);
  });
}

// Where packages are not Deno's to install, in the copies of `deno task mutate`, an
// import is the file that it leads to.
const isOfPackage = (name: string) =>
  name.startsWith("npm:") || name.includes("/node_modules/");

// Before a command begins, Deno looks through node_modules for each import of a
// package by a module that is loaded later.
for (
  const task of [
    "train",
    "probe",
    "report",
    "reproduce",
    "export",
    "play",
    "bench",
    "runs",
    "record",
  ]
) {
  Deno.test(`what ${task} loads later imports no package twice, and none that is there`, async () => {
    const { begun, all, from } = await importsOf(task);
    const imports = [...all].filter((name) => !isOfPackage(name)).flatMap((
      name,
    ) =>
      from(name).filter(({ to }) => isOfPackage(to)).map(
        ({ to, isDynamic }) => ({
          to,
          name: name.replace(/.*\/(?=(lib|models|tasks)\/)/, ""),
          late: isDynamic || !begun.has(name),
        }),
      )
    );
    assert(imports.some(({ late }) => late));
    const superfluous = imports.filter((one) =>
      one.late &&
      imports.some((other) => other !== one && other.to === one.to)
    );
    assertEquals(superfluous, []);
  });
}
