/**
 * The playground's page: the form, the buttons, and what the worker tells.
 *
 * @module
 */

/// <reference lib="dom" />
import { startTheme } from "../../report/live/theme.ts";
import { collapses, PRECISIONS } from "../../report/live/softmax.ts";
import type { Manifest } from "../../runs/manifest.ts";
import type { Preset } from "../presets.ts";
import { drawCircles, drawCurves, drawLogits, drawSpectrum } from "./charts.ts";
import type { Answers, Frame, Order, Word } from "./messages.ts";
import {
  changesOf,
  configOf,
  type Fields,
  fieldsOf,
  fieldsOfLink,
  fill,
  shownConfig,
} from "./setting.ts";
import type { Keys } from "./training.ts";
import { sayingOf } from "./words.ts";

const byId = <E extends HTMLElement>(id: string) =>
  document.getElementById(id) as E;
const form = byId<HTMLFormElement>("setting");
const status = byId("status");
const [runButton, stepButton, saveButton] = ["run", "one", "save"].map((id) =>
  byId<HTMLButtonElement>(id)
) as [HTMLButtonElement, HTMLButtonElement, HTMLButtonElement];
const json = <T>(id: string): T => JSON.parse(byId(id).textContent!);
const presets = json<readonly Preset[]>("presets");
const manifest = json<Manifest>("manifest");

type Points = [step: number, value: number][];

/** What has been told of the training that is on. */
interface Told {
  readonly curves: Record<
    "train" | "test" | "trainLoss" | "testLoss" | "cosine" | "scale",
    Points
  >;
  readonly collapse: Record<(typeof PRECISIONS)[number], Points>;
  config: Keys;
  classes: number;
  five: number;
  collapsed: number;
}

const nothing = (config: Keys): Told => ({
  curves: {
    train: [],
    test: [],
    trainLoss: [],
    testLoss: [],
    cosine: [],
    scale: [],
  },
  collapse: { float16: [], float32: [], float64: [] },
  config,
  classes: Number(config.modulus ?? 1),
  five: 0,
  collapsed: 0,
});
let told: Told | undefined;
let running = false;
let worker: Worker;
const order = (one: Order) => worker.postMessage(one);

async function unpacked(id: string): Promise<Uint8Array<ArrayBuffer>> {
  const element = byId(id);
  const text = element.textContent!.trim();
  element.remove(); // What is unpacked is not needed twice.
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream()
    .pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function show(text: string): void {
  if (status.textContent !== text) status.textContent = text;
}

function setRunning(on: boolean): void {
  running = on;
  runButton.textContent = on ? "Pause" : "Run";
  runButton.disabled = !told;
  stepButton.disabled = on || !told;
  saveButton.disabled = !told;
}

/** Keeps what a frame tells. */
function keep(frame: Frame, told: Told): void {
  for (const { step, metrics } of frame.evaluations) {
    const put = (points: Points, key: string) => {
      const value = metrics[key];
      if (typeof value === "number") points.push([step, value]);
    };
    put(told.curves.train, "train_accuracy");
    put(told.curves.test, "test_accuracy");
    put(told.curves.trainLoss, "train_loss");
    put(told.curves.testLoss, "test_loss");
    put(told.curves.cosine, "cos_weight_neg_gradient");
    put(told.curves.scale, "logit_scale");
  }
  told.five = frame.circles.reduce(
    (sum, { frequency }) => sum + frame.spectrum[frequency - 1]!.share,
    0,
  );
  if (frame.answers) keepCollapse(frame.step, frame.answers, told);
}

function keepCollapse(
  step: number,
  { sample, classes }: Answers,
  told: Told,
): void {
  const rows = sample.length / classes;
  for (const precision of PRECISIONS) {
    let count = 0;
    for (let i = 0; i < rows; i++) {
      const row = sample.subarray(i * classes, (i + 1) * classes);
      if (collapses(row, precision)) count++;
    }
    told.collapse[precision].push([step, count / rows]);
    if (told.config.lossPrecision === precision) told.collapsed = count / rows;
  }
}

function draw(frame: Frame, { curves, collapse }: Told): void {
  const at = (id: string, says: string) => ({ at: byId(id), says });
  const { train, test, trainLoss, testLoss, cosine, scale } = curves;
  const share = { domain: [0, 1] as const };
  drawCurves(at("accuracy", "accuracy"), { train, test }, share);
  drawCurves(at("loss", "loss"), { train: trainLoss, test: testLoss }, {
    log: true,
  });
  drawCurves(at("collapse", "collapsed train rows"), { ...collapse }, share);
  drawCurves(at("cosine", "cosine"), { cosine }, { domain: [-0.2, 1] });
  drawCurves(at("scale", "logit scale"), { scale }, { log: true });
  drawSpectrum(at("spectrum", "spectrum of the first weights"), frame);
  drawCircles(byId("circles"), frame);
  if (frame.answers) {
    drawLogits(byId<HTMLCanvasElement>("logits"), frame.answers);
  }
}

function numbers(frame: Frame, { curves }: Told): void {
  const shown = (points: Points) =>
    points.length > 0 ? `${(points.at(-1)![1] * 100).toFixed(1)} %` : "–";
  byId("step").textContent = frame.step.toLocaleString("en");
  byId("train").textContent = shown(curves.train);
  byId("test").textContent = shown(curves.test);
  byId("speed").textContent = frame.msPerStep > 0
    ? `${frame.msPerStep.toPrecision(2)} ms`
    : "–";
}

// The newest frame: a slow page leaves out those before it.
let next: Frame | undefined;

function drawNext(): void {
  const frame = next;
  next = undefined;
  if (!frame || !told) return;
  draw(frame, told);
  numbers(frame, told);
  const [train, test] = [told.curves.train, told.curves.test]
    .map((points) => points.at(-1)?.[1] ?? 0) as [number, number];
  const { collapsed, five, classes } = told;
  show(sayingOf({ step: frame.step, train, test, collapsed, five, classes }));
}

function hear(word: Word): void {
  switch (word.kind) {
    case "ready":
      return begin();
    case "started":
      told = nothing(word.config);
      fill(form, shownConfig(word.config));
      byId("size").textContent = `${word.parameters.toLocaleString("en")} ` +
        `parameters, ${word.rows.toLocaleString("en")} pairs to train on`;
      location.replace(`#${new URLSearchParams({ ...fieldsOf(form) })}`);
      return setRunning(running);
    case "frame":
      if (!told) return;
      keep(word.frame, told);
      if (!next) requestAnimationFrame(drawNext);
      // Answers are not lost by a newer frame without any.
      next = { ...(next?.answers && { answers: next.answers }), ...word.frame };
      return;
    case "stopped":
      setRunning(false);
      if (word.why !== "end" && word.why !== "pause") show(word.why);
      return;
    case "saved": {
      const link = document.createElement("a");
      const blob = new Blob([word.zip as Uint8Array<ArrayBuffer>]);
      link.href = URL.createObjectURL(blob);
      link.download = `${word.name}.zip`;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
      return;
    }
    case "refused":
      setRunning(word.running);
      return show(word.message);
  }
}

/** Starts anew with what the form says. */
function begin(): void {
  show("The network is being prepared …");
  told = undefined;
  order({ kind: "start", config: configOf(fieldsOf(form)) });
}

function choose({ config, says }: Preset): void {
  byId("preset-says").textContent = says;
  form.reset();
  fill(form, presetFields(config));
}

// A preset's keys over those of the form's own beginning.
const presetFields = (config: Keys): Fields =>
  shownConfig({ ...configOf(fieldsOf(form)), ...config });

function listen(): void {
  runButton.addEventListener("click", () => {
    if (running) return order({ kind: "pause" });
    setRunning(true);
    order({ kind: "run" });
  });
  stepButton.addEventListener("click", () => order({ kind: "step" }));
  saveButton.addEventListener("click", () =>
    order({
      kind: "save",
      manifest: { ...manifest, started: new Date().toISOString() },
    }));
  byId("restart").addEventListener("click", () => begin());
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    begin();
  });
  const preset = byId<HTMLSelectElement>("preset");
  preset.addEventListener("change", () => {
    choose(presets[Number(preset.value)]!);
    begin();
  });
  form.addEventListener("change", ({ target }) => {
    const { name } = target as HTMLInputElement;
    // What may change on the way does; the rest waits for the next start.
    if (!["loss", "lr", "decay", "perp"].includes(name) || !told) return;
    order({ kind: "change", config: changesOf(fieldsOf(form)) });
  });
}

function lacking(): string | undefined {
  if (typeof WebAssembly === "undefined") return "WebAssembly";
  if (typeof Worker === "undefined") return "workers";
  return typeof DecompressionStream === "undefined"
    ? "DecompressionStream"
    : undefined;
}

async function open(): Promise<void> {
  startTheme();
  const lack = lacking();
  if (lack) {
    return show(`This browser has no ${lack}, which training here needs.`);
  }
  choose(presets[0]!);
  fill(form, fieldsOfLink(location.hash));
  const script = await unpacked("worker-script");
  const url = URL.createObjectURL(
    new Blob([script], { type: "text/javascript" }),
  );
  worker = new Worker(url);
  worker.onmessage = ({ data }: MessageEvent<Word>) => hear(data);
  worker.onerror = (event) => {
    event.preventDefault();
    setRunning(false);
    const why = event.message ?? "it could not be started";
    show(`The worker has ended: ${why}. Reload the page.`);
  };
  listen();
  setRunning(false);
  const wasm = (await unpacked("runtime")).buffer;
  worker.postMessage({ kind: "open", wasm } satisfies Order, [wasm]);
}

open().catch((error: Error) => show(error.message));
