/**
 * Following a run that is still training, when the page comes from
 * `deno task report --serve`.
 *
 * @module
 */

/// <reference lib="dom" />

// Between two looks, milliseconds.
const PAUSE = 2000;

/** Puts new charts in place as they come; a page in a file follows nothing. */
export function followRun(): void {
  const main = document.querySelector<HTMLElement>("main[data-follow]");
  if (!main) return;
  const state = document.getElementById("follow-state")!;
  let version = main.dataset.follow!;
  async function look(): Promise<void> {
    try {
      const answer = await fetch(`charts?since=${encodeURIComponent(version)}`);
      if (answer.status === 200) {
        version = answer.headers.get("x-version")!;
        document.getElementById("charts")!.innerHTML = await answer.text();
      }
      state.textContent = answer.headers.get("x-state") ?? "";
    } catch {
      state.textContent = "the server has ended; this is the last it said";
    }
    setTimeout(look, PAUSE);
  }
  look();
}
