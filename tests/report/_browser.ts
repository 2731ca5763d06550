/**
 * A page in Chromium, where there is one.
 *
 * @module
 */

import puppeteer, { type Page } from "puppeteer-core";
import { pathToFileURL } from "node:url";

const NAMES = ["chromium", "chromium-browser", "google-chrome"];

/** The browser's program, or undefined. */
export const chromium: string | undefined = NAMES
  .flatMap((name) =>
    (Deno.env.get("PATH") ?? "").split(":").map((dir) => `${dir}/${name}`)
  )
  .find((path) => {
    try {
      return Deno.statSync(path).isFile;
    } catch {
      return false;
    }
  });

if (!chromium) {
  console.error(
    `tests/report: there is none of ${NAMES.join(", ")} here, tests of pages ` +
      "in a browser are skipped",
  );
}

/** A page, and what it did that it should not. */
export interface Visit {
  readonly page: Page;
  /** Everything that it asked for, itself aside. */
  readonly requests: readonly string[];
  /** What it wrote to the console, errors that nobody caught, dialogs. */
  readonly complaints: readonly string[];
}

/**
 * Opens a page.
 *
 * @param path A file, or an address.
 * @param work Looks at it.
 */
export async function visit(
  path: string,
  work: (visit: Visit) => Promise<void>,
): Promise<void> {
  const browser = await puppeteer.launch({
    executablePath: chromium!,
    args: ["--no-sandbox"], // Refused to root, as whom machines run tests.
  });
  const page = await browser.newPage();
  const url = path.startsWith("http:") ? path : pathToFileURL(path).href;
  const [requests, complaints]: [string[], string[]] = [[], []];
  page.on("request", (request) => {
    const at = request.url();
    if (at !== url && !at.startsWith("data:")) requests.push(at);
  });
  page.on("console", (message) => complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("dialog", (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  try {
    await page.setViewport({ width: 1000, height: 800 });
    await page.goto(url, { waitUntil: "load" });
    await work({ page, requests, complaints });
  } finally {
    await browser.close();
  }
}

/** Waits until the network runs and its first shares are counted. */
export async function untilLive(page: Page): Promise<void> {
  await page.waitForSelector("#live[data-ready]", { timeout: 60_000 });
  await page.waitForFunction(
    `document.getElementById("live-status").textContent.startsWith("α = ")`,
    { timeout: 60_000 },
  );
}

/** The text of an element. */
export function textOf(page: Page, selector: string): Promise<string> {
  return page.$eval(selector, (element) => element.textContent ?? "");
}

/** The logits that the page offers for download, in full. */
export async function shownLogits(page: Page): Promise<number[]> {
  const href = await page.$eval("#live-csv", (a) => a.getAttribute("href")!);
  const csv = decodeURIComponent(href.slice(href.indexOf(",") + 1));
  return csv.trim().split("\n").slice(1)
    .map((line) => Number(line.split(",")[1]));
}
