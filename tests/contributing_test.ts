/**
 * The worked examples of CONTRIBUTING.md, done as they stand there in a copy of
 * the project: one new file and one line of a registry each.
 *
 * @module
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const text = await Deno.readTextFile(join(ROOT, "CONTRIBUTING.md"));

const blocks = (language: string, first: RegExp) =>
  [...text.matchAll(new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``, "g"))]
    .map(([, block]) => ({ block: block!, path: first.exec(block!)?.[1] }))
    .filter(({ path }) => path !== undefined) as {
      block: string;
      path: string;
    }[];

const files = blocks("ts ignore", /^\/\/ (\S+)\n/);
const changes = blocks("diff", /^--- (\S+)\n/);

async function copy(from: string, to: string): Promise<void> {
  const { isDirectory } = await Deno.stat(from);
  if (!isDirectory) return Deno.copyFile(from, to);
  await Deno.mkdir(to, { recursive: true });
  for await (const { name } of Deno.readDir(from)) {
    await copy(join(from, name), join(to, name));
  }
}

// Puts the lines marked with + in: an import first, others behind the line that
// stands before them.
function changed(source: string, change: string): string {
  const lines = change.split("\n").slice(1);
  lines.forEach((line, i) => {
    if (!line.startsWith("+")) return;
    if (line.startsWith("+import")) {
      const at = source.indexOf("import ");
      source = source.slice(0, at) + line.slice(1) + "\n" + source.slice(at);
      return;
    }
    const before = lines[i - 1]!.slice(1) + "\n";
    assertStringIncludes(source, before);
    source = source.replace(before, `${before}${line.slice(1)}\n`);
  });
  return source;
}

const training = ["--modulus", "11", "--hidden", "32", "--steps", "300"];

const RUNS: Record<
  string,
  // deno-lint-ignore no-explicit-any -- whatever a task prints as JSON.
  { args: string[]; look: (result: any) => void }
> = {
  "lib/losses/hinge.ts": {
    args: ["train", "--loss", "hinge", "--hinge-margin", "2", ...training],
    look({ final, config }) {
      assert(final.train_accuracy > 0.9, JSON.stringify(final));
      assertEquals(config.hingeMargin, 2);
    },
  },
  "lib/data/tasks/larger.ts": {
    args: ["train", "--task", "larger", ...training],
    look({ final }) {
      assert(final.train_accuracy > 0.9, JSON.stringify(final));
    },
  },
  "lib/figures/beyond/momentum.ts": {
    args: ["reproduce", "momentum", "--quick"],
    look({ outcomes: [{ runs, claims }], failures }) {
      assertEquals(failures, []);
      assertEquals(runs, { finished: 2, of: 2 });
      assertEquals(claims[0].verdict, "holds", claims[0].why);
    },
  },
};

Deno.test("CONTRIBUTING's examples are one file and one line each, and train", async (t) => {
  const root = await Deno.makeTempDir();
  try {
    for (
      const part of [
        "lib",
        "models",
        "tasks",
        "mod.ts",
        "deno.json",
        "deno.lock",
      ]
    ) await copy(join(ROOT, part), join(root, part));
    await Deno.symlink(join(ROOT, "node_modules"), join(root, "node_modules"));
    assertEquals(files.map(({ path }) => path), Object.keys(RUNS));
    assertEquals(changes.length, files.length);
    for (const { path, block } of files) {
      await Deno.writeTextFile(join(root, path), block);
    }
    for (const { path, block } of changes) {
      const added = block.split("\n").filter((line) =>
        /^\+(?!import)/.test(line)
      );
      assertEquals(added.length, 1, "one line of a registry");
      const file = join(root, path);
      await Deno.writeTextFile(
        file,
        changed(await Deno.readTextFile(file), block),
      );
    }
    const deno = async (...args: string[]) => {
      const { code, stdout, stderr } = await new Deno.Command(
        Deno.execPath(),
        {
          cwd: root,
          args,
          env: { NO_COLOR: "1" },
        },
      ).output();
      const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
      assertEquals(code, 0, decode(stderr));
      return decode(stdout);
    };
    await deno(
      ...["check", "--node-modules-dir=manual"],
      ...["tasks/train.ts", "tasks/reproduce.ts"],
    );
    for (
      const [path, { args: [task, ...flags], look }] of Object.entries(RUNS)
    ) {
      await t.step(path, async () =>
        look(JSON.parse(
          await deno(
            ...["run", "--no-prompt", "--node-modules-dir=manual"],
            ...["--allow-all", `tasks/${task}.ts`, ...flags],
            ...(task === "train" ? ["--lr", "0.01"] : []),
            "--json",
          ),
        )));
    }
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});
