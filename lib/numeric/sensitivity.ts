/**
 * How much a loss hangs on the learning rate, and where a quantity that grows with a
 * width will be.
 *
 * @module
 */

import { maxOf, minOf } from "../base/extremes.ts";

/** What a learning rate came to. */
export interface RateLoss {
  /** η, above 0. */
  readonly rate: number;
  /** ℓ(A(η)); not finite where the run diverged. */
  readonly loss: number;
}

// By how much the steps of a grid may differ, so that 3e-4, 1e-3, 3e-3 is one.
const EVEN = 1.25;

/**
 * The sensitivity to the learning rate,
 *
 *     S = E_η[min(ℓ(A(η)), ℓ₀)] − ℓ*,   ℓ* = min_η ℓ(A(η))
 *
 * the mean being over rates that are evenly spaced in log η. A run that diverged
 * counts as ℓ₀.
 *
 * Source: Wortsman et al. (arXiv 2309.14322), Section 2.2.
 *
 * @param points Rates, each once, in any order, at least three.
 * @param initial ℓ₀, the loss at initialisation.
 * @returns Null where no rate ends below ℓ₀: nothing was learnt that could hang on
 * the rate.
 * @throws {RangeError} if there are fewer than three rates, one is there twice, or
 * their steps in log η differ by more than a quarter.
 */
export function rateSensitivity(
  points: readonly RateLoss[],
  initial: number,
): number | null {
  checkRates(points.map(({ rate }) => rate));
  const capped = points.map(({ loss }) =>
    Number.isNaN(loss) ? initial : Math.min(loss, initial)
  );
  const best = minOf(capped);
  if (!(best < initial)) return null;
  return capped.reduce((sum, loss) => sum + (loss - best), 0) / capped.length;
}

function checkRates(rates: readonly number[]): void {
  const wrong = (found: string) =>
    new RangeError(
      `Cannot take the sensitivity to the learning rate over ${found}: wanted ` +
        "three rates or more, each once, evenly spaced in their logarithm",
    );
  if (rates.length < 3) throw wrong(`${rates.length} rates`);
  const logs = rates.map(Math.log).sort((a, b) => a - b);
  const steps = logs.slice(1).map((x, i) => x - logs[i]!);
  const [least, most] = [minOf(steps), maxOf(steps)];
  if (!(least > 0)) throw wrong("rates of which one is there twice");
  if (most > EVEN * least) {
    throw wrong(
      `rates whose steps go from a factor of ${
        Math.exp(least).toPrecision(3)
      } ` +
        `to ${Math.exp(most).toPrecision(3)}`,
    );
  }
}

/** y = a + b·x + c·x². */
export interface Quadratic {
  /** a, b, c. */
  readonly coefficients: readonly [number, number, number];
}

/**
 * The parabola of least squares through points.
 *
 * @param x At least three different numbers.
 * @param y As many.
 * @throws {RangeError} if fewer than three x differ.
 */
export function quadraticFit(
  x: readonly number[],
  y: readonly number[],
): Quadratic {
  const different = new Set(x).size;
  if (different < 3 || x.length !== y.length) {
    throw new RangeError(
      `Cannot fit a parabola to ${different} different x with ${y.length} y: ` +
        "wanted three or more, and a y for each",
    );
  }
  // About the middle of x, where the sums are well conditioned.
  const middle = x.reduce((sum, x) => sum + x, 0) / x.length;
  const u = x.map((x) => x - middle);
  const power = (k: number) => u.reduce((sum, u) => sum + u ** k, 0);
  const moment = (k: number) =>
    u.reduce((sum, u, i) => sum + u ** k * y[i]!, 0);
  const [n, s2, s3, s4] = [x.length, power(2), power(3), power(4)];
  const [m0, m1, m2] = [moment(0), moment(1), moment(2)];
  // Of [n 0 s2; 0 s2 s3; s2 s3 s4]·[a b c] = m, by Cramer's rule.
  const determinant = n * (s2 * s4 - s3 ** 2) - s2 ** 3;
  const c = (n * (s2 * m2 - s3 * m1) - s2 ** 2 * m0) / determinant;
  const b = (m1 - s3 * c) / s2;
  const a = (m0 - s2 * c) / n;
  return {
    coefficients: [a - b * middle + c * middle ** 2, b - 2 * c * middle, c],
  };
}

/**
 * The width at which the largest attention logit passes a bound, by a parabola through
 * log(logit) against log(width): behind the widest that was measured.
 *
 * Source: Wortsman et al. (arXiv 2309.14322), Section 3.4, who extrapolate a quadratic
 * fit of the logits at one learning rate; that both are logarithms is ours.
 *
 * @param widths At least three different ones.
 * @param logits The largest attention logit at each, above 0.
 * @param bound Above 0.
 * @returns The least width behind the widest at which the fit is at the bound: the
 * widest itself, where the fit is there already; null where it never is.
 * @throws {RangeError} if fewer than three widths differ, or something is not above 0.
 */
export function widthAt(
  widths: readonly number[],
  logits: readonly number[],
  bound: number,
): number | null {
  const bad = [...widths, ...logits, bound].find((x) => !(x > 0));
  if (bad !== undefined) {
    throw new RangeError(
      `Cannot extrapolate attention logits with a ${bad} among them: widths, ` +
        "logits and the bound must be above 0",
    );
  }
  const [a, b, c] = quadraticFit(widths.map(Math.log), logits.map(Math.log))
    .coefficients;
  const from = Math.log(maxOf(widths));
  const height = (x: number) => a + b * x + c * x ** 2 - Math.log(bound);
  if (height(from) >= 0) return maxOf(widths);
  // The roots in the form that does not cancel.
  const q = b ** 2 - 4 * c * (a - Math.log(bound));
  if (q < 0) return null;
  const r = -(b + (b < 0 ? -1 : 1) * Math.sqrt(q)) / 2;
  const roots = [r / c, (a - Math.log(bound)) / r]
    .filter((x) => Number.isFinite(x) && x > from);
  return roots.length === 0 ? null : Math.exp(minOf(roots));
}
