import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { join } from "node:path";
import {
  assertFailed,
  assertRefused,
  checkpointSteps,
  contentsOf,
  metricsRows,
  outputOf,
  startOnFullDisk,
  startProgram,
  task,
  withTempDir,
} from "./_run.ts";
import { files, writeAll } from "../data/_idx.ts";
import { assertSums } from "../train/_runs.ts";

const TINY = ["--modulus", "5", "--hidden", "8"] as const;
const PARITY = "--task parity --bits 8 --samples 100 --hidden 8".split(" ");

/** Gives work a run of five steps. */
function withRun(
  work: (run: string, dir: string) => Promise<void>,
): Promise<void> {
  return withTempDir(async (dir) => {
    const run = join(dir, "run");
    const { code, stderr } = await task(
      "train",
      ...[...TINY, "--steps", "5", "--run", run],
    );
    assertEquals(code, 0, stderr);
    await work(run, dir);
  });
}

const checkpointOf = (run: string, step: number) =>
  join(run, "checkpoints", `step-${String(step).padStart(8, "0")}.onnx`);

/** What `deno task probe --json` says the last checkpoint's step is. */
async function probedStep(run: string): Promise<unknown> {
  const { code, stdout, stderr } = await task("probe", run, "--json");
  assertEquals(code, 0, stderr);
  return JSON.parse(stdout).step;
}

// Wrong use: arguments → what the line must say of the flag, of the value, and
// of what is accepted.
const WRONG: readonly [args: readonly string[], says: readonly RegExp[]][] = [
  [["--hidden", "12000,12000"], [
    /layers\.1\.W is 12000 × 12000, 144,000,000 numbers/,
    /at most 67,108,864; ask for smaller widths$/,
  ]],
  [["--hidden", Array(60).fill("8000").join(), "--replicas", "4096"], [
    /Cannot train 4096 replicas here: it takes about 1,\d{3},\d{3}\.?\d* GB/,
    /and there are [\d.,]+ [GM]B; ask for fewer --replicas or a smaller --hidden$/,
  ]],
  [["--bogus", "1"], [/--bogus/, /--help/]],
  [["--modulos", "7"], [/--modulos/, /--modulus/]],
  [["--task", "sum"], [/--task/, /"sum"/, /add, subtract, product, divide/]],
  [["--loss", "mce"], [/--loss/, /"mce"/, /stablemax, softmax/]],
  [["--task", "divide", "--modulus", "12"], [/--modulus/, /\b12\b/, /prime/]],
  ...["0", "1", "1.5", "-0.1"].map((f) =>
    [["--train-fraction", f], [
      /--train-fraction/,
      new RegExp(`got ${f}$`),
      /\(0, 1\)/,
    ]] as [string[], RegExp[]]
  ),
  [["--modulus", "2", "--train-fraction", "0.1"], [
    /--train-fraction/,
    /got 0\.1$/,
    /at least one of the 4 examples/,
  ]],
  [["--hidden", "200,0"], [/--hidden/, /200, ?0\b/, /\b1\.\.\d+/]],
  [["--hidden", "200,-3"], [/--hidden/, /200, ?-3\b/, /\b1\.\.\d+/]],
  [["--hidden", "abc"], [/--hidden/, /\babc\b/, /number|integer|width/]],
  [["--hidden", "1.5"], [/--hidden/, /\b1\.5\b/, /integer/]],
  [["--hidden", ""], [/--hidden/, /argument ''/, /number|width/]],
  [["--lr", "nan"], [/--lr/, /'nan'/, /number/]],
  [["--lr", "fast"], [/--lr/, /\bfast\b/, /number/]],
  [["--lr", "-1"], [/--lr/, /got -1$/, /above 0/]],
  [["--lr", "0"], [/--lr/, /got 0$/, /above 0/]],
  [["--metrics", "basic,loss"], [/--metrics/, /"loss"/, /basic, tensors/]],
  [["--metrics", ""], [/--metrics/, /\[""\]/, /basic, tensors/]],
  [["--steps", "0"], [/--steps/, /got 0$/, /integer of 1 or more/]],
  [["--encoding", "scalar", "--model", "transformer"], [
    /--model transformer reads tokens/,
    /has scalars with --encoding scalar/,
  ]],
  [["--task", "parity", "--bits", "4", "--parity-bits", "5"], [
    /--parity-bits must be at most --bits 4, got 5$/,
  ]],
  [["--loss", "taylor", "--taylor-order", "3"], [
    /--taylor-order must be even, got 3/,
    /negative for some logits/,
  ]],
  [["--precision", "float16"], [
    /--precision must be float32 or float64/,
    /whole model in float16/,
    /got "float16"$/,
  ]],
  [["--batch-norm", "--hidden", "none"], [/--batch-norm/, /--hidden none/]],
  [["--batch-norm", "--batch-size", "1"], [/2 rows/, /got --batch-size 1$/]],
  [["--batch-size", "11"], [/--batch-size must be at most 10/, /got 11$/]],
];

const MNIST = "--task mnist --train-size 5 --hidden 8 --steps 1".split(" ");

for (
  const [what, damage, says] of [
    [
      "truncated",
      (bytes) => bytes.subarray(0, 5000),
      /4984 elements, .* 23520/,
    ],
    ["of the wrong magic number", (bytes) => (bytes[3] = 2, bytes), /magic/],
  ] as [string, (bytes: Uint8Array) => Uint8Array, RegExp][]
) {
  Deno.test(`train refuses MNIST's files ${what}, and writes nothing`, () =>
    withTempDir(async (dir) => {
      const name = "train-images-idx3-ubyte";
      const [mnist, run] = [join(dir, "mnist"), join(dir, "run")];
      const all = files();
      await writeAll(mnist, { ...all, [name]: damage(all[name]!) });
      const before = await contentsOf(dir);
      const given = [...MNIST, "--mnist", mnist, "--run", run];
      const line = assertRefused(await task("train", ...given), 1);
      assertStringIncludes(line, join(mnist, name));
      assertMatch(line, says);
      assertEquals(await contentsOf(dir), before);
    }));
}

Deno.test("train refuses to go on with another architecture", () =>
  withRun(async (run, dir) => {
    const before = await contentsOf(dir);
    const refused = async (...given: string[]) =>
      assertRefused(await task("train", "--steps", "9", ...given), 2);
    const other = join(dir, "other");
    assertMatch(
      await refused("--from", run, "--hidden", "9", "--run", other),
      /W is \[10, 8\], this experiment's \[10, 9\]; the architecture must be/,
    );
    assertMatch(
      await refused("--from", run, "--batch-norm", "--run", other),
      /no tensor layers\.0\.bn\.w, this experiment one of \[8\]/,
    );
    assertMatch(
      await refused("--resume", run, "--hidden", "9"),
      /--hidden must be left out with --resume/,
    );
    assertEquals(await contentsOf(dir), before);
  }));

for (const [args, says] of WRONG) {
  const shown = args.map((arg) => arg || '""').join(" ");
  Deno.test(`train ${shown} is refused, and nothing written`, async () => {
    await withTempDir(async (dir) => {
      const run = join(dir, "run");
      // The smallest of experiments, should it be accepted after all.
      const given = [...TINY, "--steps", "1", ...args, "--run", run];
      const line = assertRefused(await task("train", ...given), 2);
      for (const pattern of says) assertMatch(line, pattern);
      assertEquals(await contentsOf(dir), {});
    });
  });
}

const WRONG_CONFIGS: readonly [
  what: string,
  text: string | undefined,
  says: readonly RegExp[],
][] = [
  ["with an unknown key", '{ "modlus": 5 }', [
    /modlus/,
    /a config has task, modulus, /,
  ]],
  ["with a bad value", '{ "modulus": "5" }', [/modulus/, /"5"/, /number/]],
  ["that is no JSON", '{ "modulus":\n5', [
    /config\.json: line 2 is no JSON \(it ends in the middle\)/,
    /wanted a config, an object of settings$/,
  ]],
  ["that has NaN", '{ "lr": NaN }', [/config\.json: line 1/, /NaN, which/]],
  ["that is a list", "[5]", [/config\.json: line 1 has a list; wanted a/]],
  ["that is missing", undefined, [/config\.json/, /[Nn]o such file/]],
];

for (const [what, text, says] of WRONG_CONFIGS) {
  Deno.test(`train refuses a config ${what}`, async () => {
    await withTempDir(async (dir) => {
      const config = join(dir, "config.json");
      if (text !== undefined) await Deno.writeTextFile(config, text);
      const before = await contentsOf(dir);
      const given = ["--config", config, "--run", join(dir, "run")];
      const line = assertRefused(await task("train", ...given), 2);
      for (const pattern of says) assertMatch(line, pattern);
      assertEquals(await contentsOf(dir), before);
    });
  });
}

Deno.test("train refuses a config without a name", async () => {
  await withTempDir(async (dir) => {
    // What --config "$CONFIG" becomes where the variable is not set.
    const given = [...TINY, "--steps", "1", "--config", ""];
    const output = await task("train", ...given, "--run", join(dir, "run"));
    assertMatch(assertRefused(output, 2), /config/);
    assertEquals(await contentsOf(dir), {});
  });
});

Deno.test("train leaves a run that exists as it is", async () => {
  await withRun(async (run, dir) => {
    const before = await contentsOf(dir);
    const output = await task("train", ...TINY, "--steps", "3", "--run", run);
    const line = assertRefused(output, 2);
    assertStringIncludes(line, run);
    assertStringIncludes(line, "--overwrite");
    assertEquals(await contentsOf(dir), before);
  });
});

Deno.test("train --overwrite with a bad flag leaves the run as it is", async () => {
  await withRun(async (run, dir) => {
    const before = await contentsOf(dir);
    const given = ["--lr", "0", "--run", run, "--overwrite"];
    assertRefused(await task("train", ...TINY, ...given), 2);
    assertEquals(await contentsOf(dir), before);
  });
});

Deno.test("train --overwrite replaces a run", async () => {
  await withRun(async (run) => {
    const given = ["--steps", "3", "--run", run, "--overwrite"];
    const { code, stderr } = await task("train", ...TINY, ...given);
    assertEquals(code, 0, stderr);
    assertEquals(await checkpointSteps(run), [3]);
    assertEquals((await metricsRows(run)).map(({ step }) => step), [0, 3]);
    for (const name of ["config.json", "summary.json"]) {
      const { steps } = JSON.parse(await Deno.readTextFile(join(run, name)));
      assertEquals(steps, 3, name);
    }
    assertEquals(await probedStep(run), 3);
  });
});

const NO_RUNS: readonly [what: string, files: Record<string, string>][] = [
  ["with notes", { "notes.txt": "mine" }],
  // Many programs have a config.json.
  ["with another program's config.json", {
    "config.json": '{ "name": "mine" }',
    "checkpoints/best.pt": "mine",
  }],
];

for (const [what, files] of NO_RUNS) {
  for (const flags of [[], ["--overwrite"]]) {
    const name = `train ${flags.join(" ")} leaves a folder ${what} as it is`;
    Deno.test(name.replace("  ", " "), async () => {
      await withTempDir(async (dir) => {
        for (const [name, text] of Object.entries(files)) {
          await Deno.mkdir(join(dir, name, ".."), { recursive: true });
          await Deno.writeTextFile(join(dir, name), text);
        }
        const before = await contentsOf(dir);
        const given = ["--steps", "1", "--run", dir, ...flags];
        const line = assertRefused(await task("train", ...TINY, ...given), 2);
        assertStringIncludes(line, dir);
        assertEquals(await contentsOf(dir), before);
      });
    });
  }
}

// Bytes without a pattern, the same in every run of the tests.
function noise(length: number): Uint8Array {
  let x = 1;
  return Uint8Array.from({ length }, () => {
    x = Math.imul(x, 1664525) + 1013904223 | 0;
    return x >>> 24;
  });
}

const DAMAGE: readonly [what: string, of: (whole: Uint8Array) => Uint8Array][] =
  [
    ["cut to its first half", (whole) => whole.slice(0, whole.length / 2)],
    ["cut to 100 bytes", (whole) => whole.slice(0, 100)],
    ["without its last byte", (whole) => whole.slice(0, -1)],
    ["that is empty", () => new Uint8Array()],
    ["that is text", () => new TextEncoder().encode("# Notes\n\nNo model.\n")],
    ["of random bytes", () => noise(3000)],
  ];

Deno.test("probe refuses a damaged checkpoint in one line", async (t) => {
  await withRun(async (run, dir) => {
    const whole = await Deno.readFile(checkpointOf(run, 5));
    for (const [what, of] of DAMAGE) {
      await t.step(`a file ${what}`, async () => {
        const path = join(dir, "damaged.onnx");
        await Deno.writeFile(path, of(whole));
        const line = assertRefused(await task("probe", path), 1);
        assertStringIncludes(line, path);
        assertMatch(line, /not an ONNX model|truncated/);
      });
    }
    await t.step("in the run itself", async () => {
      await Deno.writeFile(checkpointOf(run, 5), whole.slice(0, -1));
      const line = assertRefused(await task("probe", run), 1);
      assertStringIncludes(line, checkpointOf(run, 5));
    });
  });
});

Deno.test("probe refuses a checkpoint that is missing", async () => {
  await withTempDir(async (dir) => {
    const path = join(dir, "none.onnx");
    const line = assertRefused(await task("probe", path), 1);
    assertStringIncludes(line, path);
  });
});

Deno.test("probe refuses an unknown probe", async () => {
  await withTempDir(async (dir) => {
    const output = await task("probe", dir, "--probe", "furrier");
    const line = assertRefused(output, 2);
    for (
      const word of [
        "--probe",
        "furrier",
        "logit-scaling",
        "did you mean fourier?",
      ]
    ) {
      assertStringIncludes(line, word);
    }
  });
});

Deno.test("probe refuses a run without checkpoints", async () => {
  await withRun(async (run) => {
    await Deno.remove(checkpointOf(run, 5));
    const line = assertRefused(await task("probe", run), 1);
    assertStringIncludes(line, run);
    assertStringIncludes(line, "no checkpoints");
  });
});

Deno.test("probe refuses a step that the run does not have", async () => {
  await withRun(async (run) => {
    const line = assertRefused(await task("probe", run, "--step", "4"), 2);
    assertMatch(line, /step 4\b.*steps 5$/);
  });
});

Deno.test("probe names what a parity checkpoint lacks, or skips it", async (t) => {
  await withTempDir(async (dir) => {
    const run = join(dir, "parity");
    const given = [...PARITY, "--steps", "2", "--run", run];
    const { code, stderr } = await task("train", ...given);
    assertEquals(code, 0, stderr);

    await t.step("--probe fourier", async () => {
      const output = await task("probe", run, "--probe", "fourier");
      const line = assertRefused(output, 1);
      assertStringIncludes(line, checkpointOf(run, 2));
      assertStringIncludes(line, "parity");
    });
    await t.step("all probes", async () => {
      const { code, stdout, stderr } = await task("probe", run, "--json");
      assertEquals(code, 0, stderr);
      assertMatch(stderr, /^device: .*\n$/, "nothing else");
      const { probes, skipped } = JSON.parse(stdout);
      // Parity has no frequencies, an MLP no attention, and one checkpoint is no
      // run; the rest applies.
      assert("logit-scaling" in probes && "geometry" in probes);
      assertEquals(Object.keys(skipped).sort(), [
        "ablation",
        "attention",
        "early-warning",
        "fourier",
        "phases",
        "progress",
        "similarity",
        "trajectory",
      ]);
      assertStringIncludes(skipped.fourier, "parity");
      const text = await task("probe", run);
      assertMatch(text.stdout, /^fourier: left out\. .*parity/m);
    });
  });
});

Deno.test("export writes nothing when it is refused", async (t) => {
  await withRun(async (run, dir) => {
    const out = join(dir, "model.onnx");
    const there = join(dir, "there.onnx");
    await Deno.writeTextFile(there, "mine");
    const before = await contentsOf(dir);
    const cases: [string, string[], RegExp[], code?: number][] = [
      ["an unknown hook", [run, "--hooks", "hook_nope", "--out", out], [
        /hook_nope/,
        /layers\.0\.hook_pre/,
      ]],
      ["a file that exists", [run, "--out", there], [
        /there\.onnx/,
        /--overwrite/,
      ]],
      ["an unknown hook over a file", [
        ...[run, "--hooks", "hook_nope", "--out", there, "--overwrite"],
      ], [/hook_nope/]],
      ["a missing step", [run, "--step", "4", "--out", out], [
        /step 4\b.*steps 5$/,
      ]],
      ["a damaged checkpoint", [there, "--out", out], [
        /not an ONNX model|truncated/,
      ], 1],
      ["an ending that it cannot write", [
        run,
        "--out",
        join(dir, "model.safetensors"),
      ], [/model\.safetensors/, /must end in \.onnx, got \.safetensors$/]],
      ["no ending", [run, "--out", join(dir, "model")], [
        /must end in \.onnx$/,
      ]],
      ["the ending of a part of a name", [
        run,
        "--out",
        join(dir, "model.onnx.bak"),
      ], [/got \.bak$/]],
      ["a folder that is not there", [
        run,
        "--out",
        join(dir, "new", "deep", "model.onnx"),
      ], [/there is no folder .*deep; make it first$/]],
      ["a folder that cannot be", [run, "--out", join(there, "a.onnx")], [
        /there\.onnx/,
      ], 1],
    ];
    for (const [what, args, says, code = 2] of cases) {
      await t.step(what, async () => {
        const line = assertRefused(await task("export", ...args), code);
        for (const pattern of says) assertMatch(line, pattern);
        assertEquals(await contentsOf(dir), before);
      });
    }
  });
});

Deno.test("train refuses a folder that cannot be made", async () => {
  await withTempDir(async (dir) => {
    // Tests may run as root, whom permissions do not stop.
    const file = join(dir, "file.txt");
    await Deno.writeTextFile(file, "mine");
    const before = await contentsOf(dir);
    const run = join(file, "run");
    const output = await task("train", ...TINY, "--steps", "1", "--run", run);
    assertStringIncludes(assertRefused(output, 1), run);
    assertEquals(await contentsOf(dir), before);
  });
});

Deno.test("a full disk leaves no part of a checkpoint", async () => {
  await withTempDir(async (dir) => {
    const args = (run: string) => [
      ...["--modulus", "7", "--hidden", "64,64", "--steps", "3", "--json"],
      ...["--run", run],
    ];
    // Without the limit first: Deno's own caches are full after that, and the
    // sizes show that the limit lies between them.
    const whole = join(dir, "whole");
    const { code, stderr } = await outputOf(startProgram("train", args(whole)));
    assertEquals(code, 0, stderr);
    const { size } = await Deno.stat(checkpointOf(whole, 3));
    assert(size > 8 * 1024);
    // The first checkpoint follows the start at once, so that a disk that is
    // full shows before the training, not after it.

    const run = join(dir, "run");
    const output = await outputOf(startOnFullDisk(8, "train", args(run)));
    const line = assertFailed(output);
    assertStringIncludes(line, checkpointOf(run, 0));
    assertMatch(line, /too large|no space/i);
    const names = Object.keys(await contentsOf(run))
      .map((path) => path.slice(run.length + 1)).sort();
    assertEquals(names, [
      "SHA256SUMS",
      "checkpoints",
      "config.json",
      "manifest.json",
      "metrics.jsonl",
      "split.json",
    ]);
    const config = await Deno.readTextFile(join(run, "config.json"));
    assertEquals(JSON.parse(config).steps, 3);
    await assertSums(run, "metrics.jsonl");
    assertEquals(await metricsRows(run), []);
  });
});

Deno.test("a full disk leaves the metrics readable", async () => {
  await withTempDir(async (dir) => {
    const run = join(dir, "run");
    const args = [...TINY, "--steps", "200", "--eval-every", "1"];
    const given = [...args, "--json", "--run", run];
    const line = assertFailed(
      await outputOf(startOnFullDisk(8, "train", given)),
    );
    const path = join(run, "metrics.jsonl");
    assertStringIncludes(line, path);
    // The last line may be cut short; every other is a row.
    const lines = (await Deno.readTextFile(path)).split("\n").slice(0, -1);
    assert(lines.length > 0);
    lines.forEach((line, step) => assertEquals(JSON.parse(line).step, step));
  });
});

const DIVERGING: readonly [what: string, flags: string][] = [
  // The first chunk is one step, so that this is seen at the second's first.
  ["at the first update", "--lr 1e30"],
  // Weights grow ninefold a step: some twenty steps, in the middle of a chunk.
  ["in the middle of a chunk", "--lr 1 --weight-decay 10"],
  ["with a checkpoint every step", "--lr 1e30 --checkpoint-every 1"],
  // The loss of the state that the last update makes.
  ["at the last step", "--lr 1e30 --steps 1"],
];

for (const engine of ["onnx", "tfjs"]) {
  for (const [what, flags] of DIVERGING) {
    const name = `train --engine ${engine} stops when the loss is NaN ${what}`;
    Deno.test(name, async () => {
      await withTempDir(async (dir) => {
        const run = join(dir, "run");
        const line = assertFailed(
          await task(
            "train",
            ...["--engine", engine, "--modulus", "7", "--hidden", "8"],
            ...["--loss", "softmax", "--optimizer", "sgd", "--no-perp-grad"],
            ...["--steps", "50", "--eval-every", "1", "--json"],
            ...[...flags.split(" "), "--run", run],
          ),
        );
        assertMatch(line, /loss is not finite at step \d+/);
        const step = Number(/at step (\d+)/.exec(line)![1]);
        const rows = await metricsRows(run);
        assertEquals(
          rows.map(({ step }) => step),
          Array.from({ length: step }, (_, i) => i),
          "a row for every step before",
        );
        for (const row of rows) assertEquals(typeof row.train_loss, "number");
        const finite = step - 1;
        assertStringIncludes(line, checkpointOf(run, finite));
        assertEquals((await checkpointSteps(run)).at(-1), finite);
        assertEquals(await probedStep(run), finite);
      });
    });
  }
}
