/**
 * By hand, since it takes a quarter of an hour: bits flipped in the states of
 * interrupted runs, and trainings killed at random moments. Nothing may end
 * elsewhere than an undisturbed run without a word.
 *
 *     deno run -A tests/outside/flips_and_kills.ts 200 100 [SEED]
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { join } from "node:path";
import { type ConfigInput, resolveConfig } from "../../lib/config/config.ts";
import { randomKey, type RandomStream } from "../../lib/numeric/random.ts";
import { probe } from "../../lib/probes/mod.ts";
import { findCheckpoint } from "../../lib/runs/read.ts";
import { sha256 } from "../../lib/base/sums.ts";
import { startFrom } from "../../lib/train/from_checkpoint.ts";
import { train } from "../../lib/train/train.ts";
import { fileIn, flipBit } from "../runs/_damage.ts";
import { outputOf, startProgram, withTempDir } from "../tasks/_run.ts";
import { assertSameRun, bytesOf, copyRun } from "../train/_runs.ts";

const TINY: ConfigInput = {
  modulus: 7,
  hidden: [8],
  threads: 1,
  steps: 40,
  evalEvery: 4,
  checkpointEvery: 10,
};

// The state that a run is interrupted at, and how it is trained.
const RUNS: readonly (readonly [stop: number, config: ConfigInput])[] = [
  [30, TINY],
  [1, { ...TINY, checkpointEvery: null }],
  [30, { ...TINY, optimizer: "sgd", momentum: 0.9 }],
  [20, { ...TINY, model: "transformer", dModel: 8, heads: 2, dMlp: 8 }],
];

const same = (a: unknown, b: unknown) =>
  JSON.stringify(a) === JSON.stringify(b);

/** Trains, and stops at the first progress at a step or behind it. */
async function interrupted(
  config: ConfigInput,
  run: string,
  stop: number,
): Promise<void> {
  const controller = new AbortController();
  await train({ ...config, evalEvery: 1 }, {
    run,
    signal: controller.signal,
    onProgress: ({ step }) => step >= stop && controller.abort(),
  });
}

/** How a way of reading a damaged run ended. */
type Ending = "as if whole" | "refused" | "went back" | "ELSEWHERE";

/** Flips bits, one in each copy of a run, and counts how reading it ends. */
async function flips(count: number, random: RandomStream): Promise<void> {
  const counts: Record<string, Record<string, number>> = {};
  const note = (way: string, ending: Ending) => {
    counts[way] ??= {};
    counts[way][ending] = (counts[way][ending] ?? 0) + 1;
  };
  await withTempDir(async (dir) => {
    const bases = [];
    for (const [i, [stop, config]] of RUNS.entries()) {
      const [base, whole] = [join(dir, `base${i}`), join(dir, `whole${i}`)];
      const all = { ...config, evalEvery: 1 };
      await train(all, { run: whole });
      await interrupted(config, base, stop);
      const files = Object.keys(await bytesOf(base))
        .filter((name) => /^(checkpoints|optimizer)\//.test(name));
      const probed: Record<string, unknown> = {};
      for (const name of files.filter((name) => name.startsWith("c"))) {
        const report = await probe(join(base, name), ["fourier"]);
        probed[name] = report.probes;
      }
      bases.push({ base, whole, files, config: all, probed });
    }
    for (let i = 0; i < count; i++) {
      const { base, whole, files, config, probed } = bases[i % bases.length]!;
      const run = join(dir, "flipped");
      await copyRun(base, run);
      const name = files[random.integer(files.length)]!;
      const path = join(run, name);
      const { size } = await Deno.stat(path);
      await flipBit(path, random.integer(8 * size));
      const last = files.filter((file) => file.startsWith("c")).sort().at(-1)!;

      // --from
      try {
        const { from } = await startFrom(run);
        const step = from!.step;
        const [model, state] = ["checkpoints", "optimizer"]
          .map((part) => Deno.readFileSync(fileIn(base, part, step)));
        const right = from!.sha256 === sha256(model!) &&
          from!.optimizer === sha256(state!);
        const back = fileIn("", "checkpoints", step) !== last;
        note(
          "--from",
          !right ? "ELSEWHERE" : back ? "went back" : "as if whole",
        );
      } catch {
        note("--from", "refused");
      }

      // probe
      try {
        const found = await findCheckpoint(run);
        const { probes } = await probe(found, ["fourier"]);
        const key = found.slice(run.length + 1);
        const right = same(probes, probed[key]);
        note(
          "probe",
          !right ? "ELSEWHERE" : key !== last ? "went back" : "as if whole",
        );
      } catch {
        note("probe", "refused");
      }

      // --resume
      try {
        let said = 0;
        await train(resolveConfig(config), {
          run,
          resume: true,
          onWarning: () => said += 1,
        });
        const [found, wanted] = [await bytesOf(run), await bytesOf(whole)];
        // A state that nothing was computed from stays as it is, and is refused
        // by who reads it.
        if (found[name] !== wanted[name]) {
          const kept = await probe(path).then(() => false, () => true);
          if (kept || name.startsWith("o")) found[name] = wanted[name]!;
        }
        note(
          "--resume",
          !same(found, wanted)
            ? "ELSEWHERE"
            : said
            ? "went back"
            : "as if whole",
        );
      } catch {
        note("--resume", "refused");
      }
      await Deno.remove(run, { recursive: true });
    }
  });
  console.log(`${count} bits flipped:`);
  console.table(counts);
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** The step of the newest checkpoint, -1 where there is none. */
function newestStep(run: string): number {
  try {
    return [...Deno.readDirSync(join(run, "checkpoints"))]
      .map(({ name }) => Number(/^step-(\d+)\.onnx$/.exec(name)?.[1] ?? -1))
      .reduce((a, b) => Math.max(a, b), -1);
  } catch {
    return -1;
  }
}

const KILLS_A_RUN = 10;

/** Kills a training of a run once; whether it came before the end. */
async function killOnce(
  run: string,
  flags: readonly string[],
  every: number,
  random: RandomStream,
): Promise<boolean> {
  const before = newestStep(run);
  const begun = await Deno.stat(join(run, "config.json"))
    .then(() => true, () => false);
  const child = startProgram(
    "train",
    begun ? ["--resume", run] : [...flags, "--run", run, "--overwrite"],
  );
  let running = true;
  const ended = outputOf(child).finally(() => running = false);
  // Some while it starts, most some checkpoints later, so that it gets on.
  if (random.uniform() < 0.2) await pause(3000 * random.uniform());
  else {
    const wanted = before + 1 + every * random.integer(10);
    while (running && newestStep(run) < wanted) await pause(1);
    await pause(15 * random.uniform());
  }
  try {
    child.kill("SIGKILL");
  } catch {
    // It ended by itself.
  }
  const { code, stderr } = await ended;
  if (code === 137) return true;
  if (code === 0 || /it is finished/.test(stderr)) return false;
  throw new Error(stderr);
}

/** Kills trainings at random moments, ten times each, and compares the ends. */
async function kills(count: number, random: RandomStream): Promise<void> {
  let [killed, compared] = [0, 0];
  await withTempDir(async (dir) => {
    for (const every of [1, 20]) {
      const flags = `--modulus 11 --hidden 16 --threads 1 --eval-every 7 ` +
        `--steps ${every * 150} --checkpoint-every ${every}`;
      const [given, whole] = [flags.split(" "), join(dir, `whole${every}`)];
      const train = (...args: string[]) =>
        outputOf(startProgram("train", args));
      assertEquals((await train(...given, "--run", whole)).code, 0);
      while (killed < count * (every === 1 ? 0.5 : 1)) {
        const run = join(dir, `run${killed}`);
        for (let i = 0; i < KILLS_A_RUN && killed < count; i++) {
          if (!await killOnce(run, given, every, random)) break;
          killed += 1;
        }
        const { code, stderr } = await train("--resume", run);
        if (code !== 0 && !/it is finished/.test(stderr)) {
          throw new Error(stderr);
        }
        // Which asserts that all sums hold, too.
        await assertSameRun(run, whole);
        compared += 1;
        console.log(`${killed} killed, ${compared} runs the same`);
      }
    }
  });
  console.log(`${killed} kills, ${compared} runs, all of the same bytes`);
}

const [flipCount = 200, killCount = 100, seed = Date.now() % 1e6] = Deno.args
  .map(Number);
console.log(`seed ${seed}`);
const random = randomKey(seed);
await flips(flipCount, random("flips"));
await kills(killCount, random("kills"));
