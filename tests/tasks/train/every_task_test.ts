/**
 * The real program on every kind of task: a few steps, and what it leaves.
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import { probe } from "../../../lib/probes/mod.ts";
import { files, images, writeAll } from "../../data/_idx.ts";
import {
  assertRefused,
  metricsRows,
  outputOf,
  startProgram,
  withTempDir,
} from "../_run.ts";

const SHORT = ["--steps", "3", "--eval-every", "1", "--threads", "1"];
const GRAPH = "--entities 30 --hidden 16 --inferred-ratio 3";
const NARROW = "--model transformer --d-model 16 --heads 2 --d-mlp 16";

const train = (...args: string[]) => outputOf(startProgram("train", args));

const runs: readonly [
  name: string,
  flags: string,
  says: RegExp,
  sizes: readonly number[],
][] = [
  [
    "scalars",
    "--modulus 11 --encoding scalar --hidden 16",
    /^add mod 11, scalar · MLP 16 ·/m,
    [48, 73],
  ],
  [
    "base 2",
    "--task subtract --modulus 11 --encoding base-2 --hidden 16",
    /^subtract mod 11, base-2 · MLP 16 ·/m,
    [48, 73],
  ],
  [
    "binary codes",
    "--task product --modulus 11 --encoding binary --code-bits 6 --hidden 16",
    /^product mod 11, binary · MLP 16 ·/m,
    [48, 73],
  ],
  [
    "parity with label noise",
    "--task parity --bits 9 --parity-bits 2 --samples 100 --label-noise 0.1 " +
    "--hidden 16",
    /^parity of 2 out of 9 bits · /m,
    [40, 60],
  ],
  [
    "composition by a transformer",
    `--task composition ${GRAPH.replace("--hidden 16", NARROW)}`,
    /^composition of 20 relations over 30 entities, φ 3 · transformer · /m,
    // 300 atomic facts, 270 in distribution, three inferred ones for each.
    [300 + 3 * 270],
  ],
  [
    "comparison, eagerly",
    `--task comparison --attributes 3 --engine tfjs ${GRAPH}`,
    /^comparison of 30 entities by 3 attributes, φ 3 · MLP 16 · /m,
    // 90 atomic facts, 81 in distribution; of pairs both ways round.
    [90 + 2 * Math.round(3 * 81 / 2)],
  ],
];

for (const [name, flags, says, [trainRows, testRows]] of runs) {
  Deno.test(`train learns ${name}`, () =>
    withTempDir(async (run) => {
      const given = flags.split(" ");
      const threads = flags.includes("tfjs") ? SHORT.slice(0, -2) : SHORT;
      const output = await train(...given, ...threads, "--run", run);
      assertEquals(output.code, 0, output.stderr);
      assertMatch(output.stderr, says);
      assert(!/^warning/m.test(output.stderr), output.stderr);
      const rows = await metricsRows(run);
      assertEquals(rows.map(({ step }) => step), [0, 1, 2, 3]);
      assert(rows.every(({ train_loss }) => Number.isFinite(train_loss)));
      const split = JSON.parse(
        await Deno.readTextFile(join(run, "split.json")),
      );
      assertEquals(split.train.labels.length, trainRows);
      if (testRows) assertEquals(split.test.labels.length, testRows);
      // Probes find the task in the checkpoint, and see which has frequencies:
      // pairs of residues do, however they are encoded, but no embedding then.
      const checkpoint = join(run, "checkpoints", "step-00000003.onnx");
      const { probes, skipped } = await probe(checkpoint);
      const parts = [
        split.train,
        split.test,
        ...Object.values(split.extra ?? {}),
      ]
        .map(({ labels }) => labels.length as number);
      assertEquals(
        probes["logit-scaling"]!.samples,
        parts.reduce((a, b) => a + b),
      );
      if (flags.includes("--encoding")) {
        assertEquals(probes.fourier!.embedding, null);
      } else assertMatch(skipped.fourier!, /no residues/);
    }));
}

Deno.test("train reads MNIST, and the same again from its config", () =>
  withTempDir(async (dir) => {
    const data = join(dir, "data");
    await writeAll(data, files());
    const [run, again] = [join(dir, "run"), join(dir, "again")];
    const flags = ["--task", "mnist", "--train-size", "20", "--hidden", "16"];
    const output = await train(
      ...[...flags, "--mnist", data, ...SHORT, "--run", run],
    );
    assertEquals(output.code, 0, output.stderr);
    assertMatch(output.stderr, /^MNIST, 20 images · MLP 16 · /m);
    const config = join(run, "config.json");
    const repeated = await train("--config", config, "--run", again);
    assertEquals(repeated.code, 0, repeated.stderr);
    for (
      const file of [
        "config.json",
        "split.json",
        "checkpoints/step-00000003.onnx",
      ]
    ) {
      assertEquals(
        await Deno.readFile(join(again, file)),
        await Deno.readFile(join(run, file)),
        file,
      );
    }
    const checkpoint = join(run, "checkpoints", "step-00000003.onnx");
    const { probes } = await probe(checkpoint);
    assertEquals(probes["logit-scaling"]!.samples, 28);

    // A file that has changed since, and one that is gone.
    await Deno.writeFile(
      join(data, "t10k-images-idx3-ubyte"),
      images(8).slice(0, 100),
    );
    const other = join(dir, "other");
    const cut = await train("--config", config, "--run", other);
    assertMatch(
      assertRefused(cut, 1),
      /t10k-images-idx3-ubyte as IDX: it has 84 elements, its header says 8 ×/,
    );
    await Deno.remove(join(data, "train-labels-idx1-ubyte"));
    const gone = await train("--config", config, "--run", other);
    assertMatch(assertRefused(gone, 2), /--mnist .* lacks train-labels/);
    assertEquals(
      [...Deno.readDirSync(dir)].map(({ name }) => name).sort(),
      ["again", "data", "run"],
      "nothing is written",
    );
  }));

Deno.test("train refuses a task that cannot be, and writes nothing", () =>
  withTempDir(async (dir) => {
    const run = join(dir, "run");
    const cases: [flags: string, says: RegExp][] = [
      [
        "--encoding scalar --model transformer",
        /--model transformer reads tok/,
      ],
      ["--encoding binary --code-bits 3", /--code-bits must be at least 7/],
      [
        "--task composition --inferred-ratio 9.9",
        /--inferred-ratio must leave/,
      ],
      ["--task mnist --mnist no/such/folder", /--mnist must name a folder/],
    ];
    for (const [flags, says] of cases) {
      const output = await train(...flags.split(" "), "--run", run);
      assertMatch(assertRefused(output, 2), says);
    }
    assertEquals([...Deno.readDirSync(dir)], []);
  }));

Deno.test("sizes of another task are said to have no effect", () =>
  withTempDir(async (dir) => {
    const given = "--entities 9 --train-size 3 --out-degree 2 --code-bits 4";
    const { code, stderr } = await train(
      ...`${given} --modulus 5 --hidden 4 --steps 1`.split(" "),
      ...["--run", join(dir, "run")],
    );
    assertEquals(code, 0, stderr);
    assertEquals(
      new Set(stderr.match(/(?<=^warning: )--[a-z-]+(?= has no effect)/gm)),
      new Set(given.match(/--[a-z-]+/g)),
    );
  }));
