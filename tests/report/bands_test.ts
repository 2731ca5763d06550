/** Curves of several seeds. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { curveFigures } from "../../lib/report/figures/curves.ts";
import { groupsOf } from "../../lib/report/runs.ts";
import { made, row } from "./_made.ts";

Deno.test("curves of a band are the median between the least and the most", () => {
  const runs = [0, 1, 2].map((seed) =>
    made(`${seed}`, { seed }, [
      row(10, [0.1, 0.2, 0.6][seed]!),
      row(20, [1, 0.5, 0.9][seed]!),
      row(30, null),
      ...(seed === 0 ? [row(40, 1)] : []),
    ])
  );
  const figures = curveFigures(groupsOf(runs));
  assertEquals(figures.map(({ id }) => id), ["accuracy"]);
  const [{ svg, data }] = figures as [(typeof figures)[0]];
  assertMatch(svg, /band: least to most over the seeds/);
  assertMatch(svg, /memorised, grokked/);
  assertEquals(data.columns, [
    "run",
    "seed",
    "step",
    "test_accuracy",
    "train_accuracy",
  ]);
  assertEquals(data.rows.length, 10);
  assertEquals(data.rows[2], ["0", 0, 30, null, 1]);
});

Deno.test("a band goes on where one of its runs ended, and says so", () => {
  const rows = (last: number, accuracy: number) =>
    [10, 20, 30, 40].filter((step) => step <= last)
      .map((step) => row(step, accuracy));
  const ended = made("b", { seed: 1 }, [...rows(20, 0.2), row(25, 0.1)]);
  const [figure] = curveFigures(
    groupsOf([made("a", { seed: 0 }, rows(40, 0.6)), ended]),
  );
  assertMatch(figure!.caption, /ended earlier/);
  const whole = curveFigures(groupsOf([made("a", {}, rows(40, 0.6))]));
  assert(!/ended earlier/.test(whole[0]!.caption));
  // The median of both at 10 and 20, of the one that came so far at 30 and 40; at
  // 25, where the other ended, none.
  const [test] = [...figure!.svg.matchAll(/ d="(M[^"Z]*)"/g)]
    .map(([, d]) => d!.slice(1).split("L").map((point) => point.split(",")[1]))
    .filter((ys) => ys.length > 2);
  assertEquals(test!.length, 4);
  assertEquals([test![0] === test![1], test![1] === test![2]], [true, false]);
});

Deno.test("memorised and grokked are marked where half of the runs are there", () => {
  const marked = (...last: number[]) => {
    const runs = last.map((accuracy, seed) =>
      made(`${seed}`, { seed }, [row(10, 0), row(20, accuracy)])
    );
    const [figure] = curveFigures(groupsOf(runs));
    return figure!.svg.match(/stroke-dasharray="1 3"/g)?.length;
  };
  // All have memorised: that line is always there.
  assertEquals(marked(1, 0, 0, 0, 0), marked(0, 0, 0, 0, 0));
  assertEquals(marked(1, 1, 1, 0, 0), marked(1, 1, 1, 1, 1));
  assert(marked(1, 1, 1, 0, 0) !== marked(1, 1, 0, 0, 0));
});
