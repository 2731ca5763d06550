import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { outputOf, startDeno, startProgram, type TaskName } from "./_run.ts";

const TASKS: readonly [TaskName, ...string[]][] = [
  ["train"],
  ["probe"],
  ["report"],
  ["export"],
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

Deno.test("what --help of train needs does not load what reads ONNX files", async () => {
  const { stdout } = await outputOf(
    startDeno(["info", "--json", "tasks/train.ts"]),
  );
  interface Found {
    readonly roots: readonly string[];
    readonly modules: readonly {
      readonly specifier: string;
      readonly dependencies?: readonly {
        readonly specifier: string;
        readonly code?: { readonly specifier?: string };
        readonly isDynamic?: boolean;
      }[];
    }[];
  }
  const { roots, modules } = JSON.parse(stdout) as Found;
  const byName = new Map(modules.map((each) => [each.specifier, each]));
  const loaded = new Set(roots);
  for (const name of loaded) {
    for (const each of byName.get(name)?.dependencies ?? []) {
      if (each.isDynamic || each.code === undefined) continue;
      loaded.add(each.code.specifier ?? each.specifier);
    }
  }
  const names = [...loaded];
  assert(names.some((name) => name.endsWith("lib/config/config.ts")));
  for (
    const heavy of [
      "onnx-buf",
      "@bufbuild",
      "onnxruntime",
      "lib/onnx/file/model.ts",
    ]
  ) {
    assertEquals(names.filter((name) => name.includes(heavy)), []);
  }
});
