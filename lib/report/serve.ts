/**
 * Following runs while they are trained: a server for this machine alone.
 *
 * @module
 */

import { checkOptions, checkPaths } from "../base/options.ts";
import { curveFigures } from "./figures/curves.ts";
import { type Answer, HTML, serveLocally, TEXT } from "./local_server.ts";
import { type ReportOptions, SERVE, type ServeOptions } from "./options.ts";
import type { Html } from "./page/html.ts";
import { chartsHtml, pageText } from "./page/page.ts";
import { policyOf } from "./page/style.ts";
import { packed } from "./playground/live_section.ts";
import { livePart, makeReport, readGroups, type Report } from "./report.ts";
import type { Group } from "./runs.ts";

/**
 * Serves a report that follows its runs, until the signal. It listens once the page
 * is made.
 *
 * @param paths Run folders, or folders of replicas.
 * @param options Where to listen, and how to look at checkpoints.
 * @throws {FileError} if a run cannot be read.
 * @throws {Deno.errors.AddrInUse} if the port is taken.
 */
export async function serveReport(
  paths: readonly string[],
  options: ServeOptions,
): Promise<void> {
  checkPaths("serveReport()", paths);
  checkOptions("serveReport()", options, SERVE);
  const { port, signal, onListen, ...look } = options;
  const pages = new Pages(paths, look);
  await pages.page(); // What is no run is refused before it listens.
  await serveLocally(
    (path, query) => {
      if (path === "/") return pages.page();
      if (path === "/charts") return pages.charts(query.get("since"));
      return { status: 404, headers: TEXT, body: "There is only /." };
    },
    { port, signal, onListen },
  );
}

// So long a page that has changed is waited for before the last one is sent, which
// gets the new charts itself: milliseconds.
const PATIENCE = 2000;

const ENCODER = new TextEncoder();

/** What was made of the runs as they were, until they change. */
interface Made<T> {
  readonly key: string;
  readonly made: Promise<T>;
}

/** What the server answers. */
class Pages {
  readonly #paths: readonly string[];
  readonly #options: ReportOptions;
  // Requests that come at the same time read the runs once.
  #reading: Promise<Group[]> | undefined;
  // What checkpoints look like, until there are others.
  #looked: Made<Report> | undefined;
  #live: Made<Html | string> | undefined;
  #page: Made<Answer> | undefined;
  #last: Answer | undefined;
  #charts: Made<string> | undefined;
  #script: Promise<string> | undefined;
  #runtime: Promise<string> | undefined;

  constructor(paths: readonly string[], options: ReportOptions) {
    this.#paths = paths;
    this.#options = options;
  }

  async page(): Promise<Answer> {
    const groups = await this.#groups();
    const key = `${checkpointsOf(groups)} ${versionOf(groups)}`;
    if (this.#page?.key !== key) {
      const made = this.#make(groups);
      this.#page = { key, made };
      made.then(
        (page) => this.#last = page,
        // What failed is tried again when the page is loaded again.
        () => this.#page = undefined,
      );
    }
    const { made } = this.#page;
    const last = this.#last;
    if (!last) return await made;
    return await Promise.race([made, after(PATIENCE).then(() => last)]);
  }

  async #make(groups: readonly Group[]): Promise<Answer> {
    const { pageScript, runtimeWasm } = await import("./playground/bundle.ts");
    const key = checkpointsOf(groups);
    const looked = this.#looked = keep(
      this.#looked,
      key,
      () => makeReport(this.#paths, this.#options),
    );
    // Nothing is waited for until all of it is: what fails earlier would be heard
    // by nobody, which ends the process.
    const live = this.#live = keep(this.#live, key, async () => {
      const [runtime, { verdicts }] = await Promise.all([
        this.#runtime ??= runtimeWasm().then(packed),
        looked.made,
      ]);
      return livePart(groups, runtime, verdicts);
    });
    try {
      const [{ inside, verdicts }, html] = await Promise.all([
        looked.made,
        live.made,
      ]);
      const page = {
        groups,
        curves: curveFigures(groups),
        inside,
        verdicts,
        live: html,
        script: await (this.#script ??= pageScript()),
        following: versionOf(groups),
      };
      return {
        status: 200,
        headers: {
          ...HTML,
          "content-security-policy": `${
            policyOf(page)
          }; frame-ancestors 'none'`,
        },
        body: ENCODER.encode(await pageText(page)),
      };
    } catch (error) {
      this.#looked = this.#live = undefined;
      throw error;
    }
  }

  async charts(since: string | null): Promise<Answer> {
    const groups = await this.#groups();
    const version = versionOf(groups);
    const headers = {
      ...HTML,
      "x-version": version,
      "x-state": stateOf(groups),
    };
    if (version === since) return { status: 204, headers };
    const charts = this.#charts = keep(
      this.#charts,
      version,
      () => Promise.resolve(chartsHtml(groups, curveFigures(groups)).text),
    );
    return { status: 200, headers, body: await charts.made };
  }

  #groups(): Promise<Group[]> {
    return this.#reading ??= readGroups(this.#paths)
      .finally(() => this.#reading = undefined);
  }
}

// What was made for the same key, or is made now.
const keep = <T>(
  before: Made<T> | undefined,
  key: string,
  make: () => Promise<T>,
): Made<T> => before?.key === key ? before : { key, made: make() };

const after = (ms: number) =>
  new Promise<void>((resolve) => setTimeout(resolve, ms));

const checkpointsOf = (groups: readonly Group[]) =>
  JSON.stringify(
    groups.map(({ runs }) => runs.map(({ checkpoints }) => checkpoints)),
  );

// Changes with every evaluation, and when a run ends.
function versionOf(groups: readonly Group[]): string {
  return groups.flatMap(({ runs }) =>
    runs.map(({ rows, summary }) => `${rows.length}${summary ? "e" : ""}`)
  ).join("-");
}

function stateOf(groups: readonly Group[]): string {
  const runs = groups.flatMap(({ runs }) => runs);
  const going = runs.filter(({ summary }) => !summary);
  if (going.length === 0) return "All runs have ended.";
  const steps = going.map(({ rows, config }) =>
    `step ${rows.at(-1)?.step ?? 0} of ${config.steps}`
  );
  return `Following: ${steps.join(", ")}.`;
}
