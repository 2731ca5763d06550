/** What a run is told by flags and by a config that is fed back. */

import { assertEquals } from "@std/assert";
import { join } from "node:path";
import {
  type ConfigInput,
  flagOf,
  resolveConfig,
} from "../../../lib/config/config.ts";
import { readPlan } from "../../../lib/sweeps/files.ts";
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

// Configs with dropout, whose generator neither command is told: of one that an older
// run has written it is another than of one that somebody wrote, or that draws by
// what is changed.
const STILL = {
  modulus: 5,
  hidden: [4, 4],
  steps: 2,
  evalEvery: 1,
  threads: 1,
  device: "cpu",
} as const;
const older = (input: ConfigInput): ConfigInput => {
  const { generator: _, ...rest } = resolveConfig(input);
  return rest;
};
const CONFIGS: Record<
  string,
  { config: ConfigInput; key: string; value: number; generator: string }
> = {
  "that of an older run": {
    config: older({ ...STILL, dropout: 0.2 }),
    ...{ key: "lr", value: 0.02, generator: "threefry" },
  },
  "that of an older run that drew nothing": {
    config: older(STILL),
    ...{ key: "dropout", value: 0.2, generator: "squares" },
  },
  "that of a run": {
    config: resolveConfig({ ...STILL, dropout: 0.2 }),
    ...{ key: "lr", value: 0.02, generator: "squares" },
  },
  "one written by hand": {
    config: { ...STILL, dropout: 0.2 },
    ...{ key: "lr", value: 0.02, generator: "squares" },
  },
};

for (
  const [which, { config, key, value, generator }] of Object.entries(CONFIGS)
) {
  Deno.test(`of a config with dropout, ${which}, train --config and sweep plan --config make one`, () =>
    withTempDir(async (dir) => {
      const [file, run, sweep] = ["file.json", "run", "sweep"]
        .map((name) => join(dir, name)) as [string, string, string];
      await Deno.writeTextFile(file, JSON.stringify(config));
      await ok("train", "--config", file, `--${key}`, `${value}`, "--run", run);
      await ok(
        "sweep",
        ...["plan", "--config", file, "--set", `${key}=${value}`],
        ...["--seeds", "0..0", "--no-trial", "--out", sweep],
      );
      const trained = JSON.parse(
        await Deno.readTextFile(join(run, "config.json")),
      );
      const [planned, ...others] = await readPlan(sweep);
      assertEquals(others, []);
      assertEquals(JSON.stringify(planned!.config), JSON.stringify(trained));
      assertEquals([trained.generator, trained[key]], [generator, value]);
    }));
}
