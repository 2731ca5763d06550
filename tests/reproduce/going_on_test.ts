/** Reproductions that were killed or stopped, and go on. */

import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Figure } from "../../lib/figures/figure.ts";
import { reproduce } from "../../lib/reproduce/reproduce.ts";
import { contentsOf, outputOf, startDeno, withTempDir } from "../tasks/_run.ts";
import { placesIn, tiny } from "./_tiny.ts";
import { quickly } from "./_quickly.ts";

// Its runs are too long to end before it is heard that they have begun.
const lasting: Figure = {
  ...tiny,
  arms: tiny.arms.map((arm) => ({
    ...arm,
    config: { ...arm.config, steps: 8000 },
  })),
};

// Files without what is a matter of time.
async function settled(folder: string): Promise<Record<string, string>> {
  const decoder = new TextDecoder();
  const files = Object.entries(await contentsOf(folder));
  const timed =
    /"(ms_per_step|seconds|started|run|checkpoint|commit|dirty)":[^,}\]]*|"(cost|resumed)": [^]*?\n {2}[}\]],?/g;
  return Object.fromEntries(
    files.filter(([path, bytes]) => bytes && !/\.onnx$|manifest/.test(path))
      // Sums of files with times in them.
      .filter(([path]) => !path.endsWith("SHA256SUMS"))
      .map(([path, bytes]) => [
        path.slice(folder.length),
        decoder.decode(bytes!).replaceAll(timed, ""),
      ]),
  );
}

const networks = async (folder: string) =>
  Object.fromEntries(
    Object.entries(await contentsOf(folder))
      .filter(([path]) => path.endsWith(".onnx"))
      .map(([path, bytes]) => [path.slice(folder.length), bytes]),
  );

Deno.test("reproduce() goes on after kill -9, to the same bytes", () =>
  withTempDir(async (folder) => {
    const program = fileURLToPath(new URL("./_tiny.ts", import.meta.url));
    const start = (name: string, ...mode: string[]) =>
      startDeno([
        ...["run", "--no-prompt", "--allow-read", "--allow-write"],
        ...["--allow-ffi", "--allow-env", "--allow-run=git"],
        ...[program, join(folder, name), ...mode],
      ]);
    const whole = await outputOf(start("whole"));
    assertEquals(whole.code, 0, whole.stderr);
    let kills = 0;
    for (const wait of [0, 700, 1500]) {
      const child = start("killed", "resume");
      const reader = child.stdout.getReader();
      await reader.read(); // it has begun
      reader.releaseLock();
      await new Promise((resolve) => setTimeout(resolve, wait));
      try {
        child.kill("SIGKILL");
        kills += 1;
      } catch {
        // It was faster.
      }
      await child.status;
      await child.stderr.cancel();
      await child.stdout.cancel().catch(() => {});
    }
    assert(kills > 0);
    const rest = await outputOf(start("killed", "resume"));
    assertEquals(rest.code, 0, rest.stderr);
    const [a, b] = [join(folder, "whole"), join(folder, "killed")];
    assertEquals(await settled(b), await settled(a));
    assertEquals(await networks(b), await networks(a));
  }));

Deno.test("reproduce() goes on where a kill came at a file's first byte", () =>
  withTempDir(async (folder) => {
    const here = join(placesIn(folder).here, "tiny");
    const left = [
      join(here, "quick/softmax-seed0/manifest.json.partial-1"),
      join(here, "table.md.partial-1"),
    ];
    await Deno.mkdir(join(here, "quick/softmax-seed0"), { recursive: true });
    for (const file of left) await Deno.writeTextFile(file, "");
    const { outcomes, failures } = await quickly(folder, { resume: true });
    assertEquals(failures, []);
    assertEquals(outcomes[0]!.runs, { finished: 2, of: 2 });
    for (const file of left) await assertRejects(() => Deno.stat(file));
  }));

Deno.test("reproduce() removes what killed processes left, and nothing young", () =>
  withTempDir(async (folder) => {
    const { here } = placesIn(folder);
    const left = [".trial-1", ".trial-2", "tiny/quick/softmax-seed0.partial-1"];
    for (const name of left) {
      const path = join(here, name);
      await Deno.mkdir(join(path, "0"), { recursive: true });
      const old = Date.now() - (name === ".trial-2" ? 0 : 2 * 60 * 60 * 1000);
      await Deno.utime(path, new Date(), new Date(old));
    }
    await quickly(folder);
    const names = [...Deno.readDirSync(here)].map(({ name }) => name);
    assertEquals(names.sort(), [".trial-2", "tiny"]);
    assertEquals(
      [...Deno.readDirSync(join(here, "tiny/quick"))]
        .map(({ name }) => name).sort(),
      ["softmax-seed0", "stablemax-seed0"],
    );
  }));

Deno.test("reproduce() stops at a signal, all state kept", () =>
  withTempDir(async (folder) => {
    const stop = new AbortController();
    const stopped = await quickly(folder, {
      scale: "full",
      figures: { tiny: lasting },
      signal: stop.signal,
      onProgress: () => stop.abort(),
    });
    assert(stopped.interrupted);
    assertEquals(stopped.outcomes[0]!.runs.finished, 0);
    assertEquals(stopped.outcomes[0]!.claims[0]!.verdict, "inconclusive");
    assertMatch(stopped.outcomes[0]!.claims[0]!.why, /0 of 3 seeds/);
    const rest = await quickly(folder, {
      scale: "full",
      figures: { tiny: lasting },
      resume: true,
    });
    assert(!rest.interrupted);
    assertEquals(rest.outcomes[0]!.claims[0]!.verdict, "holds");
  }));

Deno.test("reproduce() goes on with the twin that has come furthest", () =>
  withTempDir(async (folder) => {
    const places = placesIn(folder);
    const one = { ...lasting, arms: [lasting.arms[0]!], claims: [] };
    const both = { tiny: one, twin: one };
    const options = { figures: both, places, scale: "full", seeds: 1 } as const;
    const stop = new AbortController();
    await reproduce(["twin"], {
      ...options,
      signal: stop.signal,
      onProgress: ({ training }) => {
        if (training.some(({ step }) => step > 0)) stop.abort();
      },
    });
    const trained = new Set<string>();
    const { outcomes } = await reproduce(["all"], {
      ...options,
      resume: true,
      onProgress: ({ training }) =>
        training.forEach(({ job }) => trained.add(job.figure)),
    });
    assertEquals(outcomes.map(({ runs }) => runs.finished), [1, 1]);
    assertEquals([...trained], ["twin"]);
  }));
