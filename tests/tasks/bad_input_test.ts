import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { probedStep, TINY, withRun } from "./_one_run.ts";
import {
  assertRefused,
  checkpointSteps,
  contentsOf,
  metricsRows,
  task,
  withTempDir,
} from "./_run.ts";
import { files, writeAll } from "../data/_idx.ts";

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
