/** What a plan may say, and which points it has. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../lib/base/errors.ts";
import { mean } from "../../lib/numeric/statistics.ts";
import { drawn } from "../../lib/sweeps/draws.ts";
import { blocksOf } from "../../lib/sweeps/points.ts";
import {
  checkedSpec,
  type KeyDraw,
  planFile,
  type PlanPart,
  seedsOf,
  type SweepSpec,
} from "../../lib/sweeps/spec.ts";

const pointsOf = (...parts: PlanPart[]) =>
  blocksOf({ parts }).flatMap(({ points }) => [...points()]);

Deno.test("the last key of a grid changes fastest", () => {
  assertEquals(
    pointsOf({ grid: { lr: [1, 2], eps: [3, 4], momentum: [0.5] } })
      .map(Object.values),
    [[1, 3, 0.5], [1, 4, 0.5], [2, 3, 0.5], [2, 4, 0.5]],
  );
});

Deno.test("within a part every point and draw meets every combination", () => {
  const draw = { eps: { uniform: [0, 1] } } as const;
  const found = pointsOf({
    grid: { lr: [1, 2] },
    points: [{ momentum: 0.1 }, { momentum: 0.2 }, { momentum: 0.3 }],
    random: { count: 5, draw },
  });
  assertEquals(found.length, 2 * 3 * 5);
  assertEquals(new Set(found.map((point) => JSON.stringify(point))).size, 30);
  assertEquals(new Set(found.map(({ eps }) => eps)).size, 5);
  const [block] = blocksOf({ parts: [{ random: { count: 5, draw } }] });
  assertEquals(block!.count, 5);
});

Deno.test("keys may be written as flags are", () => {
  assertEquals(pointsOf({ grid: { "weight-decay": [1] } }), [
    { weightDecay: 1 },
  ]);
  assertEquals(pointsOf({ points: [{ "weight-decay": 1 }] }), [
    { weightDecay: 1 },
  ]);
});

/** Plans that contradict themselves, or say what no config has. */
const REFUSED: readonly [spec: SweepSpec, problem: string][] = [
  [{ parts: [] }, "parts must name something to vary, got nothing"],
  [{ parts: [{}] }, "Cannot plan without anything to vary: name some values"],
  [{ seeds: [], parts: [{}] }, "seeds must name something to vary"],
  [{ parts: [{ points: [] }] }, "parts.0.points must name something to vary"],
  [{ parts: [{ grid: { lr: [] } }] }, "parts.0.grid lr must have values"],
  [
    { parts: [{ grid: { lr: [0.1] } }, { grid: { wd: [1] } }] },
    'parts.1.grid has an unknown key "wd" (did you mean weightDecay?)',
  ],
  [{ set: { lrr: 1 } as never, parts: [{ seeds: [0] }] }, "set has an unknown"],
  [
    { parts: [{ grid: { lr: [0.1, 0.2, 0.1] } }] },
    "parts.0.grid lr must have each value once, got 0.1 twice",
  ],
  [
    { parts: [{ grid: { hidden: [[5], [5]] } }] },
    "parts.0.grid hidden must have each value once, got [5] twice",
  ],
  [{ seeds: [1, 1], parts: [{}] }, "seeds must have each value once"],
  [{ seeds: [0.5], parts: [{}] }, "seeds seed must be an integer"],
  [
    { parts: [{ grid: { loss: ["softmx"] } }] },
    'got "softmx" (did you mean softmax?)',
  ],
  [{ parts: [{ points: [{ lr: -1 }] }] }, "parts.0.points lr must be above 0"],
  [
    { set: { lr: 1 }, parts: [{ grid: { lr: [1] } }] },
    "lr must be said once, got it in set and in parts.0.grid",
  ],
  [
    { parts: [{ grid: { lr: [1] }, points: [{ lr: 2 }] }] },
    "lr must be said once, got it in parts.0.grid and in parts.0.points",
  ],
  [
    { seeds: [0], parts: [{ grid: { seed: [1] } }] },
    "seed must be said once, got it in parts.0.grid and in seeds",
  ],
  [
    { parts: [{ seeds: [0], set: { seed: 1 } }] },
    "seed must be said once, got it in parts.0.set and in parts.0.seeds",
  ],
  [{ parts: [{ set: { threads: 2 }, seeds: [0] }] }, "must not have threads"],
  [
    {
      parts: [{
        grid: { lr: Array.from({ length: 1001 }, (_, i) => i + 1) },
        random: { count: 1000, draw: { eps: { uniform: [0, 1] } } },
      }],
    },
    "Cannot plan 1,001,000 runs: at most 1,000,000 at a time",
  ],
  [
    {
      seeds: Array.from({ length: 1001 }, (_, seed) => seed),
      parts: [{ grid: { lr: Array.from({ length: 1000 }, (_, i) => i + 1) } }],
    },
    "Cannot plan 1,001,000 runs: at most 1,000,000 at a time",
  ],
  [
    { parts: [{ random: { count: 0, draw: { lr: { uniform: [1, 2] } } } }] },
    "count of random draws must be an integer of 1 or more, got 0",
  ],
  [{ parts: [{ random: { count: 1, draw: {} } }] }, "must name a key at least"],
  [
    { parts: [{ random: { count: 1, draw: { lr: { choice: [] } } } }] },
    "The choice for lr must have a value at least",
  ],
  [
    { parts: [{ random: { count: 1, draw: { lr: { choice: [-1] } } } }] },
    "parts.0.random lr must be above 0, got -1",
  ],
  [
    { parts: [{ random: { count: 1, draw: { lr: { logUniform: [0, 1] } } } }] },
    "logUniform for lr must have two numbers above 0 that rise, got [0,1]",
  ],
  [
    { parts: [{ random: { count: 1, draw: { lr: { uniform: [1, 1] } } } }] },
    "uniform for lr must have two finite numbers that rise, got [1,1]",
  ],
  [
    {
      parts: [{ random: { count: 1, draw: { dMlp: { integer: [1, 2.5] } } } }],
    },
    "integer for dMlp must have two integers that rise, got [1,2.5]",
  ],
];

Deno.test("plans that contradict themselves are refused, with where and what", () => {
  for (const [spec, problem] of REFUSED) {
    const error = assertThrows(() => blocksOf(spec), UsageError, problem);
    assert(!error.message.includes("\n"));
  }
});

const values = (how: KeyDraw, count = 2000, seed = 0) =>
  [...drawn({ count, seed, draw: { lr: how } })].map(({ lr }) => lr as number);

Deno.test("draws lie where they should, evenly", () => {
  const log = values({ logUniform: [1e-4, 1e-1] });
  assert(log.every((x) => x >= 1e-4 && x <= 1e-1));
  // Of a uniform variable on [−4, −1] the mean of 2000 has the standard deviation
  // 3/√12/√2000 = 0.0194: five of them.
  assert(Math.abs(mean(log.map(Math.log10)) + 2.5) < 0.097);
  const uniform = values({ uniform: [2, 5] });
  assert(uniform.every((x) => x >= 2 && x < 5));
  assert(Math.abs(mean(uniform) - 3.5) < 0.097);
  const integer = values({ integer: [3, 5] });
  assertEquals([...new Set(integer)].sort(), [3, 4, 5]);
  const choice = values({ choice: ["a", null, [1]] });
  assertEquals(new Set(choice).size, 3);
});

Deno.test("draws are of their seed, and more of them begin with the same", () => {
  const how = { logUniform: [1e-4, 1e-1] } as const;
  assertEquals(values(how, 50), values(how, 100).slice(0, 50));
  assert(values(how, 1)[0] !== values(how, 1, 1)[0]);
  // Golden: a plan that is made again must draw the same.
  assertEquals(values(how, 2), [
    0.0065132002322747205,
    0.00012558780810361956,
  ]);
  const beside = { lr: how, eps: { uniform: [0, 1] } } as const;
  assertEquals(
    [...drawn({ count: 50, draw: beside })].map(({ lr }) => lr),
    values(how, 50),
  );
});

Deno.test("seedsOf() reads ranges and lists", () => {
  assertEquals(seedsOf("0..3"), [0, 1, 2, 3]);
  assertEquals(seedsOf("0,3,7"), [0, 3, 7]);
  assertEquals(seedsOf("7..7, 1,3..4"), [7, 1, 3, 4]);
  for (
    const text of ["", "a", "1..", "..3", "-1..2", "0.5,1", "1,,2", "0..1e3"]
  ) {
    assertThrows(
      () => seedsOf(text),
      UsageError,
      `--seeds must be like 0..15 or 0,3,7, got ${text}`,
    );
  }
  assertThrows(() => seedsOf("3..1"), UsageError, "3 is above 1");
  assertThrows(
    () => seedsOf("0..1000000"),
    UsageError,
    "at most 1000000 seeds",
  );
  // One seed, or as many? In other commands it is how many.
  assertThrows(
    () => seedsOf("16"),
    UsageError,
    "for as many seeds write 0..15",
  );
});

Deno.test("the plan of docs/sweeps.md is one", async () => {
  const docs = new URL("../../docs/sweeps.md", import.meta.url);
  const [, text] = /^```json\n(.*?)^```$/ms.exec(
    await Deno.readTextFile(docs),
  )!;
  const { name: _, config: __, ...spec } = planFile(JSON.parse(text!), "docs");
  assertEquals(
    blocksOf(spec).map(({ count, seeds }) => count * seeds!.length),
    [4 * 8, 2 * 8, 50 * 2],
  );
});

/** Files that are no plans. */
const FILES: readonly [found: unknown, problem: string][] = [
  [3, "it must be an object, got 3"],
  [[], "parts is missing"],
  [{}, "parts is missing"],
  [{ part: [] }, "unknown key part (did you mean parts?): there are name, "],
  [
    { parts: [{ gird: {} }] },
    "unknown key parts.0.gird (did you mean grid?): there are set, seeds, ",
  ],
  [
    { parts: [{ random: { cout: 1, draw: {} } }] },
    "unknown key parts.0.random.cout (did you mean count?): there are count, ",
  ],
  [{ parts: [{ random: { draw: {} } }] }, "parts.0.random.count is missing"],
  [
    { parts: [{ grid: { lr: 1 } }] },
    "parts.0.grid.lr must be a list of values",
  ],
  [{ parts: [{ points: [3] }] }, "parts.0.points.0 must be settings by key"],
  [{ parts: [{}], seeds: {} }, 'seeds must be a text like "0..15", or a list'],
  [{ parts: [{}], seeds: "x" }, "seeds must be like 0..15 or 0,3,7, got x"],
  [{ parts: [{}], config: {} }, "config must be a path, got {}"],
  [
    { parts: [{ random: { count: 1, draw: { lr: { unifrom: [1, 2] } } } }] },
    "parts.0.random.draw.lr must be uniform, logUniform or integer with two",
  ],
];

Deno.test("planFile() refuses what it does not know by name", () => {
  for (const [found, problem] of FILES) {
    assertThrows(
      () => planFile(found, "p.json"),
      UsageError,
      `Cannot plan what p.json says: ${problem}`,
    );
  }
  const plan = { name: "n", config: "runs/a", parts: [{ seeds: "0..2" }] };
  assertEquals(planFile(plan, "p.json"), {
    ...plan,
    parts: [{ seeds: [0, 1, 2] }],
  });
  assertThrows(
    () => checkedSpec({ name: "n", parts: [] }),
    UsageError,
    "Cannot plan: unknown key name: there are config, set, seeds, parts",
  );
});
