import { assertEquals } from "@std/assert";
import {
  collapsedAt,
  nc1Curve,
} from "../../../lib/figures/beyond/collapse_measures.ts";
import { constructed, from, testClaims } from "../_claims.ts";
import { collapseOver, frame } from "../_measures.ts";

// 1/NC1 is 1 from memorisation at step 50 on, and more from another step.
const run = (
  { grokked = Infinity, collapsed = Infinity, end = 0.001, memorised = 50 },
) => ({
  columns: {
    train_accuracy: from(memorised),
    test_accuracy: from(grokked),
  },
  measures: {
    collapse: collapseOver((step) =>
      step < 50 ? 20 : step < collapsed ? 1 : end
    ),
  },
});
const measured = (measure: ReturnType<typeof frame>) => ({
  measures: { frame: measure },
});

testClaims("imbalanced-collapse", {
  C65: {
    holds: { formula: measured(frame({ off: 1e-9 })) },
    fails: [
      { formula: measured(frame({ off: 2e-8 })) },
      { formula: measured(frame({ off: -2e-8 })) },
      { formula: measured(frame({ meansCosine: 1e-7 })) },
      { formula: measured(frame({ classifierCosine: 1e-7 })) },
    ],
  },
  C66: {
    holds: { dying: measured(frame({ vanished: [1] })) },
    fails: [
      { dying: measured(frame({})) },
      { dying: measured(frame({ vanished: [5, 1] })) },
      { dying: measured(frame({ vanished: [5] })) },
    ],
  },
  C67: {
    holds: { "unequal-1": measured(frame({ correlation: 0.9 })) },
    fails: [{ "unequal-1": measured(frame({ correlation: 0.89 })) }],
    neither: [{ "unequal-1": measured(frame({ correlation: null })) }],
  },
  C68: {
    holds: { groks: run({ grokked: 1000, collapsed: 1950 }) },
    fails: [
      { groks: run({ grokked: 1000, collapsed: 2050 }) },
      { groks: run({ grokked: 1000, collapsed: 450 }) },
      { groks: run({ grokked: 1000 }) },
      // More than a tenth is left.
      { groks: run({ grokked: 1000, collapsed: 1000, end: 0.11 }) },
    ],
    neither: [{ groks: run({ collapsed: 1000 }) }],
  },
  C69: {
    holds: {
      groks: run({ grokked: 1000, collapsed: 1000, end: 0.001 }),
      memorises: run({ collapsed: 2000, end: 0.01 }),
    },
    fails: [{
      groks: run({ grokked: 1000, collapsed: 1000, end: 0.001 }),
      memorises: run({ collapsed: 2000, end: 0.0099 }),
    }],
    neither: [
      { groks: run({ collapsed: 1000 }), memorises: run({}) },
      {
        groks: run({ grokked: 1000, collapsed: 1000 }),
        memorises: run({ memorised: Infinity }),
      },
    ],
  },
});

Deno.test("collapsedAt() takes a tenth of NC1 from memorisation on", () => {
  const of = (what: Parameters<typeof run>[0]) =>
    collapsedAt(
      constructed("imbalanced-collapse", { groks: run(what) })
        .of("groks")[0]!,
    );
  assertEquals(of({ collapsed: 1000 }), 1000);
  assertEquals(of({ collapsed: 1000, end: 0.1 }), 1000);
  assertEquals(of({ collapsed: 1000, end: 0.101 }), null);
  assertEquals(of({ memorised: Infinity, collapsed: 1000 }), null);
  // Memorised later: of what it is then, which is not a tenth of itself.
  assertEquals(of({ memorised: 1500, collapsed: 1000 }), null);
});

Deno.test("nc1Curve() has a point for each checkpoint", () => {
  const results = constructed("imbalanced-collapse", { groks: run({}) });
  const curve = nc1Curve(results, "groks");
  assertEquals(curve.length, 61);
  assertEquals(curve[0], { x: 0, y: 20, low: 20, high: 20 });
  assertEquals(curve.at(-1), { x: 3000, y: 1, low: 1, high: 1 });
  assertEquals(
    nc1Curve(constructed("imbalanced-collapse", {}, 0), "groks"),
    [],
  );
});
