/** `train --name` and `--tag`: labels of new runs, which change no byte else. */

import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { join } from "node:path";
import { labelsOf } from "../../../lib/store/labels.ts";
import { train } from "../../../lib/train/train.ts";
import { UsageError } from "../../../lib/base/errors.ts";
import { assertRefused, contentsOf, withTempDir } from "../_run.ts";
import { taskAt } from "./_at.ts";

const TINY = "--modulus 5 --hidden 4 --steps 2 --threads 1".split(" ");

Deno.test("train --name and --tag label the run, and its replicas with their numbers", () =>
  withTempDir(async (dir) => {
    const flags = ["--name", "base", "--tag", "x", "--tag", "y"];
    const one = await taskAt(
      dir,
      "train",
      ...TINY,
      ...flags,
      "--run",
      "runs/a",
    );
    assertEquals(one.code, 0, one.stderr);
    assertEquals(await labelsOf(join(dir, "runs", "a")), {
      name: "base",
      tags: ["x", "y"],
      note: null,
    });
    const before = await contentsOf(dir);
    const again = await taskAt(dir, "train", ...TINY, "--name", "base");
    assertMatch(
      assertRefused(again, 2),
      /"base": the run runs\/a is called so/,
    );
    const path = await taskAt(dir, "train", ...TINY, "--name", "../x");
    assertMatch(assertRefused(path, 2), /"\.\.\/x": it is a path/);
    const tag = await taskAt(dir, "train", ...TINY, "--tag", "");
    assertMatch(assertRefused(tag, 2), /Cannot tag a run "": it is empty/);
    const resumed = await taskAt(dir, "train", "--resume", "a", "--name", "c");
    assertMatch(
      assertRefused(resumed, 2),
      /--name must be left out with --res/,
    );
    assertEquals(await contentsOf(dir), before);
    // In its own place the name is free again.
    const replaced = await taskAt(
      ...[dir, "train", ...TINY, "--name", "base", "--run", "runs/a"] as const,
      "--overwrite",
    );
    assertEquals(replaced.code, 0, replaced.stderr);
    assertEquals((await labelsOf(join(dir, "runs", "a"))).tags, []);
    const band = await taskAt(
      ...[dir, "train", ...TINY, "--name", "base"] as const,
      ...["--replicas", "2", "--run", "runs/band"],
    );
    assertEquals(band.code, 0, band.stderr);
    const names = [];
    for (const r of [0, 1]) {
      const run = join(dir, "runs", "band", `replica-${r}`);
      names.push((await labelsOf(run)).name);
    }
    assertEquals(names, ["base-0", "base-1"]);
  }));

Deno.test("a name changes no other file, and a run that is gone on with keeps its own", () =>
  withTempDir(async (dir) => {
    const config = { modulus: 5, hidden: [4], steps: 2, threads: 1 };
    const [plain, named] = [join(dir, "plain"), join(dir, "named")];
    await train(config, { run: plain });
    await train(config, { run: named, name: "n", tags: ["t", "t"] });
    for (
      const file of [
        "config.json",
        "split.json",
        "checkpoints/step-00000002.onnx",
      ]
    ) {
      assertEquals(
        await Deno.readFile(join(named, file)),
        await Deno.readFile(join(plain, file)),
        file,
      );
    }
    const names = (run: string) =>
      [...Deno.readDirSync(run)].map(({ name }) => name).sort();
    assertEquals(
      names(named),
      [...names(plain), "labels.json"].sort(),
    );
    const sums = await Deno.readTextFile(join(named, "SHA256SUMS"));
    assert(!sums.includes("labels.json"));
    await train({ ...config, steps: 4 }, {
      run: named,
      resume: true,
      name: "other",
    });
    assertEquals(await labelsOf(named), { name: "n", tags: ["t"], note: null });
    await assertRejects(
      () => train(config, { run: join(dir, "new"), name: "n" }),
      UsageError,
      `Cannot name a run "n"`,
    );
    assertEquals(names(dir), ["named", "plain"]);
  }));
