import { assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { fig14Of } from "../../../lib/figures/paper/fig14.ts";
import { reproduce } from "../../../lib/reproduce/reproduce.ts";
import { files, writeAll } from "../../data/_idx.ts";
import { withTempDir } from "../../tasks/_run.ts";
import { always, type Arms, type Curve, from, testClaims } from "../_claims.ts";

const arms = (
  collapse: Curve,
  plain: Curve,
  decay: Curve,
  zero = collapse,
): Arms => ({
  plain: {
    columns: {
      softmax_collapse: collapse,
      zero_terms: zero,
      test_accuracy: plain,
    },
  },
  decay: { columns: { test_accuracy: decay } },
});

testClaims("fig14", {
  C20: {
    holds: arms(from(100), always(0.3), always(0.7)),
    fails: [
      arms(from(100, 0.5), always(0.3), always(0.7)),
      arms(from(100), always(0.3), always(0.35)),
      // Collapsed on the wrong classes, which are learnt from.
      arms(from(100), always(0.3), always(0.7), from(100, 0.5)),
      // It goes on learning.
      arms(from(100), (step) => 0.3 + step / 3e5, always(0.7)),
    ],
  },
});

Deno.test("fig14 without data says what brings them", () =>
  withTempDir(async (folder) => {
    const missing = await fig14Of(folder).missing!();
    assertStringIncludes(missing!, "deno task setup mnist");
  }));

Deno.test("fig14 of the files in a folder", () =>
  withTempDir(async (folder) => {
    const mnist = join(folder, "mnist");
    await writeAll(mnist, files());
    const figure = fig14Of(mnist);
    assertEquals(await figure.missing!(), undefined);
    // Made digits, a few steps: that it can be trained, drawn and decided.
    const small = {
      ...figure,
      arms: figure.arms.map((arm) => ({
        ...arm,
        quick: { ...arm.quick, trainSize: 20, hidden: [8], steps: 40 },
      })),
    };
    const { outcomes, failures } = await reproduce(["fig14"], {
      scale: "quick",
      figures: { fig14: small },
      places: {
        here: join(folder, "here"),
        published: join(folder, "published"),
      },
    });
    assertEquals(failures, []);
    const [{ runs, rows, claims }] = outcomes as [typeof outcomes[number]];
    assertEquals(runs, { finished: 2, of: 2 });
    assertEquals(rows.every(({ measured }) => measured !== "not run"), true);
    assertEquals(claims.length, 1);
    await Deno.stat(join(folder, "here", "fig14", "figure.svg"));
  }));
