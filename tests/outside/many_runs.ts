/**
 * By hand: 20,000 runs, how long it takes to list them, and to filter them. The
 * whole command is timed, as a user waits for it.
 *
 *     deno run -A tests/outside/many_runs.ts [RUNS] [FOLDER]
 *
 * The folder, if it is given and has runs in it, is used as it is, and stays.
 *
 * @module
 */

import { join } from "node:path";
import deno from "../../deno.json" with { type: "json" };
import { outputOf } from "../tasks/_run.ts";
import { age, makeRun } from "../store/_runs.ts";
import { INDEX } from "../../lib/store/index_file.ts";

const [count = "20000", given] = Deno.args;
const root = given ?? await Deno.makeTempDir({ prefix: "groklab-many-" });
Deno.mkdirSync(root, { recursive: true });

// As fast as they can be written, in folders as `train` names them.
function makeRuns(): void {
  for (let i = 0; i < Number(count); i++) {
    const started = new Date(Date.UTC(2026, 0, 1) + i * 60_000).toISOString();
    const time = started.slice(0, 19).replaceAll(":", "-");
    const seed = i % 64;
    const run = join(root, `${time}-add97-mlp-seed${seed}-${i}`);
    makeRun(run, {
      modulus: 97,
      seed,
      lr: [0.001, 0.003, 0.01, 0.03][i % 4]!,
      loss: i % 3 === 0 ? "softmax" : "stablemax",
      steps: 1000,
    }, {
      started,
      grokked_at: i % 5 === 0 ? null : (i * 7) % 1000,
      final: { test_accuracy: (i % 100) / 99 },
    });
  }
  age(root);
}

// A shell's times of a command: seconds on the clock, and of a processor.
async function timed(what: string, ...words: string[]): Promise<number> {
  const [, ...command] = deno.tasks.runs.command.split(" ");
  const script = 'TIMEFORMAT="%R %U %S"; time "$@"';
  const { code, stdout, stderr } = await outputOf(
    new Deno.Command("bash", {
      args: [
        ...["-c", script, "bash", Deno.execPath(), ...command, root],
        ...words,
      ],
      stdout: "piped",
      stderr: "piped",
    }).spawn(),
  );
  if (code !== 0) throw new Error(`exit code ${code}: ${stderr}`);
  const times = stderr.trim().split("\n").at(-1)!.split(" ").map(Number);
  const [seconds, user, system] = times as [number, number, number];
  const lines = stdout.split("\n").length - 1;
  console.log(
    `${what}: ${seconds.toFixed(2)} s, of a processor ` +
      `${(user + system).toFixed(2)} s, ${lines} lines`,
  );
  return seconds;
}

if ([...Deno.readDirSync(root)].length === 0) {
  makeRuns();
  console.log(`${count} runs in ${root}`);
}
await Deno.remove(join(root, INDEX)).catch(() => {});
await timed("the first list, which makes the index", "--limit", "10");
const size = Deno.statSync(join(root, INDEX)).size;
console.log(`the index: ${(size / 1e6).toFixed(1)} MB`);
const where = "loss='softmax' and lr<0.01 and grokked_at<500";
const listed = [];
const filtered = [];
for (let i = 0; i < 3; i++) {
  listed.push(await timed("all"));
  await timed("the last 10", "--limit", "10");
  filtered.push(await timed("filtered", "--where", where));
  await timed(
    ...["filtered and sorted", "--where", where, "--sort", "-test_accuracy"],
  );
}
await timed("as CSV, all columns", "--csv", "--columns", "all");
if (given === undefined) await Deno.remove(root, { recursive: true });
const worst = (times: readonly number[]) => Math.max(...times);
const ok = worst(listed) < 2 && worst(filtered) < 3;
console.log(
  `listed in ${worst(listed).toFixed(2)} s at most (wanted 2), filtered in ` +
    `${worst(filtered).toFixed(2)} s (wanted 3)`,
);
Deno.exit(ok ? 0 : 1);
