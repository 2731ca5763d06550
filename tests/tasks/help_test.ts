import { assertEquals, assertStringIncludes } from "@std/assert";
import { outputOf, startProgram, type TaskName } from "./_run.ts";

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
