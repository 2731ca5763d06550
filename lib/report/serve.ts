/**
 * Following runs while they are trained: a server for this machine alone.
 *
 * @module
 */

import { checkOptions } from "../options.ts";
import { curveFigures } from "./curves.ts";
import { SERVE } from "./options.ts";
import { chartsHtml, pageText } from "./page.ts";
import {
  livePart,
  makeReport,
  readGroups,
  type Report,
  type ReportOptions,
} from "./report.ts";
import type { Group } from "./runs.ts";

/** How to serve. */
export interface ServeOptions extends ReportOptions {
  /** Where to listen; 0 takes any port that is free. */
  readonly port: number;
  /** Ends the server. */
  readonly signal?: AbortSignal;
  /** Called once it listens. */
  readonly onListen?: (url: string) => void;
}

const HOST = "127.0.0.1";

/**
 * Serves a report that follows its runs, until the signal.
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
  checkOptions("serveReport()", options, SERVE);
  await readGroups(paths); // What is no run is refused before it listens.
  const { port, signal, onListen, ...look } = options;
  const pages = new Pages(paths, look);
  const server = Deno.serve({
    hostname: HOST,
    port,
    ...(signal && { signal }),
    onListen: ({ port }) => onListen?.(`http://${HOST}:${port}/`),
    onError: (error) =>
      new Response((error as Error).message, { status: 500, headers: TEXT }),
  }, (request) => {
    // Another site could have its name lead here; it would still be in Host.
    const host = request.headers.get("host")?.replace(/:\d+$/, "");
    if (host !== HOST && host !== "localhost") {
      return new Response("Only for this machine.", { status: 403 });
    }
    if (request.method !== "GET") return new Response(null, { status: 405 });
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/") return pages.page();
    if (pathname === "/charts") return pages.charts(searchParams.get("since"));
    return new Response("There is only /.", { status: 404, headers: TEXT });
  });
  await server.finished;
}

const TEXT = { "content-type": "text/plain; charset=utf-8" };
const HTML = {
  "content-type": "text/html; charset=utf-8",
  "cache-control": "no-store",
};

/** What the server answers. */
class Pages {
  readonly #paths: readonly string[];
  readonly #options: ReportOptions;
  // What checkpoints look like, until there are others.
  #looked:
    | { readonly key: string; readonly report: Promise<Report> }
    | undefined;
  #script: Promise<string> | undefined;

  constructor(paths: readonly string[], options: ReportOptions) {
    this.#paths = paths;
    this.#options = options;
  }

  async page(): Promise<Response> {
    const groups = await readGroups(this.#paths);
    const key = JSON.stringify(
      groups.map(({ runs }) => runs.map(({ checkpoints }) => checkpoints)),
    );
    if (this.#looked?.key !== key) {
      const report = makeReport(this.#paths, this.#options);
      this.#looked = { key, report };
      // What failed is tried again when the page is loaded again.
      report.catch(() => this.#looked = undefined);
    }
    const { pageScript, runtimeWasm } = await import("./bundle.ts");
    const { inside, verdicts } = await this.#looked.report;
    const live = await livePart(groups, await runtimeWasm());
    const text = await pageText({
      groups,
      curves: curveFigures(groups),
      inside,
      verdicts,
      live,
      script: await (this.#script ??= pageScript()),
      following: versionOf(groups),
    });
    return new Response(text, { headers: HTML });
  }

  async charts(since: string | null): Promise<Response> {
    const groups = await readGroups(this.#paths);
    const version = versionOf(groups);
    const headers = {
      ...HTML,
      "x-version": version,
      "x-state": stateOf(groups),
    };
    if (version === since) return new Response(null, { status: 204, headers });
    const { text } = chartsHtml(groups, curveFigures(groups));
    return new Response(text, { headers });
  }
}

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
