/**
 * Trainings with TensorBoard's events beside them. tests/outside/
 * read_tensorboard.py reads such files with TensorBoard's package, also of a
 * training that was killed.
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { fromBinary } from "../../lib/formats/protobuf.ts";
import { UsageError } from "../../lib/base/errors.ts";
import { schemaOf } from "../../lib/formats/event_messages.ts";
import { tagOf } from "../../lib/formats/tensorboard.ts";
import { eventFiles } from "../../lib/runs/exports/event_log.ts";
import { exportTensorboard } from "../../lib/runs/exports/tensorboard.ts";
import { readMetrics } from "../../lib/runs/read.ts";
import { trainReplicas } from "../../lib/train/band/replicas.ts";
import type { TrainOptions } from "../../lib/train/options.ts";
import { tensorboardLog } from "../../lib/train/tensorboard.ts";
import { train } from "../../lib/train/train.ts";
import { withTempDir } from "../tasks/_run.ts";

const small = {
  ...{ modulus: 5, hidden: [4], steps: 6, evalEvery: 2 },
  ...{ checkpointEvery: 2, metrics: ["tensors" as const] },
};

// deno-lint-ignore no-explicit-any -- A message of a schema made at run time.
type Message = any;

/** The events of a file, those that are whole. */
function eventsOf(bytes: Uint8Array): Message[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const events: Message[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = Number(view.getBigUint64(at, true));
    const data = bytes.subarray(at + 12, at + 12 + length);
    events.push(fromBinary(schemaOf("Event"), data));
    at += length + 16;
  }
  return events;
}

function eventsIn(folder: string): Message[][] {
  return eventFiles(folder)
    .map((name) => eventsOf(Deno.readFileSync(join(folder, name))));
}

/** The scalars as [step, tag, value]. */
const scalars = (events: Message[]) =>
  events.filter(({ summary }) => summary && !summary.value[0].metadata)
    .flatMap(({ step, summary }) =>
      summary.value.map((
        { tag, simpleValue }: Message,
      ) => [Number(step), tag, simpleValue])
    );

/** What they should be. */
const rowsOf = async (run: string) =>
  (await readMetrics(run)).flatMap(({ step, ...row }) =>
    Object.entries(row as Record<string, number | null>)
      .filter(([, value]) => value !== null)
      .map(([name, value]) => [step, tagOf(name), Math.fround(value!)])
  );

/** The hparams plugin's data: how sessions began and ended. */
const sessions = (events: Message[]) =>
  events.filter(({ summary }) => summary?.value[0].metadata)
    .map(({ summary: { value: [{ metadata }] } }) =>
      fromBinary(
        schemaOf("HParamsPluginData"),
        metadata.pluginData.content,
      ) as Message
    );

const logged = async (
  logs: string,
  options: TrainOptions,
  work: (options: TrainOptions) => Promise<unknown>,
) => {
  const { overwrite = false, resume = false } = options;
  const { close, ...log } = tensorboardLog(logs, { overwrite, resume });
  try {
    await work({ ...options, ...log });
  } finally {
    close();
  }
};

Deno.test("tensorboardLog() writes the metrics and the config, and the run is what it is without", () =>
  withTempDir(async (dir) => {
    const [logs, run, bare] = ["logs", "run", "bare"].map((n) => join(dir, n));
    await logged(logs!, { run: run! }, (o) => train(small, o));
    await train(small, { run: bare! });
    for (const name of ["config.json", "split.json"]) {
      assertEquals(
        await Deno.readFile(join(run!, name)),
        await Deno.readFile(join(bare!, name)),
      );
    }
    const checkpoint = "checkpoints/step-00000006.onnx";
    assertEquals(
      await Deno.readFile(join(run!, checkpoint)),
      await Deno.readFile(join(bare!, checkpoint)),
    );
    const [events] = eventsIn(join(logs!, "run"));
    assertEquals(events![0]!.fileVersion, "brain.Event:2");
    assertEquals(scalars(events!), await rowsOf(run!));
    const [start, end, ...more] = sessions(events!);
    assertEquals(more, []);
    const params = Object.fromEntries(
      start.sessionStartInfo.hparams.map((
        { key, value }: Message,
      ) => [key, value.kind.value]),
    );
    assertEquals(
      [params.modulus, params.hidden, params.perpGrad, params.loss],
      [5, "[4]", true, "stablemax"],
    );
    assert(!("threads" in params) && !("device" in params));
    assertEquals(end.sessionEndInfo.status, 1);
    // The same of the run, later; only when is not known any more.
    const later = join(dir, "later");
    assertEquals(await exportTensorboard([run!], later), [join(later, "run")]);
    const [exported] = eventsIn(join(later, "run"));
    assertEquals(scalars(exported!), scalars(events!));
    assertEquals(sessions(exported!).length, 2);
  }));

Deno.test("a training that goes on has every row once, in a file that stands for all", () =>
  withTempDir(async (dir) => {
    const [logs, run] = [join(dir, "logs"), join(dir, "run")];
    const stop = {
      run,
      onEvaluation: ({ step }: { step: number }) => step < 4,
    };
    const long = { ...small, steps: 12 };
    await logged(logs, stop, (o) => train(long, o));
    const [first] = eventsIn(join(logs, "run"));
    const before = scalars(first!).length;
    assert(before > 0);
    // It goes on: nothing says that it ended.
    assertEquals(sessions(first!).length, 1);
    const resume = { run, resume: true };
    await logged(logs, resume, (o) => train(long, o));
    const [old, events, ...more] = eventsIn(join(logs, "run"));
    assertEquals([scalars(old!).length, more], [before, []]);
    const start = events!.find(({ sessionLog }) => sessionLog)!;
    assertEquals([start.sessionLog.status, Number(start.step)], [1, 0]);
    assertEquals(scalars(events!), await rowsOf(run));
    assertEquals(sessions(events!).length, 2);
  }));

Deno.test("replicas have folders of their own, and one that diverges has failed", () =>
  withTempDir(async (dir) => {
    const [logs, run] = [join(dir, "logs"), join(dir, "band")];
    const lr = [0.01, 1e30];
    const wild = { ...small, optimizer: "sgd" as const, perpGrad: false };
    await assertRejects(() =>
      logged(
        logs,
        { run },
        (o) => trainReplicas(wild, { replicas: 2, lr }, o),
      )
    );
    const ends = [];
    for (const name of ["replica-0", "replica-1"]) {
      const [events] = eventsIn(join(logs, "band", name));
      assertEquals(scalars(events!), await rowsOf(join(run, name)), name);
      ends.push(sessions(events!).at(-1).sessionEndInfo.status);
    }
    assertEquals(ends, [1, 2]);
    const out = join(dir, "out");
    await exportTensorboard([run], out);
    for (const [i, name] of ["replica-0", "replica-1"].entries()) {
      const [events] = eventsIn(join(out, "band", name));
      assertEquals(sessions(events!).at(-1).sessionEndInfo.status, ends[i]);
    }
  }));

Deno.test("events of another run are refused, or replaced where that is wanted", () =>
  withTempDir(async (dir) => {
    const [logs, run] = [join(dir, "logs"), join(dir, "run")];
    await logged(logs, { run }, (o) => train(small, o));
    const words = "it has those of a run; replace them with --overwrite";
    const elsewhere = join(dir, "else", "run");
    await assertRejects(
      () => logged(logs, { run: elsewhere }, (o) => train(small, o)),
      UsageError,
      words,
    );
    await assertRejects(
      () => exportTensorboard([run], logs),
      UsageError,
      words,
    );
    const foreign = join(logs, "run", "events.out.tfevents.1.theirs");
    await Deno.writeTextFile(foreign, "");
    await assertRejects(
      () => logged(logs, { run, overwrite: true }, (o) => train(small, o)),
      UsageError,
      words,
    );
    await Deno.remove(foreign);
    const overwrite = { run, overwrite: true };
    await logged(logs, overwrite, (o) => train(small, o));
    await exportTensorboard([run], logs, { overwrite: true });
    assertEquals(eventFiles(join(logs, "run")).length, 1);
    await assertRejects(
      () => exportTensorboard([run, elsewhere], join(dir, "two")),
      UsageError,
      "events of two runs",
    );
  }));
