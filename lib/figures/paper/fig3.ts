/**
 * Figure 3: the s(x) of StableMax beside the exponential of softmax.
 *
 * @module
 */

import type { Point } from "../../charts/chart.ts";
import type { Figure } from "../figure.ts";

/** s(x) = x + 1 for x ≥ 0, 1/(1 − x) for x < 0. */
const s = (x: number) => x >= 0 ? x + 1 : 1 / (1 - x);

function points(f: (x: number) => number, from: number, to: number): Point[] {
  const count = 200;
  return Array.from({ length: count + 1 }, (_, i) => {
    const x = from + (to - from) * i / count;
    return { x, y: f(x) };
  });
}

const panel = (from: number, to: number, scale: "linear" | "log") => ({
  title: scale === "linear" ? "Near 0" : "Far out, logarithmic",
  x: { label: "x (logit)", domain: [from, to] as const },
  y: { label: "s(x), exp(x)", scale },
  series: [
    { name: "s(x) of StableMax", colour: 0, points: points(s, from, to) },
    {
      name: "exp(x) of softmax",
      colour: 1,
      points: points(Math.exp, from, to),
    },
  ],
});

/** Figure 3. */
export const fig3: Figure = {
  title: "Figure 3: s(x) and exp(x)",
  shows: "how StableMax's s(x) grows linearly above 0 and falls like 1/x " +
    "below, where softmax's exponential does both exponentially",
  settings: "A formula; nothing is trained.",
  published: "The two curves, equal in value and slope at 0.",
  arms: [],
  columns: [],
  chart: () => ({
    title: "StableMax's s(x) beside the exponential",
    panels: [panel(-4, 2, "linear"), panel(-30, 30, "log")],
  }),
  rows: () =>
    [-10, 0, 10].map((x) => ({
      what: `s(${x}), exp(${x})`,
      published: x === 0 ? "1, 1" : "–",
      measured: `${Number(s(x).toPrecision(4))}, ${
        Number(Math.exp(x).toPrecision(4))
      }`,
    })),
  claims: [],
};
