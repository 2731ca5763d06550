/**
 * The live part of a page: the checkpoint with its handles, the rows of its task,
 * and the controls.
 *
 * @module
 */

import { gzipSync } from "fflate";
import { configAt } from "../../config/switches.ts";
import { permutation, randomKey } from "../../numeric/random.ts";
import { bytesOf } from "../../numeric/tensor.ts";
import { decodeModel } from "../../onnx/file/model.ts";
import { ask } from "../../probes/asking/probe_checkpoint.ts";
import type { ProbeContext } from "../../probes/context/context.ts";
import { NotApplicableError } from "../../probes/context/not_applicable.ts";
import { cyclicOf } from "../../probes/fourier/anatomy.ts";
import { fourier, type FourierResult } from "../../probes/fourier/fourier.ts";
import { frequencyCount } from "../../probes/fourier/spectra.ts";
import type { InputPosition, LiveData, Switches } from "../live/data.ts";
import { PRECISIONS } from "../live/softmax.ts";
import { base64Block, type Html, html, jsonBlock } from "../page/html.ts";
import { type LiveModel, liveModel } from "./live_model.ts";

// More places than that nobody types.
const MOST_PLACES = 64;
// Rows that the browser runs after every change.
const COUNTED = 2048;

/** A checkpoint that a page can run. */
export interface Live {
  /** What the page's script is told. */
  readonly data: LiveData;
  /** The model with its handles, packed. */
  readonly model: string;
  /** Rows (float32), labels (int32), and which are train rows (bytes), packed. */
  readonly rows: readonly [inputs: string, labels: string, train: string];
  /** The step of the checkpoint. */
  readonly step: number | null;
}

/** Bytes as the page unpacks them: gzip, then base64. */
export function packed(bytes: Uint8Array): string {
  return gzipSync(bytes, { level: 9, mtime: 0 }).toBase64();
}

/**
 * Makes a checkpoint live.
 *
 * @param bytes The checkpoint's file.
 * @param context The same, opened.
 * @param known What the probe of frequencies found in it, if it was asked.
 * @throws {NotApplicableError} if its rows are nothing that a reader can type.
 */
export async function liveOf(
  bytes: Uint8Array,
  context: ProbeContext,
  known?: FourierResult,
): Promise<Live> {
  const { model, task, dataset } = context;
  const places = positionsOf(context);
  const modulus = modulusOf(context);
  const live = liveModel(decodeModel(bytes, model.source), {
    modulus,
    weights: model.weightNames,
  });
  if (live.precision === "float16") {
    throw new NotApplicableError(
      `${model.source} has float16 weights, which no browser's runtime feeds`,
    );
  }
  const { train, test } = task.split();
  const rows = [...train.rows, ...test.rows];
  const labels = [...train.labels, ...test.labels];
  // In a random order the first of them stand for all.
  const order = permutation(rows.length, randomKey(0)("report"));
  const inputs = order.flatMap((i) => [...dataset.inputs[rows[i]!]!]);
  const isTrain = order.map((i) => Number(i < train.rows.length));
  return {
    data: {
      input: {
        name: model.inputNames[0]!,
        dtype: task.input.dtype === "int64" ? "int64" : "float32",
      },
      precision: live.precision,
      places,
      classes: dataset.classes,
      temperature: temperatureOf(context),
      rows: rows.length,
      counted: Math.min(rows.length, COUNTED),
      switches: await switchesOf(live, context, known),
    },
    model: packed(live.bytes),
    rows: [
      packed(bytesOf(Float32Array.from(inputs))),
      packed(bytesOf(Int32Array.from(order, (i) => labels[i]!))),
      packed(Uint8Array.from(isTrain)),
    ],
    step: context.step,
  };
}

// What training divided logits by; 1 where the file says nothing of a loss.
function temperatureOf(context: ProbeContext): number {
  const { config } = context.task;
  const { loss, temperature } = config
    ? configAt(config, context.step ?? 0)
    : {};
  return loss === "softmax" ? temperature ?? 1 : 1;
}

// p, where the task is one in a cyclic group.
function modulusOf(context: ProbeContext): number | undefined {
  try {
    cyclicOf(context);
    return context.modular.modulus;
  } catch (error) {
    if (error instanceof NotApplicableError) return undefined;
    throw error;
  }
}

function positionsOf({ model, task, dataset }: ProbeContext): InputPosition[] {
  const { inputs } = dataset;
  const tokens = task.input.dtype === "int64";
  const width = inputs[0]!.length;
  const typable = width <= MOST_PLACES &&
    (tokens || inputs.every((row) => row.every((x) => x === 0 || x === 1)));
  if (!typable) {
    throw new NotApplicableError(
      `The rows of ${model.source} are ${width} numbers each, which nobody ` +
        "types: there is no live part",
    );
  }
  const names = tokens ? ["a", "b"] : [];
  return Array.from({ length: width }, (_, i) => {
    const values = inputs.map((row) => row[i]!);
    const range = [
      values.reduce((a, b) => Math.min(a, b)),
      values.reduce((a, b) => Math.max(a, b)),
    ] as const;
    const label = names[i] ?? (tokens ? `token ${i + 1}` : `bit ${i + 1}`);
    return { label, range };
  });
}

async function switchesOf(
  { masks, filter }: LiveModel,
  context: ProbeContext,
  known?: FourierResult,
): Promise<Switches[]> {
  const of = masks.map(({ hook, unit, size, input }): Switches => ({
    input,
    unit,
    of: hook,
    from: 0,
    size,
    suggested: unit === "head" ? Array.from({ length: size }, (_, i) => i) : [],
  }));
  if (!filter) return of;
  const { rows, parts, weight } = filter;
  const { order, residues } = cyclicOf(context);
  const size = frequencyCount(order);
  const { key_frequencies: keys } = known ?? await ask(fourier, context);
  return [...of, {
    input: filter.input,
    unit: "frequency",
    of: weight,
    from: 1,
    size,
    // Most of all frequencies are no key to anything.
    suggested: keys === null || keys.length > size / 2 ? [] : keys,
    filter: {
      rows,
      parts,
      stride: context.modular.modulus,
      elements: [...residues],
    },
  }];
}

const UNITS = {
  neuron: "neurons",
  head: "heads",
  frequency: "frequencies",
} as const;

// Long: one template, which reads as the section does.
/**
 * The section, with its data.
 *
 * @param live The checkpoint.
 * @param name The run's name.
 * @param runtime The packed runtime, where it is part of the page.
 */
export function liveSection(
  { data, model, rows: [inputs, labels, train], step }: Live,
  name: string,
  runtime: string | undefined,
): Html {
  const { places, rows, counted, switches } = data;
  const of = counted === rows
    ? `all ${rows} rows`
    : `${counted} of the ${rows} rows, drawn at random`;
  return html`
    <section id="live" aria-labelledby="live-title">
    <h2 id="live-title">Try it</h2>
    <p>The checkpoint of step ${step ??
      "?"} of ${name} runs in this page, through
    ONNX Runtime. Nothing leaves it.</p>
    <noscript><p>This part needs scripts.</p></noscript>
    <div class="live-grid">
    <div>
    <h3>One row</h3>
    <div class="fields">${places.map(field)}
    <button type="button" id="live-random">Another row</button></div>
    <p id="live-answer" class="answer" aria-live="polite">…</p>
    <figure><svg id="live-logits" viewBox="0 0 720 200" role="img"
    aria-label="Logits"></svg>
    <figcaption>Logits, a bar for each class. ● is the label, ▲ what the network says
    where it is wrong. <a id="live-csv" href="data:text/csv," download="logits.csv">CSV</a>
    </figcaption></figure>
    </div>
    <div>
    <h3>Grow the weights</h3>
    <p><label for="live-alpha">Every weight times α = <output id="live-alpha-value"
    for="live-alpha">1</output></label>
    <input id="live-alpha" type="range" min="-3" max="4" step="0.05" value="0"></p>
    <div class="scroll" tabindex="0" role="region" aria-label="Softmax by precision">
    <table><caption>Softmax in three precisions: this row, and ${of}</caption>
    <thead><tr><th scope="col">precision</th><th scope="col">Σ exp(z − max z)</th>
    <th scope="col" colspan="2">collapsed</th></tr></thead>
    <tbody>${PRECISIONS.map((precision) =>
      html`
        <tr>
          <th scope="row">${precision}</th>
          <td id="live-sum-${precision}">–</td>
          <td id="live-share-${precision}">–</td>
          <td><meter id="live-meter-${precision}" min="0" max="1" value="0"
        aria-label="Share of rows that collapse in ${precision}"></meter></td>
        </tr>
      `
    )}</tbody></table></div>
    <p>Accuracy on these rows: <strong id="live-train">–</strong> of train,
    <strong id="live-test">–</strong> of test.</p>
    <h3>Switch parts off</h3>
    ${switches.map(switchGroup)}
    <p><button type="button" id="live-reset">Everything back</button></p>
    <p id="live-status" role="status">Starting …</p>
    </div>
    </div>
    ${jsonBlock("live-data", data)}
    ${base64Block("live-model", model)}
    ${base64Block("live-inputs", inputs)}
    ${base64Block("live-labels", labels)}
    ${base64Block("live-train-rows", train)}
    ${runtime !== undefined && base64Block("live-runtime", runtime)}
    </section>
  `;
}

function field(
  { label, range: [least, most] }: InputPosition,
  i: number,
): Html {
  const id = `live-place-${i}`;
  if (least === most) {
    return html`
      <input type="hidden" id="${id}" value="${least}" min="${least}"
        max="${most}">
    `;
  }
  return label.startsWith("bit")
    ? html`<label class="bit"><input type="checkbox" id="${id}"
aria-label="${label}">${label.slice(4)}</label>`
    : html`<label>${label} <input type="number" id="${id}" min="${least}"
max="${most}" value="${least}"></label>`;
}

function switchGroup({ input, unit, of, from, size, suggested }: Switches) {
  const what = UNITS[unit];
  const shown = unit === "neuron"
    ? "the most active for this row"
    : unit === "head"
    ? "all"
    : suggested.length > 0
    ? "the key frequencies"
    : "none stands out";
  return html`
    <fieldset>
      <legend>${size} ${what} of ${of}: ${shown}</legend>
      <div class="buttons" id="buttons-${input}"></div>
      <form
        id="form-${input}"><label>${unit} <input id="number-${input}" type="number"
    min="${from}" max="${from + size - 1}"></label>
    <button type="submit">on / off</button></form>
    </fieldset>
  `;
}
