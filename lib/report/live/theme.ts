/**
 * Light or dark: as the system says, until the reader chooses.
 *
 * @module
 */

/// <reference lib="dom" />
import { byId } from "./blocks.ts";

/** Lets the page's button change the colours. */
export function startTheme(): void {
  const button = byId<HTMLButtonElement>("theme");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const root = document.documentElement;
  const isDark = () =>
    (root.dataset.theme ?? (dark.matches ? "dark" : "light")) === "dark";
  const show = () => {
    button.textContent = isDark() ? "Light" : "Dark";
    button.setAttribute(
      "aria-label",
      `Show the page in ${isDark() ? "light" : "dark"} colours`,
    );
  };
  button.hidden = false;
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    show();
  });
  dark.addEventListener("change", show);
  show();
}
