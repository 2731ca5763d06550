import { assert, assertEquals } from "@std/assert";
import { sayingOf, type Seen } from "../../lib/play/browser/words.ts";

const seen: Seen = {
  step: 100,
  train: 1,
  test: 0.01,
  collapsed: 0,
  five: 0.4,
  classes: 31,
};

Deno.test("sayingOf() names where a training stands", () => {
  const cases: [Partial<Seen>, RegExp][] = [
    [{ train: 0.04 }, /^It guesses/],
    [{ train: 0.5 }, /^It is memorising/],
    [{}, /^It has memorised: train 100 %, test 1 %/],
    [{ collapsed: 0.6 }, /softmax has collapsed/],
    [{ test: 0.3 }, /^It begins to generalise/],
    [{ test: 0.8 }, /^It is grokking.* carry 40 %/],
    [{ test: 0.99 }, /^It has grokked/],
  ];
  for (const [part, expected] of cases) {
    const text = sayingOf({ ...seen, ...part });
    assert(expected.test(text), text);
  }
});

Deno.test("sayingOf() never rounds up to all", () => {
  assertEquals(
    /100 %/.test(sayingOf({ ...seen, train: 0.9999, test: 0 })),
    false,
  );
});
