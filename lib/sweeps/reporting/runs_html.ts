/**
 * The runs of a report's cells, as the page lists them.
 *
 * @module
 */

import { dirname, join, relative } from "node:path";
import { percent, short } from "../../base/terminal.ts";
import { type Html, html } from "../../report/page/html.ts";
import { shownValue } from "../../report/runs.ts";
import { list } from "../../runs/layout.ts";
import { calledText, nameOn } from "../../store/labels.ts";
import type { SweepRecord } from "../collecting/records.ts";
import { ID, runPath, SWEEP } from "../layout.ts";
import { type Cell, SEEDS } from "../summaries/cells.ts";
import { delayOf } from "../summaries/outcomes.ts";
import type { LaidOut } from "./laid_out.ts";
import { cellId } from "./maps.ts";
import { cellText, stepText } from "./words.ts";

/** What there is to go to, and what it is called. */
export interface RunLink {
  /** The run's folder. */
  readonly folder: string;
  /** Its report; undefined where it has none. */
  readonly report: string | undefined;
  /** The name that is written on it; null of one without. */
  readonly name: string | null;
}

/** What there is to go to, by run. */
export type Links = ReadonlyMap<string, RunLink>;

/**
 * Looks which runs have a folder, and a report in it.
 *
 * @param folder The sweep's.
 * @param page The page, from which links lead there.
 */
export async function linksOf(folder: string, page: string): Promise<Links> {
  const links = new Map<string, RunLink>();
  const names = await list(join(folder, SWEEP.runs)) ?? [];
  for (const id of names.filter((name) => ID.test(name))) {
    const path = runPath(folder, id);
    const report = join(path, "report.html");
    const there = await Deno.stat(report).then(() => true, () => false);
    links.set(id, {
      folder: `${hrefOf(page, path)}/`,
      report: there ? hrefOf(page, report) : undefined,
      name: await nameOn(path),
    });
  }
  return links;
}

// Relative, so that it works wherever the folder is put, from a file too.
function hrefOf(page: string, path: string): string {
  return relative(dirname(page), path).split(/[\\/]/).map(encodeURIComponent)
    .join("/");
}

/** All cells, each with its runs, closed until somebody goes there. */
export function runsHtml(layout: LaidOut, links: Links): Html[] {
  return layout.panels.map(({ title, cells }) =>
    html`${
      title !== "" &&
      html`<h3>${title}</h3>`
    }${cells.map((cell) => cellHtml(layout, cell, links))}`
  );
}

function cellHtml(layout: LaidOut, cell: Cell, links: Links): Html {
  const { varying, x, y, by } = layout;
  const axes = [x, y, ...by].filter((axis) => axis !== undefined);
  // What is the same in all of them stands in the heading.
  const keys = varying.filter((key) =>
    SEEDS.includes(key) || cell.pools.includes(key) ||
    axes.some((axis) => axis.key === key && axis.binned)
  );
  return html`
    <details>
      <summary>${cellText(layout, cell)}</summary>
      <div class="scroll" id="${cellId(
        layout,
        cell,
      )}" tabindex="0" role="region"
        aria-label="${cellText(layout, cell)}">
        <table>
          <thead>
            <tr><th scope="col">run</th>${[...keys, ...COLUMNS].map((name) =>
              html`<th scope="col">${name}</th>`
            )}</tr>
          </thead>
          <tbody>${cell.records.map((record) =>
            rowHtml(record, keys, links)
          )}</tbody>
        </table>
      </div>
    </details>
  `;
}

const COLUMNS = [
  "state",
  "memorised at",
  "grokked at",
  "delay",
  "test accuracy",
  "collapse",
  "steps",
  "seconds",
] as const;

function rowHtml(
  record: SweepRecord,
  keys: readonly string[],
  links: Links,
): Html {
  const { id, state, values, ended } = record;
  const { result, seconds, reason } = ended ?? {};
  const step = (at: number | null | undefined) =>
    at === null || at === undefined ? "–" : stepText(at);
  const share = (at: number | null | undefined) =>
    at === null || at === undefined ? "–" : percent(at);
  const link = links.get(id);
  const final = state === "done" ? result?.final : undefined;
  return html`<tr><th scope="row">${
    link ? html`<a href="${link.folder}">${calledText(link.name, id)}</a>` : id
  }${
    link?.report !== undefined &&
    html`
      <a href="${link.report}" aria-label="report of ${id}">report</a>
    `
  }</th>${
    [
      ...keys.map((key) => shownValue(values[key] ?? null)),
      state,
      step(result?.memorised_at),
      step(result?.grokked_at),
      step(delayOf(record)),
      share(final?.test_accuracy),
      share(final?.softmax_collapse),
      step(result?.steps),
      short(seconds),
    ].map((cell) => html`<td>${cell}</td>`)
  }</tr>${
    reason !== undefined &&
    html`
      <tr>
        <td class="text" colspan="${keys.length + COLUMNS.length +
          1}">${reason}</td>
      </tr>
    `
  }`;
}
