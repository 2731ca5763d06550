/**
 * The playground as a page.
 *
 * @module
 */

import { framed } from "../report/page/frame.ts";
import {
  base64Block,
  type Html,
  html,
  jsonBlock,
} from "../report/page/html.ts";
import { runtimeWasm } from "../report/playground/bundle.ts";
import { packed } from "../report/playground/live_section.ts";
import { makeManifest } from "../runs/manifest.ts";
import { scriptOf } from "./bundle.ts";
import { presets } from "./presets.ts";

const choice = (
  name: string,
  text: string,
  options: readonly (readonly [value: string | number, text: string])[],
): Html =>
  html`
    <label>${text} <select name="${name}">${options.map((
      [value, text],
    ) => html`<option value="${value}">${text}</option>`)}</select></label>
  `;

const number = (
  name: string,
  text: string,
  value: number,
  [least, most, step]: readonly [number, number, number | "any"],
): Html =>
  html`
    <label>${text} <input name="${name}" type="number" value="${value}" min="${least}" max="${most}" step="${step}"></label>
  `;

const panel = (id: string, title: string, says: string): Html =>
  html`
    <figure class="panel">
      <figcaption><b>${title}</b> ${says}</figcaption>
      <div id="${id}"></div>
    </figure>
  `;

const form = html`
  <form id="setting" aria-label="Setting">
    <label>Preset <select id="preset">${presets.map(({ name }, i) =>
      html`<option value="${i}">${name}</option>`
    )}</select></label>
    <p id="preset-says"></p>
    <fieldset><legend>Task and network</legend>
  ${choice("task", "Operation", [
    ["add", "a + b"],
    ["subtract", "a − b"],
    ["product", "a · b"],
    ["divide", "a / b"],
  ])}
  ${number("modulus", "modulo p", 31, [5, 113, 1])}
  ${number("share", "% of the pairs", 60, [1, 99, "any"])}
  ${choice("model", "Model", [
    ["mlp", "perceptron"],
    ["transformer", "transformer"],
  ])}
  ${number("layers", "hidden layers", 2, [1, 4, 1])}
  ${number("width", "width", 128, [1, 512, 1])}
  ${number("seed", "seed", 0, [0, 2 ** 32 - 1, 1])}
  ${number("steps", "steps", 3000, [1, 1e6, 1])}
  <button type="submit">Start anew</button>
    </fieldset>
    <fieldset><legend>May change while it trains</legend>
  ${choice("loss", "Loss", [
    ["stablemax", "StableMax, float64"],
    ["softmax16", "softmax, float16"],
    ["softmax32", "softmax, float32"],
    ["softmax64", "softmax, float64"],
  ])}
  ${choice("perp", "⊥Grad", [["on", "on"], ["off", "off"]])}
  ${number("lr", "rate", 0.01, [0, 10, "any"])}
  ${number("decay", "weight decay", 0, [0, 100, "any"])}
    </fieldset>
  </form>
`;

const main = html`
  <section id="play" aria-labelledby="play-title">
    <h2 id="play-title">Train it here</h2>
    <p class="buttons"><button type="button" id="run" disabled>Run</button>
  <button type="button" id="one" disabled>One step</button>
  <button type="button" id="restart">Restart</button>
  <button type="button" id="save" disabled>Download the run</button></p>
    <p id="status" role="status"
      aria-live="polite">The page is being prepared …</p>
    <dl class="numbers">
      <div>
        <dt>step</dt>
        <dd id="step">0</dd>
      </div>
      <div>
        <dt>train accuracy</dt>
        <dd id="train">–</dd>
      </div>
      <div>
        <dt>test accuracy</dt>
        <dd id="test">–</dd>
      </div>
      <div>
        <dt>a step takes</dt>
        <dd id="speed">–</dd>
      </div>
    </dl>
    <p id="size"></p>
    <div class="bench">${form}<div class="panels">
  ${panel(
    "accuracy",
    "Accuracy",
    "of the pairs it trains on (first colour) and of those it never saw (second).",
  )}
  ${panel("loss", "Loss", "of the same, as a logarithm.")}
  ${panel(
    "spectrum",
    "Spectrum",
    "how much of the first weights each frequency is: a few grow, the others fade.",
  )}
  ${panel(
    "collapse",
    "Softmax Collapse",
    "share of train rows whose softmax is exactly 1 in float16, 32 and 64 (first to third colour).",
  )}
  ${panel(
    "cosine",
    "cos(w, −gradient)",
    "near 1 the gradient only makes the weights longer.",
  )}
  ${panel("scale", "Logit scale", "mean largest |logit|.")}
  <figure class="panel wide"><figcaption><b>Circles</b> the residues' weights in the planes of the five strongest frequencies, coloured by residue.</figcaption><div id="circles"></div></figure>
  <figure class="panel"><figcaption><b>Logits of class 0</b> over all pairs, a down, b across: blue below their mean, red above; stripes are what it has understood.</figcaption><canvas id="logits" width="1" height="1" role="img" aria-label="logits of class 0 over all pairs"></canvas></figure>
  </div></div>
  </section>
  <section id="about" aria-labelledby="about-title">
    <h2 id="about-title">What this is</h2>
    <p>A network that learns a table by heart, and long afterwards suddenly understands it: that is <b>grokking</b>. This page trains one in your browser with groklab's own training graph. Nothing is sent anywhere. Plain softmax often stops before it gets there, because in floating-point numbers its loss becomes exactly 0 (Softmax Collapse); StableMax, ⊥Grad and weight decay each keep it going (Prieto et al., arXiv 2501.04697).</p>
    <p>The downloaded run is a folder as <code>groklab train</code> makes it: <code>groklab probe</code> looks into it. The page's address holds the setting.</p>
  </section>
`;

const CSS = `
:root{--c0:#0072b2;--c1:#d55e00;--c2:#009e73;--c3:#cc79a7;--c4:#56b4e9}
#main{max-width:1400px}
.bench{display:grid;grid-template-columns:17rem 1fr;gap:1rem}
#setting fieldset{border:1px solid light-dark(#ccc,#555);margin:0 0 .8rem;padding:.6rem}
#setting label{display:flex;justify-content:space-between;gap:.5rem;margin:.25rem 0}
#setting input,#setting select{width:8.5rem}
.panels{display:flex;flex-wrap:wrap;gap:1rem;align-content:flex-start;min-width:0}
.panel{margin:0;width:340px;max-width:100%}.panel.wide{width:100%}
.panel figcaption{font-size:.85rem;min-height:2.6em}
#circles{display:flex;flex-wrap:wrap;gap:.5rem}
#logits{width:320px;max-width:100%;aspect-ratio:1;image-rendering:pixelated}
.numbers{display:flex;flex-wrap:wrap;gap:1.5rem;margin:.5rem 0}
.numbers dt{font-size:.8rem}.numbers dd{margin:0;font-size:1.6rem;font-variant-numeric:tabular-nums}
#status{font-size:1.15rem;min-height:2.8em}
.panel svg{max-width:100%;height:auto;overflow:visible;background:none}
@media(max-width:900px){.bench{grid-template-columns:1fr}}
`;

/**
 * The playground as one HTML file, which asks nothing of a network.
 *
 * @throws {Error} if a script cannot be made.
 */
export async function playgroundPage(): Promise<string> {
  const worker = new TextEncoder().encode(await scriptOf("worker"));
  const manifest = {
    ...await makeManifest("wasm", 1),
    command: ["groklab", "play"],
    device: {
      os: "browser",
      arch: "wasm",
      cores: 1,
      provider: "wasm",
      threads: 1,
    },
    git: null,
  };
  return await framed({
    title: "See a network grok",
    css: CSS,
    parts: [["play-title", "Train"], ["about-title", "What this is"]],
    script: await scriptOf("page"),
    works: true,
    main: html`
      ${main} ${jsonBlock("presets", presets)} ${jsonBlock(
        "manifest",
        manifest,
      )} ${base64Block("worker-script", packed(worker))} ${base64Block(
        "runtime",
        packed(await runtimeWasm()),
      )}
    `,
  });
}
