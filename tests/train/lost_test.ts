/** Runs that lost a file, or have it damaged: what is said, made again, refused. */

import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { join } from "node:path";
import type { ConfigInput } from "../../lib/config/config.ts";
import { FileError } from "../../lib/base/files.ts";
import { DamagedError } from "../../lib/base/sums.ts";
import { trainReplicas } from "../../lib/train/band/replicas.ts";
import { toResume } from "../../lib/train/unfinished.ts";
import { train } from "../../lib/train/train.ts";
import { fileIn, flipBit, notesOf } from "../runs/_damage.ts";
import {
  assertRefused,
  contentsOf,
  outputOf,
  startProgram,
  type TaskName,
  withTempDir,
} from "../tasks/_run.ts";
import { assertSameRun, assertSums, copyRun, writeSums } from "./_runs.ts";

const TINY: ConfigInput = {
  modulus: 5,
  hidden: [4],
  threads: 1,
  steps: 8,
  evalEvery: 2,
  checkpointEvery: 4,
};
const MORE = { ...TINY, steps: 12 };

const run = (name: TaskName, ...args: string[]) =>
  outputOf(startProgram(name, args));

const edit = async (path: string, change: (text: string) => string) =>
  await Deno.writeTextFile(path, change(await Deno.readTextFile(path)));

// What is done to a run, and what is said: of what the config makes again.
const RESTORED: Record<string, [(run: string) => Promise<unknown>, RegExp]> = {
  "a bit": [
    (run) => flipBit(join(run, "split.json"), 321),
    /split\.json: it is not as it was written: .*; it is written anew as the config makes it, which has the sum that SHA256SUMS says$/,
  ],
  "torn": [
    (run) => Deno.truncate(join(run, "split.json"), 40),
    /split\.json: it is not as .* which has the sum that SHA256SUMS says$/,
  ],
  "gone": [
    (run) => Deno.remove(join(run, "split.json")),
    /split\.json is not there; .* which has the sum that SHA256SUMS says$/,
  ],
  "its sum": [
    (run) =>
      edit(
        join(run, "SHA256SUMS"),
        (text) =>
          text.replace(/^(.)(.{63} {2}split)/m, (_, digit, rest) =>
            `${digit === "0" ? "1" : "0"}${rest}`),
      ),
    /split\.json: it is not as .*, which is what the file has: the sum was wrong$/,
  ],
  "its line of sums": [
    (run) =>
      edit(
        join(run, "SHA256SUMS"),
        (text) => text.replace(/^.* {2}split\.json\n/m, ""),
      ),
    /SHA256SUMS does not have it; .* which is what the file has: /,
  ],
};

// The same run with a label of another class: what trained on it is not known.
const another = (text: string) =>
  text.replace(
    /"labels":\[(\d)/,
    (_, label) => `"labels":[${(Number(label) + 1) % 5}`,
  );

Deno.test("a damaged split.json is made again where it is proven, and said", async (t) => {
  await withTempDir(async (dir) => {
    const [whole, long] = [join(dir, "whole"), join(dir, "long")];
    await train(TINY, { run: whole });
    await copyRun(whole, long);
    await train(MORE, { run: long, resume: true });
    for (const [i, [what, row]] of Object.entries(RESTORED).entries()) {
      await t.step(what, async () => {
        const [damage, says] = row;
        const bad = join(dir, `${i}`);
        await copyRun(whole, bad);
        await damage(bad);
        const said: string[] = [];
        await train(MORE, {
          run: bad,
          resume: true,
          onWarning: (text) => said.push(text),
        });
        assertEquals(said.length, 1);
        assertMatch(said[0]!, says);
        await assertSameRun(bad, long, what);
      });
    }
  });
});

Deno.test("a split.json that nothing vouches for is left as it is", async (t) => {
  await withTempDir(async (dir) => {
    const whole = join(dir, "whole");
    await train(TINY, { run: whole });
    const cases: Record<string, [(run: string) => Promise<unknown>, RegExp]> = {
      "another one, with its sum": [
        async (run) => {
          await edit(join(run, "split.json"), another);
          await writeSums(run);
        },
        /its config makes another split here than .*split\.json has, .*--from/,
      ],
      "torn, no sums": [
        async (run) => {
          await Deno.truncate(join(run, "split.json"), 40);
          await Deno.remove(join(run, "SHA256SUMS"));
        },
        /split\.json has not what its config makes; and nothing shows .*--from/,
      ],
      "gone, no sums": [
        async (run) => {
          await Deno.remove(join(run, "split.json"));
          await Deno.remove(join(run, "SHA256SUMS"));
        },
        /split\.json is not there; and nothing shows/,
      ],
    };
    for (const [i, [what, row]] of Object.entries(cases).entries()) {
      await t.step(what, async () => {
        const [damage, says] = row;
        const bad = join(dir, `${i}`);
        await copyRun(whole, bad);
        await damage(bad);
        const before = await contentsOf(bad);
        await notesOf(async () => {
          const error = await assertRejects(
            () => train(MORE, { run: bad, resume: true }),
            FileError,
          );
          assertMatch(error.message, says);
          assert(!error.message.includes("--overwrite"), error.message);
        });
        assertEquals(await contentsOf(bad), before);
      });
    }
  });
});

Deno.test("the program says that it writes a split anew; replicas too", () =>
  withTempDir(async (dir) => {
    const [one, band] = [join(dir, "one"), join(dir, "band")];
    await train(TINY, { run: one });
    await trainReplicas(TINY, { replicas: 2 }, { run: band });
    for (const path of [one, join(band, "replica-1")]) {
      await flipBit(join(path, "split.json"), 99);
      const folder = path === one ? one : band;
      const resumed = await run("train", "--resume", folder, "--steps", "12");
      assertEquals(resumed.code, 0, resumed.stderr);
      assertMatch(
        resumed.stderr,
        /^warning: .*split\.json: it is not as .*; it is written anew as the config makes it/m,
      );
      await assertSums(path);
    }
  }));

Deno.test("of a run without its manifest is said what stands, and what to do", () =>
  withTempDir(async (dir) => {
    const whole = join(dir, "whole");
    await train(TINY, { run: whole });
    for (
      const [name, damage, problem] of [
        [
          "gone",
          (path: string) => Deno.remove(path),
          /manifest\.json, which says how it was made, is not there; /,
        ],
        [
          "torn",
          (path: string) => Deno.truncate(path, 90),
          /manifest\.json: it is not as it was written: .*; /,
        ],
      ] as const
    ) {
      const bad = join(dir, name);
      await copyRun(whole, bad);
      await damage(join(bad, "manifest.json"));
      await flipBit(fileIn(bad, "checkpoints", 8), 4321);
      const before = await contentsOf(bad);
      const stands =
        /config\.json, split\.json, metrics\.jsonl, the checkpoint of step 4 are whole; put manifest\.json back from a copy, or start a new run from the last whole checkpoint with deno task train --from \S+$/;
      const charts = join(dir, "charts");
      for (
        const args of [
          ["train", "--resume", bad],
          ["report", bad, "--format", "svg", "--out", charts],
        ] as const
      ) {
        const [task, ...rest] = args;
        const line = assertRefused(await run(task, ...rest), 1);
        assertMatch(line, problem);
        assertMatch(line, stands);
        assert(!line.includes("--overwrite"), line);
      }
      assertEquals(await contentsOf(bad), before);
      // What is advised works, and checkpoints are still held to their sums.
      const on = await run(
        "train",
        "--from",
        bad,
        "--run",
        join(dir, name, "b"),
      );
      assertEquals(on.code, 0, on.stderr);
      assertMatch(on.stderr, /00000008\.onnx: it is not as .*4\.onnx is taken/);
      const bit = await run("probe", fileIn(bad, "checkpoints", 8));
      assertMatch(assertRefused(bit, 1), /00000008\.onnx: it is not as it was/);
      const good = ["--probe", "geometry", "--json"];
      const probed = await run("probe", fileIn(bad, "checkpoints", 4), ...good);
      assertEquals(probed.code, 0, probed.stderr);
    }
  }));

Deno.test("a run that lost all its checkpoints says so before it begins again", () =>
  withTempDir(async (dir) => {
    const whole = join(dir, "whole");
    await train(TINY, { run: whole });
    const [bare, lost] = [join(dir, "bare"), join(dir, "lost")];
    for (const bad of [bare, lost]) {
      await copyRun(whole, bad);
      await Deno.remove(join(bad, "checkpoints"), { recursive: true });
      await Deno.remove(join(bad, "summary.json"));
    }
    const said: string[] = [];
    await train(TINY, {
      run: bare,
      resume: true,
      onWarning: (text) => said.push(text),
    });
    assertMatch(
      said.at(-1)!,
      /goes on from step 0, since no later state is whole: 3 checkpoints until step 8 are not there$/,
    );
    await assertSameRun(bare, whole);
    // Without its config nobody knows what it was.
    await Deno.remove(join(lost, "config.json"));
    const before = await contentsOf(lost);
    for (
      const look of [
        () => train(MORE, { run: lost, resume: true }),
        () => toResume(lost),
      ]
    ) {
      await assertRejects(
        look,
        DamagedError,
        "config.json is not there, and no checkpoint of the run is whole",
      );
    }
    assertEquals(await contentsOf(lost), before);
    const one = join(dir, "one");
    await copyRun(whole, one);
    await Deno.remove(join(one, "summary.json"));
    await Deno.remove(fileIn(one, "checkpoints", 8));
    said.length = 0;
    await train(TINY, {
      run: one,
      resume: true,
      onWarning: (text) => said.push(text),
    });
    assertMatch(said.join("|"), /from step 4, .*: the checkpoint of step 8 is/);
    await assertSameRun(one, whole);
  }));
