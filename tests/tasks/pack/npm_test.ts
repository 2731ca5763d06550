/**
 * What somebody finds who comes with npm: scripts that run the tasks, hints that
 * begin with npx, and an `npm install` that leaves everything as it is.
 *
 * @module
 */

import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import deno from "../../../deno.json" with { type: "json" };
import npm from "../../../package.json" with { type: "json" };
import { launchedBy, quoted, taskLine } from "../../../lib/base/shell.ts";
import {
  assertRefused,
  contentsOf,
  outputOf,
  startProgram,
  withTempDir,
} from "../_run.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

Deno.test("package.json runs the tasks, and has nothing of its own", () => {
  const scripts: Record<string, string> = npm.scripts;
  assertEquals(scripts.start, "npx -y deno task train");
  for (const [name, line] of Object.entries(scripts)) {
    if (name === "start") continue;
    assertEquals(line, `npx -y deno task ${name}`);
    assert(name in deno.tasks, name);
  }
  for (const name of ["train", "probe", "report", "export", "test"]) {
    assert(name in scripts, name);
  }
  assertEquals([npm.name, npm.version], [deno.name, deno.version]);
  // With dependencies npm would fetch them, and Deno would have them twice.
  assertEquals(
    Object.keys(npm).filter((key) => /dependencies/i.test(key)),
    [],
  );
});

const hasNpm = await new Deno.Command("npm", {
  args: ["--version"],
  stdout: "null",
  stderr: "null",
}).output().then(({ success }) => success, () => false);

for (const action of ["install", "update", "prune", "dedupe"]) {
  Deno.test({
    name: `npm ${action} changes nothing`,
    ignore: !hasNpm,
    fn: () =>
      withTempDir(async (dir) => {
        for (const file of ["package.json", ".npmrc", "deno.json"]) {
          await Deno.copyFile(join(ROOT, file), join(dir, file));
        }
        // As Deno lays them out: a store, and links into it.
        const stored = join(dir, "node_modules", ".deno", "a@1.0.0");
        const inside = join(stored, "node_modules", "a");
        await Deno.mkdir(inside, { recursive: true });
        const text = '{ "name": "a", "version": "1.0.0" }';
        await Deno.writeTextFile(join(inside, "package.json"), text);
        await Deno.symlink(
          ".deno/a@1.0.0/node_modules/a",
          join(dir, "node_modules", "a"),
          { type: "dir" },
        );
        const before = await contentsOf(join(dir, "node_modules", ".deno"));
        const { code, stderr } = await new Deno.Command("npm", {
          args: [action, "--offline", `--cache=${join(dir, "cache")}`],
          cwd: dir,
          stdout: "piped",
          stderr: "piped",
        }).output();
        assert(code !== 0);
        if (action === "install") {
          assertStringIncludes(
            new TextDecoder().decode(stderr),
            "there is nothing to install, npm start",
          );
        }
        assertEquals(
          await contentsOf(join(dir, "node_modules", ".deno")),
          before,
        );
        assertEquals(
          await Deno.readTextFile(join(dir, "node_modules/a/package.json")),
          text,
        );
        const names = [...Deno.readDirSync(dir)].map(({ name }) => name);
        assert(!names.includes("package-lock.json"));
        assertEquals(
          await Deno.readTextFile(join(dir, "package.json")),
          await Deno.readTextFile(join(ROOT, "package.json")),
        );
      }),
  });
}

Deno.test("a hint begins as the command did that was typed", () => {
  try {
    for (
      const [agent, begins, installed] of [
        [undefined, "deno task"],
        ["", "deno task"],
        ["deno/2.9.6 npm/? deno/2.9.6 linux x86_64", "deno task"],
        ["npm/11.19.1 node/v20.20.2 linux x64", "npx -y deno task"],
        ["pnpm/10.0.0 npm/? node/v20.20.2 linux x64", "npx -y deno task"],
        ["npm/11.19.1 node/v20.20.2 linux x64", "npx groklab", "npx groklab"],
      ] as const
    ) {
      launchedBy(agent, installed);
      assertEquals(
        taskLine("probe", "runs/a b", "--json"),
        `${begins} probe ${quoted("runs/a b")} --json`,
      );
    }
  } finally {
    launchedBy(undefined);
  }
});

Deno.test("words in hints are whole words to the shell", async () => {
  const words = [
    "plain",
    "two words",
    "it's; rm -rf x",
    "",
    "$HOME `id` $(id)",
    "a\nb",
    'say "so"',
    "⊥grad*?[a]{b,c}~",
    "back\\slash",
    "-x",
    "#no",
    "!!",
  ];
  assertEquals(quoted("a b", "windows"), '"a b"');
  assertEquals(quoted("C:\\runs\\a", "windows"), "C:\\runs\\a");
  assertEquals(
    quoted("runs/2026-11-23T23-24-28-add113", "linux"),
    "runs/2026-11-23T23-24-28-add113",
  );
  if (Deno.build.os === "windows") return;
  const line = words.map((word) => quoted(word)).join(" ");
  const { stdout } = await new Deno.Command("sh", {
    args: ["-c", `printf '%s\\0' ${line}`],
  }).output();
  assertEquals(
    new TextDecoder().decode(stdout).split("\0").slice(0, -1),
    words,
  );
});

Deno.test("hints and help of a program that npx started begin with npx", () =>
  withTempDir(async (dir) => {
    const env = {
      npm_config_user_agent: "npm/11.19.1 node/v20.20.2 linux x64",
    };
    const run = join(dir, "my run's");
    const tiny = "--modulus 5 --hidden 4 --steps 1 --threads 1".split(" ");
    const [help, trained, found] = await Promise.all([
      outputOf(startProgram("export", ["--help"], false, env)),
      outputOf(startProgram("train", [...tiny, "--run", run], false, env)),
      outputOf(startProgram("reproduce", ["fig99"], false, env)),
    ]);
    assertMatch(help.stdout, /^Usage: npx -y deno task export /);
    assertStringIncludes(
      trained.stdout,
      `look inside it: npx -y deno task probe ${quoted(run)}, or`,
    );
    assertMatch(assertRefused(found, 2), /; npx -y deno task reproduce lists/);
  }));
