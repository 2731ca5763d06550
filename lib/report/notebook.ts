/**
 * Charts that a Deno notebook shows.
 *
 * @module
 */

import type { ReportFigure } from "./figures/figure.ts";
import { Html, html } from "./page/html.ts";

/** Charts that show themselves as the last value of a notebook's cell. */
export class Shown {
  /** The charts. */
  readonly figures: readonly ReportFigure[];

  /** Wraps charts. */
  constructor(figures: readonly ReportFigure[]) {
    this.figures = figures;
    // What Deno's kernel asks a value for: the types that Jupyter chooses from.
    Object.defineProperty(this, Symbol.for("Jupyter.display"), {
      value: () => this.bundle(),
    });
  }

  /**
   * The charts by media type: HTML with the drawings below each other, one SVG
   * where there is one chart, and words.
   */
  bundle(): Record<string, string> {
    const [first, ...more] = this.figures;
    return {
      "text/plain": this.figures
        .map(({ title, caption }) => `${title}. ${caption}`).join("\n"),
      "text/html":
        html`${
          this.figures.map(({ svg, caption }) =>
            html`<figure>${new Html(
              svg,
            )}<figcaption>${caption}</figcaption></figure>`
          )
        }`.text,
      ...(first && more.length === 0 && { "image/svg+xml": first.svg }),
    };
  }
}

/**
 * Charts that a Deno notebook shows.
 *
 * @param figures One, or several.
 */
export function shown(figures: ReportFigure | readonly ReportFigure[]): Shown {
  return new Shown([figures].flat());
}
