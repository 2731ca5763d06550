import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { join } from "node:path";
import {
  type Trajectory,
  trajectory,
  trajectoryOf,
} from "../../../lib/figures/trajectory.ts";
import { train } from "../../../lib/train/train.ts";
import { withTempDir } from "../../tasks/_run.ts";
import { testClaims } from "../_claims.ts";
import { way } from "../_measures.ts";

const arms = (sgd: [number, number], perp: [number, number]) => ({
  "sgd": { measures: { trajectory: way(...sgd) } },
  "perp-sgd": { measures: { trajectory: way(...perp) } },
});
const never = { trajectory: { ...way(1, 1) as object, along: null } };

testClaims("fig7", {
  C18: {
    holds: arms([3, 1], [0.1, 1]),
    fails: [
      arms([3, 1], [3, 1]),
      arms([0.1, 1], [0, 1]),
      arms([-1, 0], [-1, 0]),
    ],
    neither: [{ ...arms([3, 1], [0.1, 1]), "perp-sgd": { measures: never } }],
  },
});

const vector = (...values: number[]) => Float64Array.from(values);

Deno.test("trajectoryOf() of points in a plane of a larger space keeps their distances", async () => {
  const points = [[0, 0], [3, 0], [3, 4], [-1, 2], [5, 5]] as const;
  // Two orthonormal directions in four dimensions, and a shift.
  const weights = points.map(([a, b]) =>
    vector(1 + 0.6 * a, 2 + 0.8 * a, 3 + 0.6 * b, 4 + 0.8 * b)
  );
  const { x, y, explained } = await trajectoryOf(
    [0, 1, 2, 3, 4],
    weights,
    null,
  );
  assertAlmostEquals(explained[0] + explained[1], 1, 1e-4);
  for (const [i, [a, b]] of points.entries()) {
    for (const [j, [c, d]] of points.entries()) {
      assertAlmostEquals(
        Math.hypot(x[i]! - x[j]!, y[i]! - y[j]!),
        Math.hypot(a - c, b - d),
        1e-3, // Of coordinates with five digits.
      );
    }
  }
});

Deno.test("trajectoryOf() along the memorised weights, and across them", async () => {
  const theta = vector(3, 4, 0);
  const weights = [
    vector(0, 1, 0),
    theta,
    vector(6, 8, 0),
    vector(3 - 4, 4 + 3, 0),
    vector(3, 4, 10),
  ];
  const { along, across, nlm, x, y } = await trajectoryOf(
    [0, 1, 2, 3, 4],
    weights,
    1,
  );
  assertEquals(along!.slice(1), [0, 1, 0, 0]);
  assertEquals(across!.slice(1), [0, 0, 1, 2]);
  // θ's direction in the plane is that of the way that only scales it.
  const [dx, dy] = [x[2]! - x[1]!, y[2]! - y[1]!];
  assertAlmostEquals(dx, nlm![0], 1e-3);
  assertAlmostEquals(dy, nlm![1], 1e-3);
});

Deno.test("trajectory() of a run: all checkpoints, and where it had memorised", () =>
  withTempDir(async (folder) => {
    const run = join(folder, "run");
    await train({
      modulus: 7,
      hidden: [24],
      steps: 300,
      evalEvery: 10,
      checkpointEvery: 50,
      threads: 1,
    }, { run });
    const found = await trajectory(run) as unknown as Trajectory;
    assertEquals(found.steps, [0, 50, 100, 150, 200, 250, 300]);
    assertEquals(found.x.length, 7);
    const { memorised, along, across } = found;
    assert(memorised !== null && memorised > 0);
    assertEquals(along![memorised!], 0);
    assertEquals(across![memorised!], 0);
  }));
