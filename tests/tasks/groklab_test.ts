/** The tasks as commands of one program, and where relative paths start. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import deno from "../../deno.json" with { type: "json" };
import { quoted } from "../../lib/base/shell.ts";
import { COMMANDS, startOf } from "../../tasks/shared/launch.ts";
import { checkpointSteps, type Output, outputOf, withTempDir } from "./_run.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const TINY = "--modulus 5 --hidden 4 --steps 2 --threads 1".split(" ");

/** Runs Deno in a folder, with INIT_CWD as a program further up left it. */
function denoIn(
  cwd: string,
  args: readonly string[],
  stale?: string,
): Promise<Output> {
  const env: Record<string, string> = {
    ...Deno.env.toObject(),
    NO_COLOR: "1",
    npm_config_user_agent: "",
    GROKLAB_LAUNCHER: "",
  };
  delete env["INIT_CWD"];
  if (stale !== undefined) env["INIT_CWD"] = stale;
  return outputOf(
    new Deno.Command(Deno.execPath(), {
      args: [...args],
      cwd,
      env,
      clearEnv: true,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn(),
  );
}

/** Gives work a folder inside the clone, which git does not see. */
async function withFolderOfClone(
  work: (dir: string) => Promise<void>,
): Promise<void> {
  const dir = await Deno.makeTempDir({ dir: ROOT, prefix: "test.partial-" });
  try {
    await work(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

const wordsOf = (name: keyof typeof deno.tasks) =>
  deno.tasks[name].command.split(" ").slice(1);

Deno.test("groklab lists its commands, which are tasks", async () => {
  const [bare, help, version] = await Promise.all(
    [[], ["--help"], ["--version"]].map((args) =>
      denoIn(ROOT, ["task", "groklab", ...args])
    ),
  );
  assertEquals([bare!.code, help!.code, version!.code], [0, 0, 0]);
  assertEquals(bare!.stdout, help!.stdout);
  assertEquals(version!.stdout, `${deno.version}\n`);
  assertMatch(help!.stdout, /^Usage: deno task groklab <command>/);
  for (const name of COMMANDS) {
    assert(help!.stdout.includes(`\n  ${name} `), name);
    const { command, description } = deno.tasks[name];
    assert(help!.stdout.includes(description), name);
    assert(command.endsWith(` tasks/${name}.ts`), command);
  }
});

Deno.test("a command that is none is refused, with what was meant", async () => {
  const [near, far, flag] = await Promise.all(
    ["trian", "paint", "--verison"].map((word) =>
      denoIn(ROOT, ["task", "groklab", word])
    ),
  );
  assertEquals(
    [near!.code, near!.stdout, near!.stderr],
    [
      2,
      "",
      "error: unknown command trian (did you mean train?); --help lists the " +
      "commands\n",
    ],
  );
  assertEquals(
    far!.stderr,
    "error: unknown command paint; --help lists the commands\n",
  );
  assertEquals(flag!.code, 2);
  assertMatch(flag!.stderr, /^error: unknown option --verison; /);
});

Deno.test("a command has its task's permissions, of the caller's folders and the installation's", () => {
  assertEquals(
    startOf(
      "deno run --allow-read --allow-write=reproductions,docs --allow-ffi=node_modules,.tensorflow --allow-env=A,B tasks/x.ts",
      "/home",
      "/here",
    ),
    [
      "run",
      "--allow-read",
      "--allow-write=/here/reproductions,/here/docs",
      "--allow-ffi=/home/node_modules,/home/.tensorflow",
      "--allow-env=A,B",
      "/home/tasks/x.ts",
    ],
  );
});

Deno.test("relative paths start in the folder of the clone where a task is called", () =>
  withFolderOfClone(async (dir) => {
    const trained = await denoIn(dir, [
      "task",
      "train",
      ...TINY,
      "--run",
      "my run",
    ]);
    assertEquals(trained.code, 0, trained.stderr);
    assertEquals(await checkpointSteps(join(dir, "my run")), [2]);
    const exported = await denoIn(dir, [
      ...["task", "groklab", "export", "my run", "--out", "out.onnx"],
    ]);
    assertEquals(exported.code, 0, exported.stderr);
    assert((await Deno.stat(join(dir, "out.onnx"))).isFile);
    // A folder in runs/ of one's own; the newest there is what probe looks at.
    const named = await denoIn(dir, ["task", "groklab", "train", ...TINY]);
    assertEquals(named.code, 0, named.stderr);
    const [only, ...more] = [...Deno.readDirSync(join(dir, "runs"))];
    assertEquals(more, []);
    const probed = await denoIn(dir, [
      ...["task", "probe", "--probe", "geometry", "--json"],
    ]);
    assertEquals(probed.code, 0, probed.stderr);
    assert(probed.stdout.includes(`runs/${only!.name}`), probed.stdout);
  }));

Deno.test("of a clone called from outside relative paths start where the program runs", () =>
  withTempDir(async (dir) => {
    const script = relative(dir, join(ROOT, "tasks", "export.ts"));
    const task = wordsOf("export").slice(0, -1);
    const name = basename(dir);
    const there = dirname(dir);
    const [direct, stale, atRoot, elsewhere] = await Promise.all([
      denoIn(dir, [...task, script, "here", "--out", "x.onnx"]),
      // A variable of a program further up says nothing of this one.
      denoIn(dir, [...task, script, "here", "--out", "x.onnx"], there),
      denoIn(ROOT, [...wordsOf("export"), name, "--out", "x.onnx"], there),
      denoIn(ROOT, ["task", "export", name, "--out", "x.onnx"], there),
    ]);
    for (const { stderr } of [direct, stale]) {
      assertMatch(stderr, /^error: Cannot read here: No such file/);
    }
    // Were they of `there`, this would be a folder that is no run.
    for (const { stderr } of [atRoot, elsewhere]) {
      assertMatch(stderr, /^error: Cannot read groklab-test-\w+: No such file/);
    }
  }));

Deno.test("hints and help of an installed program begin as it is called", async () => {
  const { code, stdout } = await outputOf(
    new Deno.Command(Deno.execPath(), {
      args: [...wordsOf("train"), "--help"],
      cwd: ROOT,
      env: { GROKLAB_LAUNCHER: "npx ./groklab-0.2.0.tgz", NO_COLOR: "1" },
      stdout: "piped",
      stderr: "piped",
    }).spawn(),
  );
  assertEquals(code, 0);
  assertMatch(stdout, /^Usage: npx \.\/groklab-0\.2\.0\.tgz train \[options\]/);
  assert(stdout.includes("  npx ./groklab-0.2.0.tgz train --resume"));
  assert(stdout.includes("Relative paths start where you call from."));
});

Deno.test("hints and help of a clone that is called from outside can be pasted there", () =>
  withTempDir(async (dir) => {
    const program = join(ROOT, "tasks/groklab.ts");
    const flags = ["run", "--allow-read", "--allow-env", "--allow-run"];
    const begin = ["deno", ...flags, quoted(program)].join(" ");
    const groklab = (...args: string[]) =>
      denoIn(dir, [...flags, "--no-prompt", program, ...args]);
    const [bare, help, none] = await Promise.all([
      groklab(),
      groklab("train", "--help"),
      groklab("probe"),
    ]);
    assert(bare.stdout.startsWith(`Usage: ${begin} <command> [options]\n`));
    assert(help.stdout.startsWith(`Usage: ${begin} train [options]\n`));
    assertEquals(none.code, 1);
    const hint = `make one with ${begin} train`;
    assert(none.stderr.includes(hint), none.stderr);
    // As a shell reads it.
    const { code, stdout } = await outputOf(
      new Deno.Command("sh", {
        args: ["-c", `${begin} --version`],
        cwd: dir,
        stdout: "piped",
        stderr: "piped",
      }).spawn(),
    );
    assertEquals([code, stdout], [0, `${deno.version}\n`]);
    // Inside, tasks are there.
    const inside = await denoIn(join(ROOT, "docs"), [
      ...flags,
      ...["--no-prompt", program, "train", "--help"],
    ]);
    assertMatch(inside.stdout, /^Usage: deno task train \[options\]/);
  }));
