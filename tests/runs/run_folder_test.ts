import { assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { defaults } from "../../lib/config/config.ts";
import { UsageError } from "../../lib/base/errors.ts";
import { FileError, writeWhole } from "../../lib/base/files.ts";
import { makeManifest } from "../../lib/runs/manifest.ts";
import {
  findCheckpoint,
  newestRun,
  readMetrics,
  runsIn,
} from "../../lib/runs/read.ts";
import {
  checkpointPath,
  type MetricsRow,
  RunWriter,
} from "../../lib/runs/run_folder.ts";

async function inFolder(work: (folder: string) => Promise<void>) {
  const folder = await Deno.makeTempDir();
  try {
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const examples = { inputs: [[0, 1]], labels: [1] };
const contents = async (started = "2026-01-01T00:00:00.000Z") => ({
  config: defaults,
  manifest: { ...await makeManifest("onnx/cpu"), started },
  split: { train: examples, test: examples },
});
const row = { step: 3, train_loss: 0.5 } as MetricsRow;

Deno.test("a manifest has versions, lock, device and git state", async () => {
  const manifest = await makeManifest("onnx/cpu");
  assertEquals(manifest.versions["deno"], Deno.version.deno);
  for (
    const name of ["onnxruntime-node", "@tensorflow/tfjs-core", "pure-rand"]
  ) {
    assertEquals(
      /^\d+\.\d+\.\d+/.test(manifest.versions[name] ?? ""),
      true,
      name,
    );
  }
  assertEquals(manifest.lock?.length, 64);
  assertEquals(
    manifest.git === null || /^[0-9a-f]{40}$/.test(manifest.git.commit),
    true,
  );
});

Deno.test("a run reads back what was written", () =>
  inFolder(async (folder) => {
    const path = join(folder, "run");
    const run = await RunWriter.create(path, await contents());
    await run.appendMetrics([row]);
    await run.appendMetrics([{ ...row, step: 4, train_loss: NaN }]);
    const file = await run.writeCheckpoint(12, new Uint8Array([1, 2]));
    assertEquals(file, join(path, "checkpoints", "step-00000012.onnx"));
    assertEquals(await readMetrics(path), [
      row,
      { ...row, step: 4, train_loss: null as unknown as number },
    ]);
    assertEquals(
      JSON.parse(await Deno.readTextFile(join(path, "config.json"))),
      defaults,
    );
    assertEquals(
      JSON.parse(await Deno.readTextFile(join(path, "split.json"))),
      { train: examples, test: examples },
    );
  }));

Deno.test("readMetrics() leaves out a line that a kill cut short", () =>
  inFolder(async (folder) => {
    const path = join(folder, "run");
    const run = await RunWriter.create(path, await contents());
    await run.appendMetrics([row]);
    await Deno.writeTextFile(join(path, "metrics.jsonl"), '{"step":4,"tr', {
      append: true,
    });
    assertEquals(await readMetrics(path), [row]);
  }));

Deno.test("findCheckpoint() takes the last, or the step asked for", () =>
  inFolder(async (folder) => {
    const run = await RunWriter.create(join(folder, "run"), await contents());
    for (const step of [0, 5, 20]) {
      await run.writeCheckpoint(step, new Uint8Array([step]));
    }
    assertEquals(await findCheckpoint(run.path), checkpointPath(run.path, 20));
    assertEquals(
      await findCheckpoint(run.path, 5),
      checkpointPath(run.path, 5),
    );
    await assertRejects(
      () => findCheckpoint(run.path, 6),
      UsageError,
      "it has steps 0, 5, 20",
    );
  }));

Deno.test("newestRun() goes by when runs were started", () =>
  inFolder(async (folder) => {
    await assertRejects(
      () => newestRun(folder),
      FileError,
      "Cannot find a run",
    );
    // Whatever order the system lists them in, it is not both of these.
    const orders = [["b", "c", "a"], ["a", "c", "b"]];
    for (const [i, names] of orders.entries()) {
      const runs = join(folder, `${i}`);
      for (const [day, name] of names.entries()) {
        await RunWriter.create(
          join(runs, name),
          await contents(`2026-01-0${day + 1}T00:00:00.000Z`),
        );
      }
      await Deno.mkdir(join(runs, "no-run"));
      assertEquals(await newestRun(runs), join(runs, names.at(-1)!));
      const last = names.toReversed().map((name) => join(runs, name));
      assertEquals(await runsIn(runs), last);
    }
  }));

Deno.test("writeWhole() leaves the old file and no other where it fails", () =>
  inFolder(async (folder) => {
    const path = join(folder, "file");
    await writeWhole(path, "old");
    // A folder in the file's place: the rename fails after the write.
    await Deno.mkdir(join(folder, "taken", "inside"), { recursive: true });
    await assertRejects(
      () => writeWhole(join(folder, "taken"), "new"),
      FileError,
      "Cannot write",
    );
    assertEquals(await Deno.readTextFile(path), "old");
    const names = [...Deno.readDirSync(folder)].map(({ name }) => name);
    assertEquals(names.sort(), ["file", "taken"]);
  }));
