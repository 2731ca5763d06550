/**
 * Everything that wants a GPU, part after part, each with a limit of its own, in
 * under eight minutes; bench/gpu.sh starts it and says what it needs.
 *
 * @module
 */

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { pipFolders } from "../lib/doctor/nvidia.ts";
import {
  fail,
  type Finding,
  type Part,
  parts,
  type Plan,
} from "./gpu_parts.ts";

// What is left of eight minutes when the first program has begun.
const SECONDS = 470;

/** What became of a part. */
export interface Outcome {
  readonly name: string;
  readonly failed: boolean;
  readonly seconds: number;
  /** What was found, or what went wrong. */
  readonly text: string;
}

/**
 * What a part's output comes to.
 *
 * @param part The part.
 * @param code How it ended; 124 or 137 where its time was up.
 * @param stdout What it printed.
 * @param launches How many kernels it launched on a stand-in; undefined on a card.
 */
export function outcome(
  part: Part,
  code: number,
  stdout: string,
  launches?: number,
): Finding {
  if (code === 124 || code === 137) return fail("its time was up");
  let found: Finding;
  try {
    found = part.read(stdout);
  } catch (error) {
    return fail(
      `it ended with ${code} and gave no result (${(error as Error).message})`,
    );
  }
  if (launches === undefined) {
    return found.failed || code === 0
      ? found
      : fail(`it ended with ${code}: ${found.text}`);
  }
  // Over stand-ins numbers mean nothing: that there are some is all.
  if (part.onCard && launches === 0) {
    return fail("it asked nothing of the card");
  }
  const asked = part.onCard ? `${launches} launches; ` : "";
  return { failed: false, text: `${asked}would say: ${found.text}` };
}

/** The outcomes as a table of Markdown, and what they come to. */
export function render(outcomes: readonly Outcome[]): string {
  const rows = outcomes.map(({ name, failed, seconds, text }) =>
    `| ${name} | ${failed ? "**FAILED**" : "ok"} | ${seconds.toFixed(0)} | ${
      text.replaceAll("\n", "<br>").replaceAll("|", "\\|")
    } |`
  );
  const failures = outcomes.filter(({ failed }) => failed).length;
  return [
    "| part | | s | |",
    "| ---- | --- | --- | --- |",
    ...rows,
    "",
    `${outcomes.length} parts, ${failures} failed`,
  ].join("\n");
}

async function runPart(
  part: Part,
  limit: number,
  plan: Plan,
  env: Record<string, string>,
): Promise<Finding> {
  const log = join(plan.folder, `${part.name}.launches`);
  const command = new Deno.Command("timeout", {
    args: ["-k", "5", String(limit), Deno.execPath(), ...part.args],
    env: {
      ...env,
      ...part.env,
      ...(plan.standIns !== undefined && { STAND_INS_LOG: log }),
      NO_COLOR: "1",
    },
    stdin: "null",
  });
  const { code, stdout, stderr } = await command.output();
  const [said, complained] = [stdout, stderr].map((bytes) =>
    new TextDecoder().decode(bytes)
  );
  await Deno.writeTextFile(join(plan.folder, `${part.name}.txt`), said!);
  await Deno.writeTextFile(join(plan.folder, `${part.name}.err`), complained!);
  const found = outcome(
    part,
    code,
    said!,
    plan.standIns === undefined ? undefined : await launchesIn(log),
  );
  return found.failed
    ? fail([found.text, ...telling(complained!)].join("\n"))
    : found;
}

/** Of what a part that failed said beside its output: figures, and the last error. */
export function telling(stderr: string): string[] {
  const lines = stderr.trim().split("\n");
  const figures = lines.filter((line) => / ms a step$/.test(line));
  const error = lines.findLast((line) => /error|Error/.test(line));
  return error === undefined ? figures : [...figures, error];
}

// Of every process that the part started.
async function launchesIn(log: string): Promise<number> {
  const text = await Deno.readTextFile(log).catch(() => "");
  return text.matchAll(/^(\d+) (?:captured )?kernel /gm)
    .reduce((all, [, count]) => all + Number(count), 0);
}

/** What makes CUDA's libraries, or their stand-ins, be found. */
async function environment(
  standIns: string | undefined,
): Promise<Record<string, string>> {
  const before = Deno.env.get("LD_LIBRARY_PATH");
  const found = standIns === undefined ? await pipFolders() : [standIns];
  return {
    LD_LIBRARY_PATH: [...found, ...before ? [before] : []].join(":"),
    // Else JAX takes most of the card's memory for itself.
    XLA_PYTHON_CLIENT_PREALLOCATE: "false",
    // And multiplies float32 in TF32.
    JAX_DEFAULT_MATMUL_PRECISION: "highest",
    ...(standIns !== undefined && {
      PATH: `${standIns}:${Deno.env.get("PATH")}`,
      STAND_INS_ANSWERS: join(standIns, "answers"),
    }),
  };
}

async function makeStandIns(folder: string): Promise<void> {
  const script = fileURLToPath(
    new URL("../tests/card/stand_ins.ts", import.meta.url),
  );
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", script, folder],
  }).output();
  if (success) return;
  console.error(new TextDecoder().decode(stderr).trim());
  Deno.exit(1);
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      python: { type: "string", default: "python3" },
      "dry-run": { type: "boolean", default: false },
    },
  });
  const folder = positionals[0] ?? "gpu-results";
  await Deno.mkdir(folder, { recursive: true });
  const standIns = values["dry-run"]
    ? await Deno.realPath(await Deno.makeTempDir())
    : undefined;
  if (standIns !== undefined) await makeStandIns(standIns);
  const plan: Plan = { folder, python: values.python, standIns };
  const env = await environment(standIns);
  const began = performance.now();
  const elapsed = () => (performance.now() - began) / 1000;
  const outcomes: Outcome[] = [];
  for (const part of parts(plan)) {
    const from = elapsed();
    // A machine without a card may be slow, and nobody waits for it.
    const limit = standIns === undefined
      ? Math.floor(Math.min(part.seconds, SECONDS - from))
      : 600;
    const found = limit < 5
      ? fail("no time was left for it")
      : await runPart(part, limit, plan, env);
    outcomes.push({ name: part.name, seconds: elapsed() - from, ...found });
    console.error(
      `${part.name}: ${found.failed ? "FAILED, " : ""}${found.text}`,
    );
    await Deno.writeTextFile(join(folder, "table.md"), render(outcomes) + "\n");
  }
  if (standIns !== undefined) await Deno.remove(standIns, { recursive: true });
  console.log(render(outcomes));
  if (outcomes.some(({ failed }) => failed)) Deno.exit(1);
}

if (import.meta.main) await main();
