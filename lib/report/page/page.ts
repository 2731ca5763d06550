/**
 * The page of runs: what stands on it.
 *
 * @module
 */

import { definitionsOf } from "../../config/config.ts";
import type { ProbeReport } from "../../probes/asking/messages.ts";
import { probes } from "../../probes/catalogue.ts";
import { quoted, sharedLine } from "../../base/shell.ts";
import type { ReportFigure } from "../figures/figure.ts";
import { figureHtml } from "./figure_html.ts";
import { framed } from "./frame.ts";
import { type Html, Html as Markup, html } from "./html.ts";
import {
  type Group,
  isRegression,
  type ReportRun,
  shownValue,
} from "../runs.ts";
import { verdictsOn } from "./verdict.ts";
import {
  commandOf,
  groupNotes,
  sentence,
  SUMMARY_COLUMNS,
  summaryCells,
  tellingKeys,
  usedWords,
} from "./words.ts";

/** What a page is made of. */
export interface Page {
  /** The runs. */
  readonly groups: readonly Group[];
  /** Charts over training. */
  readonly curves: readonly ReportFigure[];
  /** What lies inside the networks. */
  readonly inside: readonly ReportFigure[];
  /** What the probes found, and why they did not look. */
  readonly verdicts: readonly Verdict[];
  /** The live part, or why there is none. */
  readonly live: Html | string;
  /** The script. */
  readonly script: string;
  /** The name of a script beside the page that holds the runtime. */
  readonly beside?: string;
  /** Set where a server sends the page while a run is trained. */
  readonly following?: string;
}

/** What probes say of a run. */
export interface Verdict {
  /** Which. */
  readonly run: ReportRun;
  /** Undefined where no checkpoint could be asked. */
  readonly report: ProbeReport | undefined;
  /** Why not. */
  readonly reason?: string;
}

/** The whole page as text. */
export async function pageText(page: Page): Promise<string> {
  const { groups, inside } = page;
  const runs = groups.flatMap(({ runs }) => runs);
  return await framed({
    ...page,
    title: runs.length === 1
      ? runs[0]!.name
      : `${runs.length} runs: ${groups.map(({ label }) => label).join(" · ")}`,
    parts: [
      ["curves", "Training"],
      ...(inside.length > 0 ? [["inside", "Inside"] as const] : []),
      ["live", "Try it"],
      ["verdicts", "What the probes say"],
      ["configs", "How to repeat it"],
    ],
    main: mainHtml(page),
  });
}

function mainHtml(page: Page): Html {
  const { groups, curves, inside, verdicts, live } = page;
  return html`
    ${page.following !== undefined &&
      html`<p id="follow-state" role="status"></p>`}
    <div id="charts">${chartsHtml(groups, curves)}</div>
    ${inside.length > 0 && html`
      <section aria-labelledby="inside">
        <h2 id="inside">Inside</h2>
        <div class="grid">${inside.map(figureHtml)}</div>
      </section>
    `}
    ${typeof live === "string"
      ? html`
        <section id="live">
          <h2>Try it</h2>
          <p>${live}</p>
        </section>
      `
      : live}
    <section aria-labelledby="verdicts"><h2 id="verdicts">What the probes say</h2>
    ${verdicts.map(verdictHtml)}</section>
    <section aria-labelledby="configs"><h2 id="configs">How to repeat it</h2>
    ${groups.map((group) => configHtml(group, groups.length === 1))}</section>
  `;
}

/** What changes while a run is trained: the table and the curves. */
export function chartsHtml(
  groups: readonly Group[],
  curves: readonly ReportFigure[],
): Html {
  const runs = groups.flatMap(({ runs }) => runs);
  return html`
    ${groups.map(({ runs: [run, ...more], label }) =>
      html`<p>${
        groups.length > 1 && html`
          <strong>${label}</strong>:
        `
      }${sentence(run)}${
        more.length > 0 &&
        ` ${more.length + 1} runs, seeds ${
          [run, ...more].map(({ config }) => config.seed).join(", ")
        }; this is the first.`
      }</p>`
    )}
    ${groupNotes(groups).map((note) =>
      html`<p><strong>Note.</strong> ${note}</p>`
    )}
    <div class="scroll" tabindex="0" role="region" aria-label="How the runs ended">
      <table>
        <caption>At the last evaluation. Memorised and grokked: the first with
    99 % accuracy, of train and of test rows${runs.some(isRegression) &&
      "; of a regression, which has no accuracy, the first with the loss of " +
        "its config's lossThreshold, if it has one"}.</caption>
        <thead>
          <tr>${SUMMARY_COLUMNS.map((name) =>
            html`<th scope="col">${name}</th>`
          )}</tr>
        </thead>
        <tbody>${runs.map((run) => {
          const [name, ...cells] = summaryCells(run);
          return html`<tr><th scope="row">${name}</th>${
            cells.map((cell) => html`<td>${cell}</td>`)
          }</tr>`;
        })}</tbody>
      </table>
    </div>
    <section aria-labelledby="curves"><h2 id="curves">Training</h2>
    ${curves.length === 0
      ? html`<p>There is no evaluation to draw yet.</p>`
      : html`<div class="grid">${curves.map(figureHtml)}</div>`}</section>
  `;
}

function verdictHtml({ run, report, reason }: Verdict): Html {
  const found = Object.entries(report?.probes ?? {});
  const skipped = Object.entries(report?.skipped ?? {});
  return html`<h3>${run.name}</h3><ul>${
    verdictsOn(run, report).map((sentence) => html`<li>${sentence}</li>`)
  }</ul>
${reason !== undefined && html`<p>${reason}</p>`}
${
    found.map(([name, result]) => {
      const lines =
        (probes as Record<string, { text(result: unknown): string[] }>)[name]!
          .text(result);
      return html`
        <h4>${name}</h4>
        <pre tabindex="0">${lines.join("\n")}</pre>
      `;
    })
  }
${
    skipped.length > 0 && html`
      <details>
        <summary>${skipped.length} probes do not
      apply</summary>
        <ul>${skipped.map(([name, why]) => html`<li>${name}: ${why}</li>`)}</ul>
      </details>
    `
  }`;
}

function configHtml({ label, runs: [run] }: Group, open: boolean): Html {
  const { config, manifest, path } = run;
  const own = tellingKeys(config);
  const command = commandOf(config);
  const { task } = definitionsOf(config);
  return html`
    <h3>${label}</h3>
    <p>${task.describe(config)}, trained with groklab ${manifest.groklab} on
    ${manifest.device.provider}, begun ${manifest.started}${manifest.git &&
      `, at commit ${manifest.git.commit.slice(0, 12)}${
        manifest.git.dirty ? " with changes" : ""
      }`}.</p>
    ${command !== null &&
      html`<pre class="command"><code>${command}</code></pre>`}
    <pre class="command"><code>${[
      sharedLine("train"),
      ...usedWords(config),
      "--config",
    ].join(" ")} ${quoted(`${path}/config.json`)}</code></pre>
    <details${open && new Markup(" open")}>
      <summary>Settings that are not the defaults:
    ${own.length}</summary>
      <table>
        <tbody>${own.map((key) =>
          html`
            <tr>
              <th scope="row">${key}</th>
              <td class="text">${shownValue(config[key])}</td>
            </tr>
          `
        )}</tbody>
      </table>
      </details>
      <details>
        <summary>config.json</summary>
        <pre tabindex="0">${JSON.stringify(config, null, 2)}</pre>
      </details>
  `;
}
