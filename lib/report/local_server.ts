/**
 * A server for this machine alone.
 *
 * @module
 */

import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

const HOST = "127.0.0.1";

// How long a connection may be silent, in milliseconds, and how long a request may
// take to arrive.
const IDLE = 5000;

const ENCODER = new TextEncoder();

// What every answer says: it is what it says it is, and in no other page's frame.
const SAFE = {
  "x-content-type-options": "nosniff",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
};

/** The head of an answer that is text. */
export const TEXT = { "content-type": "text/plain; charset=utf-8" };

/** The head of one that is a page. */
export const HTML = {
  "content-type": "text/html; charset=utf-8",
  "cache-control": "no-store",
};

/** What a request gets. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** Where to listen, and until when. */
export interface Listening {
  /** Where; 0 takes any port that is free. */
  readonly port: number;
  /** Ends the server. */
  readonly signal?: AbortSignal | undefined;
  /** Called once it listens. */
  readonly onListen?: ((url: string) => void) | undefined;
}

/** Answers a request that this machine makes, by its path and its query. */
export type Answers = (
  path: string,
  query: URLSearchParams,
) => Promise<Answer> | Answer;

/**
 * Serves this machine until the signal.
 *
 * @param answers What a request gets.
 * @param listening Where to listen, and until when.
 * @throws {Deno.errors.AddrInUse} if the port is taken.
 */
export async function serveLocally(
  answers: Answers,
  { port, signal, onListen }: Listening,
): Promise<void> {
  const server = createServer(
    { keepAliveTimeout: IDLE, headersTimeout: IDLE, requestTimeout: IDLE },
    (request, response) => {
      answerTo(request, answers).catch((error): Answer => ({
        status: 500,
        headers: TEXT,
        body: (error as Error).message,
      })).then(({ status, headers, body }) => {
        const bytes = typeof body === "string" ? ENCODER.encode(body) : body;
        response.writeHead(status, {
          ...SAFE,
          ...headers,
          ...(status !== 204 && { "content-length": bytes?.length ?? 0 }),
        });
        // An answer to HEAD is its head.
        response.end(request.method === "HEAD" ? undefined : bytes);
      });
    },
  );
  server.timeout = IDLE;
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) =>
      reject(
        error.code === "EADDRINUSE"
          ? new Deno.errors.AddrInUse(error.message)
          : error,
      ));
    server.listen(port, HOST, () => resolve());
  });
  const ended = new Promise<void>((resolve) => {
    const end = () => {
      server.close(() => resolve());
      server.closeAllConnections();
    };
    if (signal?.aborted) end();
    else signal?.addEventListener("abort", end, { once: true });
  });
  const { port: taken } = server.address() as AddressInfo;
  onListen?.(`http://${HOST}:${taken}/`);
  await ended;
}

async function answerTo(
  { headers, method, url = "/" }: IncomingMessage,
  answers: Answers,
): Promise<Answer> {
  // Another site could have its name lead here; it would still be in Host.
  const host = headers.host?.replace(/:\d+$/, "");
  if (host !== HOST && host !== "localhost") {
    return { status: 403, headers: TEXT, body: "Only for this machine." };
  }
  if (method !== "GET" && method !== "HEAD") {
    return { status: 405, headers: { ...TEXT, allow: "GET, HEAD" } };
  }
  const { pathname, searchParams } = new URL(url, `http://${HOST}/`);
  return await answers(pathname, searchParams);
}
