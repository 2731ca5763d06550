/** What a report says of runs in words. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { type Config, resolveConfig } from "../../lib/config/config.ts";
import { verdictsOn } from "../../lib/report/page/verdict.ts";
import { commandOf, sentence } from "../../lib/report/page/words.ts";
import { made, row } from "./_made.ts";

Deno.test("verdictsOn() gives cos(w, −gradient) as a share", () => {
  const said = (cos: number, config: Partial<Config> = {}) =>
    verdictsOn(
      made("x", config, [{ ...row(10, 1), cos_weight_neg_gradient: cos }]),
      undefined,
    ).at(-1);
  assertEquals(
    said(0.5, { perpGrad: false }),
    "cos(w, −gradient) is 0.50: 25.0 % of the gradient's square only scales " +
      "the weights up.",
  );
  assertMatch(said(0.9)!, /81.0 % .* and ⊥Grad takes that part away\.$/);
  assertMatch(said(-0.5)!, /25.0 % .* only scales them down\.$/);
});

Deno.test("verdictsOn() speaks of the loss that a run was switched to", () => {
  const switches = [{ at: 5, config: { loss: "softmax" } }] as const;
  const collapse = (step: number) =>
    verdictsOn(
      made("x", { loss: "stablemax", switches }, [
        { ...row(step, 1), softmax_collapse: 0 },
      ]),
      undefined,
    ).find((sentence) => sentence.includes("Softmax Collapse"))!;
  assertMatch(collapse(4), /as a softmax of the same logits/);
  assert(!collapse(6).includes("as a softmax"));
});

Deno.test("commandOf() repeats a run in a shell", () => {
  assertEquals(commandOf(resolveConfig({})), "deno task train");
  assertEquals(
    commandOf(resolveConfig({
      loss: "softmax",
      perpGrad: false,
      hidden: [16, 8],
      metrics: ["basic", "margin"],
      seed: 3,
    })),
    "deno task train --hidden 16,8 --loss softmax --no-perp-grad --seed 3 " +
      "--metrics basic,margin",
  );
  assertEquals(
    commandOf(resolveConfig({ task: "mnist", mnist: "it's; rm" })),
    "deno task train --task mnist --mnist 'it'\\''s; rm'",
  );
  // Only its config.json says when what changed.
  const switches = [{ at: 5, config: { lr: 0.1 } }];
  assertEquals(commandOf(resolveConfig({ switches })), null);
});

Deno.test("sentence() says what was done, and how it ended", () => {
  assertEquals(
    sentence(made("x", {}, [row(10, 0.2), row(20, 0.995)])),
    "MLP 200–200 on add mod 113, 40.0 % of the rows (5,107 of 12,769), " +
      "stablemax cross-entropy in float32, ⊥adamw at learning rate 0.01, 500 " +
      "steps: at step 20 so far, it memorised at step 10 and grokked at step " +
      "20.",
  );
});
