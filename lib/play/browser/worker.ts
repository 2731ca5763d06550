/**
 * The worker of the playground: it trains, and tells the page.
 *
 * @module
 */

/// <reference lib="webworker" />
import * as ort from "onnxruntime-web";
import type { Manifest } from "../../runs/manifest.ts";
import type { Order, Word } from "./messages.ts";
import { zipOf } from "./run_files.ts";
import { type Keys, Training } from "./training.ts";

const tell = (word: Word, transfer: Transferable[] = []) =>
  postMessage(word, { transfer });

let training: Training | undefined;
let running = false;
// What is to change before the next step of a training that runs.
const pending: Keys[] = [];
// Orders are carried out one after the other, between the steps.
let turn: Promise<void> = Promise.resolve();

const refuse = ({ message }: Error) =>
  tell({ kind: "refused", message, running });

async function changePending({ over }: Training): Promise<void> {
  for (const keys of pending.splice(0)) {
    if (!over) await training?.change(keys).catch(refuse);
  }
}

/** Trains until it is paused, over or broken. */
async function run(most: number): Promise<void> {
  if (!training) return;
  let left = most;
  running = true;
  while (running && left > 0 && !training.over) {
    await changePending(training);
    const before = training.step;
    const [frame, broken] = await training.advance(left);
    left -= training.step - before;
    tell(
      { kind: "frame", frame },
      frame.answers && [
        frame.answers.picture.buffer,
        frame.answers.sample.buffer,
      ] as Transferable[],
    );
    if (broken !== undefined) {
      running = false;
      return tell({ kind: "stopped", why: broken });
    }
    // What the page has said meanwhile is heard.
    await new Promise((heard) => setTimeout(heard));
  }
  running = false;
  await changePending(training);
  tell({ kind: "stopped", why: training.over ? "end" : "pause" });
}

async function start(keys: Keys): Promise<void> {
  await training?.close();
  training = undefined;
  training = await Training.start(keys, { runtime: "web" });
  const { config, parameters, trainRows: rows } = training;
  tell({ kind: "started", config: { ...config }, parameters, rows });
  tell({ kind: "frame", frame: await training.look() });
}

async function change(keys: Keys): Promise<void> {
  await training?.change(keys);
}

async function save(manifest: Manifest): Promise<void> {
  if (!training) return;
  const name = `groklab-${training.config.task}-${training.step}`;
  tell({ kind: "saved", name, zip: await zipOf(training, manifest, name) });
}

function carryOut(order: Order): Promise<void> | void {
  switch (order.kind) {
    case "open":
      ort.env.wasm.wasmBinary = order.wasm;
      ort.env.wasm.numThreads = 1; // Threads need headers that a file lacks.
      return tell({ kind: "ready" });
    case "start":
      return start(order.config);
    case "run":
      return run(Infinity);
    case "step":
      return run(1);
    case "change":
      return change(order.config);
    case "save":
      return save(order.manifest);
  }
}

onmessage = ({ data: order }: MessageEvent<Order>) => {
  if (running && order.kind === "change") {
    pending.push(order.config);
    return;
  }
  // Whatever else is to come, the steps that are being made are the last ones.
  if (order.kind !== "run") running = false;
  if (order.kind === "pause") return;
  turn = turn.then(() => carryOut(order)).catch(refuse);
};
