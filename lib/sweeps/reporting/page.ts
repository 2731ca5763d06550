/**
 * A sweep's page: one HTML file that asks nothing of a network.
 *
 * @module
 */

import { append, maxOf } from "../../base/extremes.ts";
import { quoted, sharedLine } from "../../base/shell.ts";
import type { ReportFigure } from "../../report/figures/figure.ts";
import { figureHtml } from "../../report/page/figure_html.ts";
import { framed } from "../../report/page/frame.ts";
import { type Content, type Html, html } from "../../report/page/html.ts";
import { STATES, type SweepRecords } from "../collecting/records.ts";
import { SEEDS, summaryOf } from "../summaries/cells.ts";
import { valuesOf } from "../summaries/axes.ts";
import { numberText } from "../summaries/axes.ts";
import { shownValue } from "../../report/runs.ts";
import type { CensoredMedian } from "../summaries/estimates.ts";
import type { LaidOut } from "./laid_out.ts";
import { SCRIPT } from "./live.ts";
import { type Links, runsHtml } from "./runs_html.ts";
import { shareText, stepText } from "./words.ts";

/** What a sweep's page is made of. */
export interface SweepPage {
  /** All runs. */
  readonly sweep: SweepRecords;
  /** Those that are looked at, laid out. */
  readonly layout: LaidOut;
  /** Maps by measures: a figure for each panel. */
  readonly maps: readonly (readonly ReportFigure[])[];
  /** Curves of some cells. */
  readonly curves: readonly ReportFigure[];
  /** Where runs are. */
  readonly links: Links;
  /** What could not be read. */
  readonly problems: readonly string[];
}

// What only these pages have.
const CSS = `
code.flag { white-space: nowrap; }
th.text { text-align: left; }
td.text { min-width: 8rem; }
figure svg rect[fill="#d9d9d9"] { fill: light-dark(#d9d9d9, #4d525b); }
details { margin: 0.3rem 0; }
summary { overflow-wrap: anywhere; cursor: pointer; }
svg a:hover rect, svg a:focus rect { stroke: var(--ink); stroke-width: 2; }
`;

/** The whole page as text. */
export async function sweepPageText(page: SweepPage): Promise<string> {
  return await framed({
    title: `Sweep ${page.sweep.sweep.name}`,
    css: CSS,
    script: SCRIPT,
    parts: [
      ["maps", "Maps"],
      ...(page.curves.length > 0 ? [["curves", "Over training"] as const] : []),
      ["runs", "Runs"],
      ["again", "How to repeat it"],
    ],
    main: mainHtml(page),
  });
}

function mainHtml(page: SweepPage): Html {
  const { layout, maps, curves, links } = page;
  return html`
    ${headHtml(page)}
    <section aria-labelledby="maps"><h2 id="maps">Maps</h2>
    <p>Each cell leads to its runs.${layout.panels.length > 1 &&
      " The maps of a measure have one scale."}</p>
    ${layout.panels.length === 1
      ? html`<div class="grid">${maps.flat().map(figureHtml)}</div>`
      : maps.map((figures) =>
        html`
          <h3>${figures[0]!.title.split(":")[0]}</h3>
          <div class="grid">${figures.map(figureHtml)}</div>
        `
      )}</section>
    ${curves.length > 0 && html`
      <section aria-labelledby="curves">
        <h2 id="curves">Over training</h2>
        <div class="grid">${curves.map(figureHtml)}</div>
      </section>
    `}
    <section aria-labelledby="runs"><h2 id="runs">Runs</h2>
    ${runsHtml(layout, links)}</section>
    <section aria-labelledby="again"><h2 id="again">How to repeat it</h2>
    ${againHtml(page)}</section>
  `;
}

function headHtml({ sweep, layout, problems }: SweepPage): Html {
  const { records, varying } = layout;
  const summary = summaryOf(records);
  const left = sweep.records.length - records.length;
  const { counts, memorised, share, grokkedAt } = summary;
  return html`
    <p>${records.length} runs over ${varying.length === 0
      ? "nothing"
      : varying.join(", ")}${left > 0 &&
      `, of the sweep's ${sweep.records.length}`}: ${STATES.filter((state) =>
        counts[state] > 0
      )
      .map((state) =>
        `${counts[state]} ${state === "training" ? "in training" : state}`
      ).join(", ")}.${share !== null &&
      ` Of those that ended ${memorised} memorised, ${shareText(summary)}; ${
        halfText(grokkedAt)
      }.`}</p>
    ${notesOf(layout, problems).map((note) =>
      html`<p><strong>Note.</strong> ${note}</p>`
    )}
    ${varying.length > 0 && html`
      <div class="scroll" tabindex="0" role="region" aria-label="What varies">
        <table>
          <caption>What varies, and where it is in the maps.</caption>
          <thead>
            <tr>
              <th scope="col">key</th>
              <th scope="col">values</th>
              <th scope="col">in the maps</th>
              <th scope="col" class="text">which</th>
            </tr>
          </thead>
          <tbody>${varying.map((key) => axisHtml(layout, key))}</tbody>
        </table>
      </div>
    `}
  `;
}

// More values than these are not listed.
const MOST_SHOWN = 24;

function axisHtml(layout: LaidOut, key: string): Html {
  const { records, x, y, by, pooled, together } = layout;
  const values = valuesOf(records, key);
  const as = together.find(([other]) => other === key)?.[1];
  const place = x?.key === key
    ? "along"
    : y?.key === key
    ? "up"
    : by.some((axis) => axis.key === key)
    ? "a map each"
    : as !== undefined
    ? `as ${as}`
    : SEEDS.includes(key)
    ? "in a cell"
    : pooled.includes(key)
    ? "pooled in cells"
    : "follows";
  const numeric = values.every((value) => typeof value === "number");
  const shown = (numeric ? values.toSorted((a, b) => a - b) : values)
    .map((value) =>
      typeof value === "number" ? numberText(value) : shownValue(value)
    );
  return html`
    <tr>
      <th scope="row">${key}</th>
      <td>${values.length}</td>
      <td>${place}</td>
      <td class="text">${shown.length <= MOST_SHOWN
        ? shown.join(", ")
        : `${shown[0]} to ${shown.at(-1)}`}</td>
    </tr>
  `;
}

const halfText = ({ at, over }: CensoredMedian) =>
  at !== null
    ? `half of them had by step ${stepText(at)}`
    : `fewer than half had by step ${stepText(over ?? 0)}`;

/** What to mind when the maps are read. */
function notesOf(layout: LaidOut, problems: readonly string[]): Content[] {
  const { pooled, together, cells, varying } = layout;
  const notes: Content[] = [];
  const most = maxOf(cells.map(({ records }) => records.length));
  const binned = [layout.x, layout.y, ...layout.by].flatMap((axis) =>
    axis?.binned ? [axis.key] : []
  );
  const mixed = pooled.filter((key) => !binned.includes(key));
  if (binned.length > 0) {
    notes.push(
      `Of ${
        binned.join(" and ")
      } there are so many values that those which lie ` +
        "side by side share a cell.",
    );
  }
  if (mixed.length > 0) {
    notes.push(
      html`Some cells hold runs of different ${mixed.join(" and ")}: what they
show is of all of these together, and may be of one of them only. Hold a key with
<code class="flag">--at</code>, or give it maps of its own with
<code class="flag">--by</code>.`,
    );
  }
  for (const [key, as] of together) {
    notes.push(
      `${key} changes exactly as ${as} does: what the maps show along ${as} ` +
        "may be of either.",
    );
  }
  if (!varying.some((key) => SEEDS.includes(key)) && most === 1) {
    notes.push(
      "No setting was trained with more than one seed: each cell is a single run.",
    );
  }
  const shown = problems.slice(0, 10);
  append(notes, shown);
  if (problems.length > shown.length) {
    notes.push(`${problems.length - shown.length} more files are damaged.`);
  }
  return notes;
}

const commandText = (words: readonly string[]) =>
  [sharedLine(), ...words.map((word) => quoted(word))].join(" ");

function againHtml({ sweep: { sweep } }: SweepPage): Html {
  const { name, created, groklab, plans, place } = sweep;
  const { engine, device, backend, threads } = place;
  return html`<p>The sweep ${name} was planned first at ${created} with groklab ${groklab}; its
runs are computed by ${engine} on ${engine === "onnx" ? device : backend},
${threads ?? 1} thread${threads !== 1 && "s"} a run.</p>
${
    plans.map(({ at, command, new: added }) =>
      command.length === 0
        ? html`<p>${added} runs were planned at ${at} by a program.</p>`
        : html`<pre class="command"><code>${commandText(command)}</code></pre>`
    )
  }`;
}
