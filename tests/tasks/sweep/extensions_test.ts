/** Sweeps whose runs were planned with several extensions, and versions of one. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import { list, readManifest } from "../../../lib/runs/layout.ts";
import { readPlan } from "../../../lib/sweeps/files.ts";
import { idOf } from "../../../lib/sweeps/ids.ts";
import { runPath, SWEEP } from "../../../lib/sweeps/layout.ts";
import {
  assertRefused,
  contentsOf,
  outputOf,
  startProgram,
  withTempDir,
} from "../_run.ts";

const sweep = (...args: readonly string[]) =>
  outputOf(startProgram("sweep", args));

const module = (name: string) =>
  'import { defineExtension, losses } from "@groklab/groklab";\n' +
  `const ${name} = { ...losses.softmax };\n` +
  `export default defineExtension({ losses: { ${name} } });\n`;

const TINY = [
  ...["--set", "modulus=5", "--set", "hidden=4", "--set", "trainFraction=0.5"],
  ...["--set", "steps=2", "--set", "evalEvery=1", "--no-trial"],
];

async function planned(
  out: string,
  loss: string,
  seeds: string,
  ...more: readonly string[]
): Promise<string[]> {
  const { code, stderr } = await sweep(
    ...["plan", "--out", out, ...TINY],
    ...["--set", `loss=${loss}`, "--seeds", seeds, ...more],
  );
  assertEquals([code, stderr], [0, ""]);
  return (await readPlan(out)).map(({ id }) => id);
}

// What runs were trained with is what they are named after.
async function assertNamed(folder: string, ids: readonly string[]) {
  assertEquals((await list(join(folder, SWEEP.runs)))!.sort(), [...ids].sort());
  for (const id of ids) {
    const path = runPath(folder, id);
    const config = JSON.parse(
      await Deno.readTextFile(join(path, "config.json")),
    );
    assertEquals(idOf(config), id);
    const { extensions = [] } = await readManifest(path);
    assertEquals(extensions.length, config.use?.length ?? 0);
  }
}

Deno.test("runs are trained with the version of an extension that they were planned with; others are left", () =>
  withTempDir(async (dir) => {
    const out = join(dir, "s");
    const lab = join(dir, "lab.ts");
    await Deno.writeTextFile(lab, module("mine"));
    const use = ["--use", lab];
    const old = await planned(out, "mine", "0..1", ...use);
    const begun = await sweep("run", out, ...use, "--shard", "0/2");
    assertEquals(begun.code, 0, begun.stderr);
    await assertNamed(out, [old[0]!]);

    await Deno.writeTextFile(lab, `${module("mine")}// Another.\n`);
    const before = await contentsOf(out);
    const none = assertRefused(await sweep("run", out, ...use), 2);
    assertMatch(none, /Cannot run the sweep .* with lab\.ts: the run /);
    const changed = assertRefused(
      await sweep("run", out, ...use, "--use-changed"),
      2,
    );
    assertMatch(
      changed,
      /--use-changed must be left out: a run is named after/,
    );
    assertEquals(await contentsOf(out), before);

    const all = await planned(out, "mine", "0..1", ...use);
    assertEquals(all.slice(0, 2), old);
    const rest = await sweep("run", out, ...use, "--json");
    assertEquals(rest.code, 1, rest.stderr);
    await assertNamed(out, [old[0]!, ...all.slice(2)]);
    const { trained, waiting, interrupted, lacks } = JSON.parse(rest.stdout);
    assertEquals([trained, waiting, interrupted], [2, 1, false]);
    const kept = runPath(out, old[0]!);
    assertEquals(
      lacks.map((lack: Record<string, unknown>) => [lack.kept, lack.runs]),
      [[kept, [old[1]]]],
    );
    const [{ sha256 }] = lacks[0].modules;
    assertEquals(
      rest.stderr.trimEnd().split("\n").at(-1),
      `left: the run ${
        old[1]
      } was planned with lab.ts with SHA-256 ${sha256}: ` +
        `it is trained by deno task sweep run ${out} --use ${kept}`,
    );
    const last = await sweep("run", out, "--use", kept);
    assertEquals(last.code, 0, last.stderr);
    await assertNamed(out, all);
    // Nothing is left that needs any.
    assertEquals((await sweep("run", out)).code, 0);
  }));

Deno.test("of several extensions a run is trained with its own, and in its own order", () =>
  withTempDir(async (dir) => {
    const out = join(dir, "s");
    const [a, b] = [join(dir, "a.ts"), join(dir, "b.ts")];
    await Deno.writeTextFile(a, module("first"));
    await Deno.writeTextFile(b, module("second"));
    await planned(out, "softmax", "0..0");
    await planned(out, "first", "0..0", "--use", a);
    await planned(out, "second", "0..0", "--use", b);
    const ids = await planned(out, "first", "0..0", "--use", b, "--use", a);
    assertEquals(ids.length, 4);
    const some = await sweep("run", out, "--use", a, "--jobs", "1");
    assertEquals(some.code, 1);
    await assertNamed(out, ids.slice(0, 2));
    const lines = some.stderr.trimEnd().split("\n").slice(-2);
    assert(
      lines[0]!.startsWith(`left: the run ${ids[2]} was planned with b.ts`),
    );
    assert(
      lines[1]!.endsWith(
        `: with that in its place, deno task sweep run ${out} --use b.ts ` +
          "--use a.ts",
      ),
      lines[1],
    );
    const { code, stderr } = await sweep(
      ...["run", out, "--use", a, "--use", b, "--jobs", "1"],
    );
    assertEquals(code, 0, stderr);
    await assertNamed(out, ids);
  }));

Deno.test("an extension that would end a thread fails its run, and says so", () =>
  withTempDir(async (dir) => {
    const out = join(dir, "s");
    const lab = join(dir, "lab.ts");
    const text = module("mine").replace(
      "{ ...losses.softmax }",
      "{ ...losses.softmax, make(config) {\n" +
        '  if ("DedicatedWorkerGlobalScope" in globalThis) Deno.exit(0);\n' +
        "  return losses.softmax.make(config);\n} }",
    );
    await Deno.writeTextFile(lab, text);
    await planned(out, "mine", "0..0", "--use", lab);
    const child = startProgram("sweep", ["run", out, "--use", lab]);
    // A thread that ended is waited for without an end.
    const timer = setTimeout(() => child.kill("SIGKILL"), 30_000);
    const { code, stderr } = await outputOf(child);
    clearTimeout(timer);
    assertEquals(code, 1, stderr);
    assertMatch(
      stderr,
      /The loss mine of the extension .*lab\.ts fails in make\(\): it would end the program here, with code 0/,
    );
  }));
