/**
 * What a sweep's page runs. It is not bundled: each function's text is a script, and
 * uses nothing of its module.
 *
 * @module
 */

/// <reference lib="dom" />
import { startTheme } from "../../report/live/theme.ts";

// The runs of the cell that somebody goes to.
function openRuns(): void {
  const open = () => {
    const runs = document.getElementById(location.hash.slice(1));
    const details = runs?.closest("details");
    if (!runs || !details) return;
    details.open = true;
    details.scrollIntoView();
    runs.focus({ preventScroll: true });
  };
  addEventListener("hashchange", open);
  // Going to where one is already changes nothing.
  addEventListener("click", ({ target }) => {
    const link = target instanceof Element ? target.closest("svg a") : null;
    if (link?.getAttribute("href") === location.hash) open();
  });
  open();
}

/** The page's script. */
export const SCRIPT: string = [startTheme, openRuns]
  .map((start) => `(${start})();\n`).join("");
