import { assertEquals } from "@std/assert";
import { join } from "node:path";
import { task, withTempDir } from "./_run.ts";

/** A network that is trained in no time. */
export const TINY = ["--modulus", "5", "--hidden", "8"] as const;

/** Gives work a run of five steps. */
export function withRun(
  work: (run: string, dir: string) => Promise<void>,
): Promise<void> {
  return withTempDir(async (dir) => {
    const run = join(dir, "run");
    const { code, stderr } = await task(
      "train",
      ...[...TINY, "--steps", "5", "--run", run],
    );
    assertEquals(code, 0, stderr);
    await work(run, dir);
  });
}

/** The file of a run's checkpoint. */
export const checkpointOf = (run: string, step: number) =>
  join(run, "checkpoints", `step-${String(step).padStart(8, "0")}.onnx`);

/** What `deno task probe --json` says the last checkpoint's step is. */
export async function probedStep(run: string): Promise<unknown> {
  const { code, stdout, stderr } = await task("probe", run, "--json");
  assertEquals(code, 0, stderr);
  return JSON.parse(stdout).step;
}
