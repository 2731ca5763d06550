/**
 * The playground's pictures.
 *
 * @module
 */

/// <reference lib="dom" />
import * as Plot from "@observablehq/plot";
import type { Answers, Frame } from "./messages.ts";

/** A curve's points by its name. */
export type Curves = Readonly<
  Record<string, readonly (readonly [step: number, value: number])[]>
>;

const COLOURS = [
  "var(--c0)",
  "var(--c1)",
  "var(--c2)",
  "var(--c3)",
  "var(--c4)",
];

/** What all drawings have: their size, and what they are called. */
interface Drawn {
  /** Where it is drawn. */
  readonly at: HTMLElement;
  /** What it shows, for who does not see it. */
  readonly says: string;
}

function put({ at, says }: Drawn, svg: Element): void {
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", says);
  at.replaceChildren(svg);
}

/**
 * Curves over steps.
 *
 * @param drawn Where.
 * @param curves Their points.
 * @param domain The least and the largest value, where they are known.
 * @param log Whether the values' logarithms are drawn.
 */
export function drawCurves(
  drawn: Drawn,
  curves: Curves,
  { domain, log = false }: {
    readonly domain?: readonly [number, number];
    readonly log?: boolean;
  } = {},
): void {
  const names = Object.keys(curves);
  const points = names.flatMap((name) =>
    curves[name]!
      .filter(([, y]) => Number.isFinite(y) && (!log || y > 0))
      .map(([step, value]) => ({ name, step, value }))
  );
  put(
    drawn,
    Plot.plot({
      width: 340,
      height: 190,
      marginLeft: 48,
      x: { label: "step", ticks: 5 },
      y: {
        label: null,
        grid: true,
        ticks: 5,
        ...(log && { type: "log" }),
        ...(domain && { domain: [...domain] }),
        ...(domain?.[1] === 1 && { tickFormat: "%" }),
      },
      color: { domain: names, range: COLOURS, legend: false },
      marks: [
        Plot.line(points, { x: "step", y: "value", stroke: "name", z: "name" }),
      ],
    }),
  );
}

/** The first weights by frequency, as stems. */
export function drawSpectrum(drawn: Drawn, { spectrum }: Frame): void {
  put(
    drawn,
    Plot.plot({
      width: 340,
      height: 190,
      marginLeft: 48,
      x: { label: "frequency k", domain: [0, spectrum.length + 1] },
      y: {
        label: null,
        tickFormat: "%",
        grid: true,
        domain: [0, most(spectrum)],
      },
      marks: [
        Plot.ruleX(spectrum, {
          x: "frequency",
          y: "share",
          stroke: "var(--c0)",
          strokeWidth: 2,
        }),
        Plot.dot(spectrum, {
          x: "frequency",
          y: "share",
          fill: "var(--c0)",
          r: 2.5,
        }),
      ],
    }),
  );
}

const most = (spectrum: Frame["spectrum"]) =>
  spectrum.reduce((largest, { share }) => Math.max(largest, share), 0.2);

/**
 * The residues in the plane of each strong frequency, joined in the order in which
 * its circle has them.
 */
export function drawCircles(at: HTMLElement, { circles }: Frame): void {
  while (at.children.length > circles.length) at.lastElementChild!.remove();
  circles.forEach(({ frequency, points }, i) => {
    const box = (at.children[i] ??
      at.appendChild(document.createElement("div"))) as HTMLElement;
    const rows = points.map(([x, y], residue) => ({ x, y, residue }));
    const reach = points.reduce(
          (largest, [x, y]) => Math.max(largest, Math.abs(x), Math.abs(y)),
          0,
        ) * 1.1 || 1;
    const domain = [-reach, reach];
    put(
      {
        at: box,
        says: `${rows.length} residues in the plane of k = ${frequency}`,
      },
      Plot.plot({
        width: 160,
        height: 160,
        margin: 8,
        aspectRatio: 1,
        x: { axis: null, domain },
        y: { axis: null, domain },
        color: { scheme: "sinebow", domain: [0, rows.length] },
        marks: [
          Plot.text([`k = ${frequency}`], { frameAnchor: "top-left" }),
          Plot.line(turned(rows, frequency), {
            x: "x",
            y: "y",
            stroke: "currentColor",
            strokeOpacity: 0.25,
          }),
          Plot.dot(rows, { x: "x", y: "y", fill: "residue", r: 3 }),
        ],
      }),
    );
  });
}

// In the order in which the circle of frequency k has them, as far as k divides.
function turned<T extends { readonly residue: number }>(
  rows: readonly T[],
  k: number,
): T[] {
  const n = rows.length;
  const order = rows.toSorted((a, b) =>
    (a.residue * k) % n - (b.residue * k) % n
  );
  return [...order, order[0]!];
}

/** The logit of one class over all pairs: a down, b to the right. */
export function drawLogits(
  canvas: HTMLCanvasElement,
  { modulus, picture }: Answers,
): void {
  const known = picture.filter((x) => !Number.isNaN(x));
  const mean = known.reduce((sum, x) => sum + x, 0) / Math.max(known.length, 1);
  const reach = known.reduce((r, x) => Math.max(r, Math.abs(x - mean)), 0) || 1;
  [canvas.width, canvas.height] = [modulus, modulus];
  const context = canvas.getContext("2d")!;
  const image = context.createImageData(modulus, modulus);
  picture.forEach((x, i) => {
    const z = Number.isNaN(x) ? 0 : (x - mean) / reach;
    // Blue below the mean, white, red above it.
    const [r, g, b] = z < 0
      ? [1 + z * 0.87, 1 + z * 0.6, 1 + z * 0.25]
      : [1 - z * 0.25, 1 - z * 0.75, 1 - z * 0.85];
    image.data.set([r! * 255, g! * 255, b! * 255, 255], 4 * i);
  });
  context.putImageData(image, 0, 0);
}
