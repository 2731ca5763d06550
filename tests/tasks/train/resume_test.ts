/**
 * Stopping and resuming as a user does it: the real command, killed at random.
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import { randomKey } from "../../../lib/numeric/random.ts";
import { assertSameRun } from "../../train/_runs.ts";
import {
  assertRefused,
  contentsOf,
  metricsRows,
  outputOf,
  startProgram,
  task,
  withTempDir,
} from "../_run.ts";

const NET = "--modulus 11 --hidden 16 --threads 1".split(" ");

/** The step of the newest checkpoint, -1 where there is none. */
function newestStep(run: string): number {
  try {
    return Math.max(
      -1,
      ...[...Deno.readDirSync(join(run, "checkpoints"))]
        .map(({ name }) => Number(/^step-(\d+)\.onnx$/.exec(name)?.[1] ?? -1)),
    );
  } catch {
    return -1;
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const KILLS = 10;

Deno.test(`${KILLS} times kill -9 and --resume end in the same bytes`, () =>
  withTempDir(async (dir) => {
    const seed = Date.now() % 1e6;
    const random = randomKey(seed)("kills");
    const flags = "--steps 4000 --eval-every 7 --checkpoint-every 20";
    const args = [...NET, ...flags.split(" ")];
    const [whole, run] = [join(dir, "whole"), join(dir, "killed")];
    assertEquals((await task("train", ...args, "--run", whole)).code, 0);

    const begun = () =>
      Deno.stat(join(run, "config.json")).then(() => true, () => false);
    const again = async () =>
      await begun()
        ? ["--resume", run]
        : [...args, "--run", run, "--overwrite"];
    let kills = 0;
    const moments: number[] = [];
    while (kills < KILLS) {
      const before = newestStep(run);
      const child = startProgram("train", await again());
      const ended = outputOf(child);
      // Some while it starts; most some checkpoints later, so that the training
      // gets on, and has not ended before the last.
      if (random.uniform() < 0.3) {
        await pause(400 * random.uniform());
      } else {
        const wanted = before + 1 + 20 * random.integer(10);
        let running = true;
        void ended.then(() => running = false);
        while (running && newestStep(run) < wanted) await pause(2);
        await pause(10 * random.uniform());
      }
      try {
        child.kill("SIGKILL");
      } catch {
        // It ended by itself.
      }
      const { code, stderr } = await ended;
      assertEquals(code, 137, `seed ${seed}, after ${moments}: ${stderr}`);
      kills += 1;
      moments.push(newestStep(run));
    }
    const { code, stderr } = await task("train", "--resume", run);
    assertEquals(code, 0, `seed ${seed}, killed after ${moments}: ${stderr}`);
    await assertSameRun(run, whole, `seed ${seed}, killed after ${moments}`);
    const manifest = JSON.parse(
      await Deno.readTextFile(join(run, "manifest.json")),
    );
    assert(manifest.resumed.length > 0);
  }));

Deno.test("replicas that Ctrl-C stopped are gone on with by --resume", () =>
  withTempDir(async (dir) => {
    const run = join(dir, "band");
    const args = [...NET, "--replicas", "2", "--run", run];
    const child = startProgram("train", [...args, "--steps", "1000000"], true);
    const ended = outputOf(child);
    const rows = () => metricsRows(join(run, "replica-1")).catch(() => []);
    while ((await rows()).length < 3) await pause(20);
    child.kill("SIGINT");
    assertEquals((await ended).code, 130);
    const { steps } = JSON.parse(
      await Deno.readTextFile(join(run, "replica-0", "summary.json")),
    );
    // Fewer steps than it was begun with are for another run.
    const less = await task("train", "--resume", run, "--steps", "9");
    assertEquals(less.code, 2);
    assertMatch(less.stderr, /with --steps 9: it was begun with 1000000/);
    // Somebody makes it shorter: what it would end in is neither run.
    const file = join(run, "replica-1", "config.json");
    const config = await Deno.readTextFile(file);
    const shorter = { ...JSON.parse(config), steps: steps + 10 };
    await Deno.writeTextFile(file, JSON.stringify(shorter));
    const edited = assertRefused(await task("train", "--resume", run), 1);
    assertMatch(
      edited,
      /config\.json: it is not as .*: steps is \d+, its check/,
    );
    await Deno.writeTextFile(file, config);
    const rest = startProgram("train", ["--resume", run, "--json"], true);
    const restEnded = outputOf(rest);
    while ((await rows()).at(-1)!.step < steps + 20) await pause(20);
    rest.kill("SIGINT");
    const { code, stdout, stderr } = await restEnded;
    assertEquals(code, 130, stderr);
    assertMatch(stderr, new RegExp(`^from step ${steps} on$`, "m"));
    const { replicas } = JSON.parse(stdout);
    assertEquals(replicas.length, 2);
    for (const replica of replicas) assert(replica.steps > steps + 20);
  }));

Deno.test("train --switch-at and --from write configs that say so", () =>
  withTempDir(async (dir) => {
    const [first, second] = [join(dir, "first"), join(dir, "second")];
    const change = join(dir, "change.json");
    await Deno.writeTextFile(change, '{ "optimizer": "sgd" }');
    const config = async (run: string) =>
      JSON.parse(await Deno.readTextFile(join(run, "config.json")));
    const done = await task(
      "train",
      ...[...NET, "--steps", "9", "--checkpoint-every", "3", "--run", first],
      ...["--switch-at", "4", "--to", "loss-precision=float64,perpGrad=false"],
      ...["--switch-at", "6", "--to", change],
    );
    assertEquals(done.code, 0, done.stderr);
    assertEquals((await config(first)).switches, [
      { at: 4, config: { lossPrecision: "float64", perpGrad: false } },
      { at: 6, config: { optimizer: "sgd" } },
    ]);
    const again = await task(
      "train",
      ...["--from", first, "--step", "3", "--fresh-optimizer"],
      ...["--lr", "0.5", "--steps", "8", "--run", second],
    );
    assertEquals(again.code, 0, again.stderr);
    const { from, lr, modulus, switches } = await config(second);
    assertEquals([lr, modulus, switches.length], [0.5, 11, 2]);
    assertEquals(
      [from.path, from.step, from.optimizer],
      [join(first, "checkpoints/step-00000003.onnx"), 3, null],
    );
    const rows = await metricsRows(second);
    assertEquals(rows.map(({ step }) => step), [8]);

    // What is refused, and changes nothing.
    const before = await contentsOf(dir);
    const run = ["--run", join(dir, "refused")];
    const refused: [args: string[], message: RegExp][] = [
      [["--resume", first], /it is finished, with all its 9 steps; go further/],
      [["--resume", first, "--lr", "1"], /--lr must be left out with --resume/],
      [["--resume", first, ...run], /--run must be left out with --resume/],
      [["--from", first, "--steps", "9", ...run], /--steps must be above .* 9/],
      [
        ["--from", first, "--steps", "20", "--hidden", "17", ...run],
        /\[22, 17\]/,
      ],
      [["--step", "3", ...run], /--step must come with --from/],
      [
        ["--fresh-optimizer", ...run],
        /--fresh-optimizer must come with --from/,
      ],
      [["--switch-at", "3", ...run], /--switch-at must come with a --to each/],
      [["--switch-at", "3", "--to", "lr=x", ...run], /--lr must be .* got "x"/],
      [
        ["--switch-at", "3", "--to", "rate=1", ...run],
        /got rate \(did you mean lr\?\): choose from/,
      ],
      [["--switch-at", "3", "--to", "lr=1,2", ...run], /key=value.* got 2$/],
    ];
    for (const [args, message] of refused) {
      const output = await task("train", ...args);
      assertMatch(assertRefused(output, 2), message);
    }
    const missing = await task("train", "--resume", join(dir, "missing"));
    assertMatch(assertRefused(missing, 1), /it is no run folder of groklab's/);
    assertEquals(await contentsOf(dir), before);
  }));
