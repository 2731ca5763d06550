/**
 * Light or dark: as the system says, until the reader chooses.
 *
 * @module
 */

/// <reference lib="dom" />

/**
 * Lets the page's button change the colours. Pages that are not bundled have the text
 * of this function as their script, so it uses nothing of this module.
 */
export function startTheme(): void {
  const button = document.getElementById("theme") as HTMLButtonElement;
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
