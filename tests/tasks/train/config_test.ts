/** What a run is told by flags and by a config that is fed back. */

import { assertEquals } from "@std/assert";
import { join } from "node:path";
import { flagOf } from "../../../lib/config/config.ts";
import { withTempDir } from "../_run.ts";
import { json, ok, rowsOf, SMALL, untimed } from "./_rows.ts";

Deno.test("feeding config.json back repeats the run; flags override it", () =>
  withTempDir(async (dir) => {
    const [a, b, c] = ["a", "b", "c"].map((name) => join(dir, name)) as [
      string,
      string,
      string,
    ];
    await ok("train", ...SMALL, "--steps", "12", "--lr", "0.02", "--run", a);
    const config = join(a, "config.json");
    await ok("train", "--config", config, "--run", b);
    assertEquals(untimed(await rowsOf(a)), untimed(await rowsOf(b)));
    const { config: changed } = await json(
      "train",
      "--config",
      config,
      "--no-perp-grad",
      "--steps",
      "3",
      "--run",
      c,
    );
    assertEquals([changed.lr, changed.perpGrad, changed.steps], [
      0.02,
      false,
      3,
    ]);
  }));

Deno.test("boolean flags mean what they say, the last one wins", () =>
  withTempDir(async (dir) => {
    const opposite = join(dir, "opposite.json");
    let n = 0;
    for (const key of ["perpGrad", "biases"] as const) {
      const flag = flagOf(key);
      const no = `--no-${flag.slice(2)}`;
      const cases: [string[], boolean][] = [
        ...(key === "perpGrad"
          ? [[[flag], true], [[no], false]] as [string[], boolean][]
          : []),
        [[no, flag], true],
        [[flag, no], false],
      ];
      for (const [flags, expected] of cases) {
        await Deno.writeTextFile(
          opposite,
          JSON.stringify({
            modulus: 5,
            hidden: [4],
            steps: 1,
            [key]: !expected,
          }),
        );
        const run = join(dir, String(n++));
        const { config } = await json(
          "train",
          "--config",
          opposite,
          ...flags,
          "--run",
          run,
        );
        assertEquals(config[key], expected, flags.join(" "));
      }
    }
  }));
