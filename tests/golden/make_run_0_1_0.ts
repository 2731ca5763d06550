/**
 * Makes run-0.1.0/ with groklab 0.1.0: of each engine a run that was stopped, and
 * the same once 0.1.0 has gone on with it to its end.
 *
 *     git worktree add /tmp/groklab-0.1.0 db50fe5
 *     cd tests/golden
 *     deno run -A --config /tmp/groklab-0.1.0/deno.json make_run_0_1_0.ts /tmp/groklab-0.1.0
 */

import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [clone] = Deno.args;
const { train } = await import(pathToFileURL(join(clone!, "mod.ts")).href);

const home = "run-0.1.0";
await Deno.remove(home, { recursive: true }).catch(() => {});
await Deno.mkdir(home);
Deno.chdir(home);

for (const engine of ["onnx", "tfjs"]) {
  const config = {
    engine,
    modulus: 5,
    hidden: [4],
    steps: 12,
    evalEvery: 2,
    checkpointEvery: 4,
    ...(engine === "onnx" && { threads: 1 }),
  };
  const stop = new AbortController();
  await train(config, {
    run: engine,
    signal: stop.signal,
    onProgress: ({ step }: { readonly step: number }) => {
      if (step >= 4) stop.abort();
    },
  });
  const whole = `${engine}-whole`;
  for await (const path of filesIn(engine)) {
    await Deno.mkdir(join(whole, path, ".."), { recursive: true });
    await Deno.copyFile(join(engine, path), join(whole, path));
  }
  await train(config, { run: whole, resume: true });
  // Of that one what training writes is enough, and of the files that grow the
  // last.
  for await (const path of filesIn(whole)) {
    const isKept = path === "metrics.jsonl" || path.endsWith("12.onnx");
    if (!isKept) await Deno.remove(join(whole, path));
  }
}

async function* filesIn(folder: string, inside = ""): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(join(folder, inside))) {
    const path = join(inside, entry.name);
    if (entry.isDirectory) yield* filesIn(folder, path);
    else yield path;
  }
}
