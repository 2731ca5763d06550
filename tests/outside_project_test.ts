/**
 * A project elsewhere on the disk imports every entry point from the clone, and
 * its types hold: also with Deno's own compiler options, which are not all that
 * the clone is checked with.
 */

import { assertEquals } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import deno from "../deno.json" with { type: "json" };

const ROOT = fileURLToPath(new URL("../", import.meta.url));

Deno.test("a project outside imports every entry by its name, with types", async () => {
  const dir = await Deno.makeTempDir();
  try {
    await Deno.symlink(join(ROOT, "node_modules"), join(dir, "node_modules"));
    const imports = Object.fromEntries(
      Object.entries(deno.imports).map(([name, to]) => [
        name,
        to.startsWith("./") ? new URL(`../${to}`, import.meta.url).href : to,
      ]),
    );
    await Deno.writeTextFile(
      join(dir, "deno.json"),
      JSON.stringify({ nodeModulesDir: "manual", imports }),
    );
    const names = Object.keys(deno.exports)
      .map((entry) => `${deno.name}${entry.slice(1)}`);
    await Deno.writeTextFile(
      join(dir, "mine.ts"),
      [
        ...names.map((name, i) => `import * as e${i} from "${name}";`),
        `const entries = [${names.map((_, i) => `e${i}`).join(", ")}];`,
        'const steps: number = e0.resolveConfig({ task: "add" }).steps;',
        "// @ts-expect-error There is no such task.",
        'e0.train({ task: "ad" }).then(({ run }) => run);',
        "console.log(entries.length, steps);",
      ].join("\n"),
    );
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["check", "--no-lock", "mine.ts"],
      cwd: dir,
      env: { NO_COLOR: "1" },
    }).output();
    assertEquals(code, 0, new TextDecoder().decode(stderr));
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
