/** `deno task sweep plan`, as a user types it. */

import { assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readPlan, readSweep } from "../../../lib/sweeps/files.ts";
import {
  assertFailed,
  assertRefused,
  contentsOf,
  type Output,
  outputOf,
  startOnFullDisk,
  startProgram,
  withTempDir,
} from "../_run.ts";

const SMALL = [
  "--set",
  "modulus=5",
  "--set",
  "hidden=4",
  "--set",
  "steps=2000",
];

const plan = (...args: string[]): Promise<Output> =>
  outputOf(startProgram("sweep", ["plan", ...args]));

Deno.test("plan says how many runs there are, and what they cost, by a trial that leaves nothing", () =>
  withTempDir(async (dir) => {
    const out = join(dir, "s");
    const args = [...SMALL, "--grid", "lr=0.01,0.02", "--seeds", "0..2"];
    const first = await plan(...args, "--out", out, "--jobs", "1");
    assertEquals([first.code, first.stderr], [0, ""]);
    assertMatch(
      first.stdout,
      new RegExp(
        "^sweep s: 6 runs over lr, seed\n" +
          "  6 new, 0 planned before\n" +
          "  seeds 0\\.\\.2, each with data and split of its own .*\n" +
          "  computed by onnx on cpu, 1 thread a run\n" +
          `  ${out}: 6 runs in all\n` +
          "  6 runs to train, about \\d+ s with 1 at a time on this machine\n" +
          `train: deno task sweep run ${out}\n$`,
      ),
    );
    const names = Object.keys(await contentsOf(out)).sort();
    assertEquals(names, [join(out, "plan.jsonl"), join(out, "sweep.json")]);
    const { plans } = await readSweep(out);
    assertEquals(plans[0]!.command.slice(0, 2), ["sweep", "plan"]);
    // More is added, and of what is there nothing is new.
    const more = await plan(...args, "--out", out, "--no-trial", "--json");
    const { cost, new: added, points, runs } = JSON.parse(more.stdout);
    assertEquals([cost, added, points, runs], [null, 0, 6, 6]);
  }));

Deno.test("values are read as the flags of train read them", () =>
  withTempDir(async (dir) => {
    const out = join(dir, "s");
    const { code } = await plan(
      ...["--grid", "hidden=8,[4,4],none", "--grid", "--perp-grad=true,false"],
      ...["--grid", "clip-norm=null,1e-1", "--set", "metrics=basic,nlm"],
      ...["--set", "loss=softmax", "--out", out, "--no-trial"],
    );
    assertEquals(code, 0);
    const runs = await readPlan(out);
    assertEquals(
      runs.slice(0, 3).map(({ point }) => Object.values(point)),
      [[[8], true, null], [[8], true, 0.1], [[8], false, null]],
    );
    assertEquals(
      [...new Set(runs.map(({ config }) => JSON.stringify(config.hidden)))],
      ["[8]", "[4,4]", "[]"],
    );
    const [{ config }] = runs as [typeof runs[number]];
    assertEquals([config.metrics, config.loss], [["basic", "nlm"], "softmax"]);
  }));

Deno.test("a plan's file names what it starts from relative to itself", () =>
  withTempDir(async (dir) => {
    const out = join(dir, "s");
    const file = join(dir, "plan.json");
    await Deno.writeTextFile(join(dir, "config.json"), '{"lr":0.5,"seed":7}');
    await Deno.writeTextFile(
      file,
      JSON.stringify({
        name: "mine",
        config: "config.json",
        parts: [{ points: [{ momentum: 0.5 }], set: { optimizer: "sgd" } }],
      }),
    );
    const { code } = await plan("--file", file, "--out", out, "--no-trial");
    assertEquals(code, 0);
    const [{ config, point }] = await readPlan(out) as [
      Awaited<ReturnType<typeof readPlan>>[number],
    ];
    assertEquals([config.lr, config.seed, point], [0.5, 7, { momentum: 0.5 }]);
    assertEquals((await readSweep(out)).name, "mine");
  }));

/** What is wrong, and what is said of it. */
const REFUSED: readonly [args: string, problem: RegExp][] = [
  [
    "",
    /^error: Cannot plan without anything to vary: .*\(--grid\), or --seeds$/,
  ],
  [
    "--grid wd=1",
    /--grid has an unknown key "wd" \(did you mean weightDecay\?\)/,
  ],
  ["--grid lr", /--grid must be key=value,value,…, got lr$/],
  ["--grid lr=1,,2", /--grid lr must have values .*, got lr=1,,2$/],
  ["--grid lr=1 --grid lr=2", /--grid must name each key once, got lr twice$/],
  ["--grid lr=1,1.0", /--grid lr must have each value once, got 1 twice$/],
  ["--grid lr=a", /--grid lr must be a number, got "a"$/],
  ["--grid perpGrad=yes", /--grid perpGrad must be true or false, got "yes"$/],
  [
    "--grid lr=1 --set lr=2",
    /lr must be said once, got it in --set and in --grid$/,
  ],
  [
    "--seeds 0..3 --set seed=1",
    /seed must be said once, .*--set and in --seeds$/,
  ],
  ["--seeds 16", /--seeds must be like .*, got 16: .* write 0\.\.15$/],
  [
    "--grid switches=1",
    /^error: switches cannot be said in a word; a plan's file/,
  ],
  ["--grid device=cpu,cuda", /^error: --grid must not have device: /],
  [
    "--seeds 0,1 --set device=auto",
    /^error: --set must not have device "auto"/,
  ],
  ["--seeds 0,1 --name a/b", /^error: A sweep's name must be .* got a\/b$/],
  [
    "--seeds 0,1 --jobs 0",
    /^error: --jobs must be an integer of 1 or more, got 0/,
  ],
  [
    "--lr 0.1",
    /unknown option '--lr': keys .* --grid lr=… and set with --set lr=…/,
  ],
  [
    "--seeds 0,1 --file plan.json",
    /^error: --seeds must be left out with --file/,
  ],
  ["--file /nonexistent.json", /^error: Cannot read \/nonexistent\.json: /],
  [
    "--grid loss=mse,softmax --grid lossPrecision=float16,float32",
    /^error: Cannot train 1 of the 4 planned runs, .*--skip-impossible/,
  ],
];

for (const [args, problem] of REFUSED) {
  Deno.test(`sweep plan ${args} is refused in a line, and nothing is there`, () =>
    withTempDir(async (dir) => {
      const out = join(dir, "s");
      const words = args.split(" ").filter(Boolean);
      const output = await plan(...words, "--no-trial", "--out", out);
      assertMatch(assertRefused(output, 2), problem);
      assertEquals(await contentsOf(dir), {});
    }));
}

Deno.test("a full disk leaves nothing, and of a sweep what it was", () =>
  withTempDir(async (dir) => {
    const out = join(dir, "new", "s");
    const args = ["plan", "--no-trial", "--out", out, "--seeds"];
    const full = async (seeds: string) =>
      assertFailed(
        await outputOf(startOnFullDisk(8, "sweep", [...args, seeds])),
      );
    assertMatch(
      await full("0..9"),
      /^error: Cannot write .*plan\.jsonl: .*(too large|no space)/i,
    );
    assertEquals(await contentsOf(dir), {});
    assertEquals(
      (await plan("--no-trial", "--out", out, "--seeds", "0..2")).code,
      0,
    );
    const before = await contentsOf(out);
    await full("0..9");
    assertEquals(await contentsOf(out), before);
  }));

Deno.test("sweeps that nobody names are new folders by the time, of the same second too", () =>
  withTempDir(async (dir) => {
    const root = fileURLToPath(new URL("../../../", import.meta.url));
    const started = () =>
      new Deno.Command(Deno.execPath(), {
        args: [
          ...["run", "-A", "--config", join(root, "deno.json")],
          ...[join(root, "tasks", "sweep.ts"), "plan", "--no-trial"],
          ...["--seeds", "0,1"],
        ],
        cwd: dir,
        env: { INIT_CWD: "" },
        stdin: "null",
        stdout: "piped",
        stderr: "piped",
      }).output();
    const outputs = await Promise.all([started(), started(), started()]);
    assertEquals(outputs.map(({ code }) => code), [0, 0, 0]);
    const names = [...Deno.readDirSync(join(dir, "sweeps"))]
      .map(({ name }) => name);
    assertEquals(names.length, 3);
    for (const name of names) {
      assertMatch(name, /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d(-\d)?$/);
      const folder = join(dir, "sweeps", name);
      assertEquals((await readPlan(folder)).length, 2);
      assertEquals((await readSweep(folder)).name, name);
    }
  }));

Deno.test("runs of an extension are named by its version, too", () =>
  withTempDir(async (dir) => {
    const lab = join(dir, "lab.ts");
    const out = join(dir, "s\nt");
    const text =
      'import { defineExtension, losses } from "@groklab/groklab";\n' +
      "const mine = { ...losses.softmax };\n" +
      "export default defineExtension({ losses: { mine } });\n";
    const withLab = async (more: string) => {
      await Deno.writeTextFile(lab, text + more);
      const { code, stdout, stderr } = await plan(
        ...["--grid", "loss=mine,mse", "--seeds", "0,1", "--out", out],
        ...["--use", lab, "--no-trial"],
      );
      assertEquals([code, stderr], [0, ""]);
      // To be pasted: without --use it is refused.
      const [, hint] = /^train: (.*)\n$/ms.exec(stdout)!;
      assertEquals(hint, `deno task sweep run '${out}' --use ${lab}`);
      assertMatch(stdout, /^ {2}.*s\\x0at: \d runs in all$/m);
      return (await readPlan(out)).map(({ id }) => id);
    };
    const first = await withLab("");
    assertEquals(first.length, 4);
    assertEquals(await withLab(""), first);
    assertEquals((await withLab("// Another.\n")).length, 8);
  }));

Deno.test("a trial that is stopped leaves the plan, and nothing of its own", () =>
  withTempDir(async (dir) => {
    const out = join(dir, "s");
    const child = startProgram(
      "sweep",
      ["plan", "--seeds", "0,1", "--out", out, "--jobs", "1"],
    );
    const trial = async () =>
      (await Array.fromAsync(Deno.readDir(out)).catch(() => []))
        .some(({ name }) => name.startsWith(".trial-"));
    while (!await trial()) await new Promise((done) => setTimeout(done, 20));
    child.kill("SIGINT");
    const { code, stdout, stderr } = await outputOf(child);
    assertEquals([code, stderr.trim()], [
      130,
      "stopping after the running steps …",
    ]);
    assertMatch(stdout, /^sweep s: 2 runs over seed\n/);
    assertEquals(Object.keys(await contentsOf(out)).length, 2);
  }));
