import { assertAlmostEquals, assertEquals } from "@std/assert";
import {
  border,
  claims,
  moreOf,
  sameAs,
} from "../../docs/findings/phases/claims.ts";
import {
  type Outcome,
  outcomeOf,
} from "../../docs/findings/phases/outcomes.ts";
import {
  bySeed,
  byShare,
  panelsOf,
  wilson,
} from "../../docs/findings/phases/panels.ts";
import { phaseMap } from "../../docs/findings/phases/map.ts";
import { phaseOf, table } from "../../docs/findings/phases/table.ts";

const SHARES = [0.25, 0.35, 0.45, 0.55, 0.65, 0.75, 0.85, 0.95];
const RATES = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];

/** A panel of all cells, eight seeds each. */
function runs(
  loss: string,
  precision: string,
  came: (share: number, lr: number, seed: number) => Partial<Outcome>,
): Outcome[] {
  return SHARES.flatMap((share) =>
    RATES.flatMap((lr) =>
      Array.from({ length: 8 }, (_, seed) => ({
        loss,
        precision,
        share,
        lr,
        seed,
        memorised: true,
        collapsed: false,
        collapsedAt: null,
        best: 0,
        end: 0,
        ...came(share, lr, seed),
      }))
    )
  );
}

Deno.test("what came of a run is read off its evaluations", () => {
  const config = {
    loss: "softmax",
    perpGrad: true,
    lossPrecision: "float16",
    trainFraction: 0.25,
    lr: 1,
    seed: 3,
  } as const;
  const row = (step: number, train: number, test: number, zero: number) => ({
    step,
    train_accuracy: train,
    test_accuracy: test,
    zero_terms: zero,
  });
  assertEquals(
    outcomeOf(config, [
      row(0, 0, 0.1, 0),
      row(25, 0.99, 0.6, 0.5),
      row(50, 0.98, 0.4, 0.49),
    ]),
    {
      loss: "softmax, ⊥Grad",
      precision: "float16",
      share: 0.25,
      lr: 1,
      seed: 3,
      memorised: true,
      collapsed: false,
      collapsedAt: 25,
      best: 0.6,
      end: 0.4,
    },
  );
});

Deno.test("Wilson's interval: seven of eight are most, six are not", () => {
  // By hand: p = 7/8, z²/n = 0.4802.
  const [low, high] = wilson(7, 8);
  assertAlmostEquals(low, 0.5291, 1e-4);
  assertAlmostEquals(high, 0.9776, 1e-4);
  assertEquals(wilson(6, 8)[0] > 0.5, false);
  assertAlmostEquals(wilson(0, 8)[1], 0.3244, 1e-4);
});

Deno.test("cells are compared by intervals that do not overlap, or seed by seed", () => {
  const panels = panelsOf([
    ...runs("softmax", "float16", (_, lr, seed) => ({
      collapsed: seed < lr,
      end: seed / 16,
    })),
    ...runs("softmax", "float32", (share, _, seed) => ({
      end: seed / 16 +
        (share < 0.3 && seed > 0 ? 1 / 32 : share < 0.4 ? 1 / 64 : 0),
    })),
  ]);
  const [low, high] = [...panels.values()] as [
    NonNullable<ReturnType<typeof panels.get>>,
    NonNullable<ReturnType<typeof panels.get>>,
  ];
  // 5 of 8 begin at 0.31 and 0 of 8 end at 0.32; 6 of 8 begin at 0.41.
  assertEquals(byShare(low, high, (run) => run.collapsed), {
    cells: 80,
    more: 5 * 8,
    less: 0,
  });
  assertEquals(bySeed(low, high, (run) => run.end), {
    cells: 80,
    more: 0,
    less: 10,
  });
});

Deno.test("verdicts turn where the rules say", () => {
  const at = (more: number, less: number, cells = 80) => ({
    cells,
    more,
    less,
  });
  assertEquals(moreOf(at(8, 2)), "holds");
  assertEquals(moreOf(at(8, 3)), "inconclusive");
  assertEquals(moreOf(at(7, 0)), "inconclusive");
  assertEquals(moreOf(at(1, 0)), "fails");
  assertEquals(moreOf(at(8, 8)), "fails");
  assertEquals(moreOf(at(80, 0, 79)), "open");
  assertEquals(sameAs(at(3, 4)), "holds");
  assertEquals(sameAs(at(4, 4)), "inconclusive");
  assertEquals(sameAs(at(8, 8)), "fails");
  assertEquals(sameAs(at(0, 0, 79)), "open");
});

Deno.test("nothing is claimed of a sweep that is not done, and of a done one all", () => {
  const softmax = (precision: string, from: number) =>
    runs("softmax", precision, (share, lr) => ({
      collapsed: lr > from,
      best: share > 0.8 ? 0.7 : 0,
      end: share > 0.8 && lr <= from ? 0.7 : 0,
    }));
  const plain = [
    ...softmax("float16", 2),
    ...softmax("float32", 6),
    ...softmax("float64", 10),
  ];
  const verdicts = (of: Outcome[]) =>
    claims(panelsOf(of)).map(({ verdict }) => verdict).join(" ");
  assertEquals(
    verdicts(plain.slice(1)),
    "open open open open open holds open open open",
  );
  const perp = ["float16", "float32", "float64"].flatMap((precision) =>
    runs("softmax, ⊥Grad", precision, (share) => ({
      best: share > 0.6 ? 1 : 0,
      end: share > 0.6 ? 1 : 0,
    }))
  );
  const stable = ["float32", "float64"].flatMap((precision) =>
    runs("StableMax", precision, (share) => ({ end: share > 0.7 ? 0.9 : 0 }))
  );
  const done = [...plain, ...perp, ...stable];
  assertEquals(
    verdicts(done),
    "holds holds fails holds holds holds holds holds holds",
  );
  const panels = panelsOf(done);
  assertEquals(border(panels.get("softmax float16")!), 0.85);
  assertEquals(
    table(panels).split("\n")[2],
    "| softmax float16 | 80 | 0 | 4 | 16 | 48 | 12 | 0 | 0.85 |",
  );
});

Deno.test("a cell has the phase of most of its runs", () => {
  const [run] = runs("softmax", "float16", () => ({}));
  const collapsed = { ...run!, collapsed: true };
  assertEquals(phaseOf([run!, run!, collapsed]).name, "memorised");
  assertEquals(phaseOf([run!, collapsed]).name, "collapsed");
  assertEquals(
    phaseOf([{ ...run!, memorised: false }]).name,
    "never memorised",
  );
  assertEquals(phaseOf([{ ...run!, best: 1, end: 0.4 }]).name, "lost it again");
  assertEquals(phaseOf([{ ...run!, best: 1, end: 0.9 }]).name, "groks");
});

Deno.test("the map has a panel for each loss and precision that has whole cells", () => {
  const svg = phaseMap(panelsOf([
    ...runs("softmax", "float16", (share, lr, seed) => ({
      end: seed < 4 ? 0.2 : 0.4,
      collapsed: share < 0.3 && lr === 10,
    })),
    ...runs("StableMax", "float32", () => ({})).slice(0, 7),
  ]));
  assertEquals(svg.match(/<title>[^<]*: \w[^<]*, 30 %<\/title>/g)?.length, 80);
  assertEquals(
    svg.includes("<title>0.25 at 10: collapsed, 30 %</title>"),
    true,
  );
  assertEquals(svg.match(/>C<\/text>/g)?.length, 1);
  assertEquals(svg.includes("StableMax float32"), false);
});
