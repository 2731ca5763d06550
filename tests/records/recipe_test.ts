import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "node:path";
import { UsageError } from "../../lib/base/errors.ts";
import { sha256 } from "../../lib/base/sums.ts";
import { readRecipe, recipeOf } from "../../lib/records/recipe.ts";
import { withTempDir } from "../tasks/_run.ts";
import { contents, entry } from "./_recipes.ts";

// What of a file is refused: its fields, and what the line must say.
const FORM: readonly [fields: Record<string, unknown>, says: string][] = [
  [{ nam: "x" }, "unknown key nam (did you mean name?)"],
  [{ name: undefined }, "name is missing"],
  [
    { name: "A b" },
    'name must be small letters, digits and -, at most 40, got "A b"',
  ],
  [{ who: "two\nlines" }, "who must be a line of at most 60 characters"],
  [{ title: "" }, "title must be a line"],
  [{ link: "ftp://x" }, "link must begin with https:// or http://"],
  [
    { tracks: ["fast"] },
    "must be a list out of any, delay, unregularised, transformer",
  ],
  [{ tracks: "any" }, "tracks must be a list"],
  [{ settings: 3 }, "settings must be settings by key, got 3"],
  [
    { states: { medain: 3 } },
    "unknown key states.medain (did you mean median?)",
  ],
  [
    { states: { median: 1.5 } },
    "states.median must be a whole number of steps",
  ],
  [{ use: { module: "./x.ts" } }, "use.sha256 is missing"],
  [{ use: { module: "./x.ts", sha256: "00" } }, "use.sha256 must be a SHA-256"],
];

for (const [fields, says] of FORM) {
  Deno.test(`a recipe is refused: ${says}`, () => {
    const error = assertThrows(
      () => recipeOf(contents(fields), "r.json"),
      UsageError,
      says,
    );
    assert(error.message.startsWith("Cannot enter the recipe r.json: "));
  });
}

// What of the settings is refused.
const UNREGULARISED = { perpGrad: false };
const SETTINGS: readonly [
  settings: Record<string, unknown>,
  fields: Record<string, unknown>,
  says: string,
][] = [
  [{ lrr: 1 }, {}, "Unknown setting lrr (did you mean lr?)"],
  [{ lr: -1 }, {}, "--lr must be"],
  [
    { task: "subtract" },
    {},
    'settings.task must be add, as in every entry, got "subtract"',
  ],
  [
    { modulus: 97 },
    {},
    "settings.modulus must be 113, as in every entry, got 97",
  ],
  [{ trainFraction: 0.5 }, {}, "settings.trainFraction must be 0.4"],
  [{ labelNoise: 0.1 }, {}, "settings.labelNoise must be 0"],
  [
    { seed: 1 },
    {},
    "settings must not have seed: an entry has the seeds 0..63",
  ],
  [{ dataSeed: 1 }, {}, "settings must not have dataSeed"],
  [
    { device: "cuda" },
    {},
    "settings must not have device: entries are computed",
  ],
  [{ threads: 2 }, {}, "settings must not have threads"],
  [{ steps: undefined }, {}, "settings.steps is missing"],
  [
    { momentum: 0.9 },
    {},
    "settings must not have momentum, which nothing reads",
  ],
  [
    { evalEvery: 2 },
    {},
    "settings.evalEvery must be at most 1 with 400 steps, got 2",
  ],
  [{ steps: 8 }, {}, "settings.steps must be 9 or more, got 8"],
  [
    {},
    { states: { median: 392 } },
    "settings.steps must be 401 or more, got 400: 10 evaluations from step 392 on",
  ],
  [
    {},
    { tracks: ["transformer"] },
    "(transformer) model must be transformer or encoder",
  ],
  [{}, { tracks: ["unregularised"] }, "perpGrad must be off, got true"],
  ...([
    [{ weightDecay: 0.1 }, "weightDecay must be 0, got 0.1"],
    [{ loss: "softmax", labelSmoothing: 0.1 }, "labelSmoothing must be 0"],
    [{ loss: "softmax", logitPenalty: 0.1 }, "logitPenalty must be 0"],
    [{ batchSize: 100 }, "batchSize must be null, got 100"],
    [{ batchNorm: true }, "batchNorm must be false"],
    [{ dropout: 0.1 }, "dropout must be 0, got 0.1"],
    [{ l1: 0.1 }, "l1 must be off"],
    [{ grokfast: "ema" }, 'grokfast must be off, got "ema"'],
    [{ clipNorm: 1 }, "clipNorm must be off"],
    [{ constantNorm: true }, "constantNorm must be off"],
    [{ model: "encoder" }, "dropout must be 0, got the model's own"],
    [
      { switches: [{ at: 100, config: { weightDecay: 1 } }] },
      "from step 100 on weightDecay must be 0, got 1",
    ],
  ] as const).map(([settings, says]) =>
    [
      { ...UNREGULARISED, ...settings },
      { tracks: ["unregularised"] },
      says,
    ] as [Record<string, unknown>, Record<string, unknown>, string]
  ),
];

for (const [settings, fields, says] of SETTINGS) {
  Deno.test(`an entry is refused: ${says}`, () => {
    const error = assertThrows(
      () => entry(settings, fields),
      UsageError,
      says,
    );
    assert(error.message.startsWith("Cannot enter the recipe r.json: "));
  });
}

Deno.test("an entry has the table's task, every step evaluated, one thread", () => {
  const { config, recipe } = entry({ lr: 0.02 });
  assertEquals(
    [config.task, config.modulus, config.trainFraction, config.evalEvery],
    ["add", 113, 0.4, 1],
  );
  assertEquals([config.device, config.threads, config.lr], ["cpu", 1, 0.02]);
  assertEquals(recipe.tracks, []);
});

Deno.test("tracks take what their rules allow, and long recipes may be evaluated less often", () => {
  entry(UNREGULARISED, { tracks: ["unregularised"] });
  entry({
    ...{ model: "encoder", dropout: 0, perpGrad: false },
    switches: [{ at: 10, config: { lr: 0.1 } }],
  }, { tracks: ["unregularised", "transformer"] });
  assertEquals(entry({ steps: 4000, evalEvery: 2 }).config.evalEvery, 2);
  entry({}, { states: { median: 391 } });
});

Deno.test("a recipe's module is named by its bytes", () =>
  withTempDir(async (dir) => {
    const path = join(dir, "r.json");
    const text = "export default {};\n";
    await Deno.writeTextFile(join(dir, "mine.ts"), text);
    const write = (sha: string) =>
      Deno.writeTextFile(
        path,
        JSON.stringify(
          contents({ use: { module: "./mine.ts", sha256: sha } }),
        ),
      );
    await write(sha256(text));
    assertEquals((await readRecipe(path)).use?.module, join(dir, "mine.ts"));
    await write("0".repeat(64));
    await assertRejects(
      () => readRecipe(path),
      UsageError,
      `use.sha256 must be that of ./mine.ts, ${sha256(text)}, got 0000`,
    );
    await Deno.writeTextFile(path, "{");
    await assertRejects(
      () => readRecipe(path),
      UsageError,
      "line 1 is no JSON",
    );
  }));
