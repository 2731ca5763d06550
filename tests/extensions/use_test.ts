// What of an extension is refused, in a line, before anything is added.

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "node:path";
import { UsageError } from "../../lib/base/errors.ts";
import { configKeys, configSettings } from "../../lib/config/config.ts";
import {
  defineExtension,
  type Extension,
} from "../../lib/extensions/extension.ts";
import { importExtension } from "../../lib/extensions/load.ts";
import { modulesOf } from "../../lib/extensions/modules.ts";
import { PROBE_FLAGS, TRAIN_FLAGS } from "../../lib/extensions/reserved.ts";
import { useExtension } from "../../lib/extensions/use.ts";
import { tasks } from "../../lib/data/registry.ts";
import { losses } from "../../lib/losses/mod.ts";
import { metricGroups } from "../../lib/metrics/mod.ts";
import { probes } from "../../lib/probes/catalogue.ts";
import { integer, positive } from "../../lib/settings/setting.ts";
import { train } from "../../lib/train/train.ts";
import { withTempDir } from "../tasks/_run.ts";

const loss = (settings: object) => ({ ...losses.softmax, settings });
const { preset: _, ...withoutPreset } = integer([3], 3, "<n>", "x");

const REFUSED: Record<string, [parts: object, why: string]> = {
  "a loss's name": [
    { losses: { mse: losses.mse } },
    "groklab has a loss mse already: give its own another name",
  ],
  "a task's name": [{ tasks: { add: tasks.add } }, "groklab has a task add"],
  "a metric's name": [
    { metrics: { nlm: metricGroups.nlm } },
    "groklab has a group of metrics nlm",
  ],
  "the name of a set of metrics": [
    { metrics: { paper: metricGroups.nlm } },
    "groklab has a group of metrics paper",
  ],
  "a probe's name": [
    { probes: { fourier: probes.fourier } },
    "groklab has a probe fourier",
  ],
  "a kind": [{ loses: {} }, "it has loses, which nothing is known of"],
  "a kind that is misspelt": [
    { tusks: {} },
    "it has tusks, which nothing is known of: there are tasks, ",
  ],
  "a class": [
    { losses: { x: class {} } },
    "of its losses x must be a definition, an object, and is a function",
  ],
  "what cannot be read": [
    {
      losses: {
        get x() {
          throw new Error("of its own");
        },
      },
    },
    "what it adds cannot be read: of its own",
  ],
  "a list": [{ losses: [] }, "its losses must be an object"],
  "no definition": [{ losses: { x: 3 } }, "of its losses x must be a definit"],
  "a name with a comma": [
    { losses: { "a,b": losses.mse } },
    "has a name that cannot be typed",
  ],
  "a name of every object": [
    { losses: { constructor: losses.mse } },
    "has a name that cannot be typed",
  ],
  "no make": [
    { losses: { x: { ...losses.mse, make: undefined } } },
    "of its losses x must have as make a function",
  ],
  "no precisions": [
    { losses: { x: { ...losses.mse, precisions: ["float8"] } } },
    "must have as precisions a list out of float16, float32, float64",
  ],
  "an idle that is none": [
    { losses: { x: { ...losses.mse, idle: 3 } } },
    "must have as idle a function, or none",
  ],
  "metrics without make": [
    { metrics: { x: { summary: "x" } } },
    "must have either make or open, a function",
  ],
  "a probe under another name": [
    { probes: { x: probes.fourier } },
    "must stand under its own name, fourier",
  ],
  "another setting of a key": [
    { losses: { x: loss({ lr: positive(1, "<x>", "x") }) } },
    "its loss x has a setting lr, and there is another of that name",
  ],
  "two settings of a key": [
    {
      losses: {
        x: loss({ ownKey: positive(1, "<x>", "x") }),
        y: loss({ ownKey: positive(1, "<x>", "x") }),
      },
    },
    "its loss y has a setting ownKey, and there is another of that name",
  ],
  "a flag's key": [
    { losses: { x: loss({ run: positive(1, "<x>", "x") }) } },
    "its loss x has a setting run, which is a flag of deno task train",
  ],
  "a key that no flag can have": [
    { losses: { x: loss({ own_key: positive(1, "<x>", "x") }) } },
    "has a setting own_key that has no name in camelCase",
  ],
  "a key that begins with no": [
    { losses: { x: loss({ noWay: positive(1, "<x>", "x") }) } },
    "has a setting noWay that begins with no",
  ],
  "no setting": [
    { losses: { x: loss({ ownKey: 3 }) } },
    "has a setting ownKey that is none, as positive()",
  ],
  "a setting without a schema": [
    { losses: { x: loss({ ownKey: { preset: 1 } }) } },
    "must have as schema a schema, as positive()",
  ],
  "a setting without a default": [
    { losses: { x: loss({ ownKey: withoutPreset }) } },
    "must have as preset the default",
  ],
  "a default that is undefined": [
    {
      losses: {
        x: loss({ ownKey: { ...withoutPreset, preset: undefined } }),
      },
    },
    "has a default that it refuses: it ",
  ],
  "a default out of range": [
    { losses: { x: loss({ ownKey: integer([3], 1, "<n>", "x") }) } },
    "has a default that it refuses: it must be an integer of 3 or more",
  ],
};

for (const [what, [parts, why]] of Object.entries(REFUSED)) {
  Deno.test(`useExtension() refuses ${what}, and adds nothing`, () => {
    const before = [...configKeys];
    const lossesBefore = Object.keys(losses);
    const error = assertThrows(
      () => useExtension(defineExtension(parts)),
      UsageError,
      why,
    );
    assert(!error.message.includes("\n"));
    assert(error.message.startsWith("Cannot use the extension "));
    assert(error.message.includes("use_test.ts"), error.message);
    assertEquals([...configKeys], before);
    assertEquals(Object.keys(losses), lossesBefore);
  });
}

Deno.test("what defineExtension() did not make is no extension, of train() neither", async () => {
  for (const value of [{}, null, 3, [], () => {}]) {
    assertThrows(
      () => useExtension(value as unknown as Extension),
      UsageError,
      "wanted what defineExtension() gives",
    );
  }
  await assertRejects(
    () => train({}, { use: [{ losses: {} } as unknown as Extension] }),
    UsageError,
    "as an extension",
  );
});

Deno.test("an extension of another copy of groklab is refused", () => {
  const lab = defineExtension({});
  const madeBy = { ...lab.madeBy, library: "file:///elsewhere/" };
  assertThrows(
    () => useExtension({ ...lab, madeBy }),
    UsageError,
    "it was made with another copy of groklab, in /elsewhere/",
  );
});

const MODULES: Record<string, [text: string, why: string]> = {
  "has no default export": ["export const x = 1;", "it has no default export"],
  "exports something else": [
    "export default { losses: {} };",
    "its default export is no extension",
  ],
  "does not parse": ["const a b = 3;", "Expected a semicolon (lab.ts:1:9)"],
  "throws": [
    'throw new Error("of its own\\nand more");',
    "lab.ts: of its own",
  ],
  "throws what is no error": ['throw "text";', "it throws text"],
  "imports what is not there": ['import "./gone.ts";', "gone.ts"],
};

for (const [what, [text, why]] of Object.entries(MODULES)) {
  Deno.test(`importExtension() says in a line that a module ${what}`, () =>
    withTempDir(async (dir) => {
      const path = join(dir, "lab.ts");
      await Deno.writeTextFile(path, text);
      const error = await assertRejects(
        () => importExtension(path),
        UsageError,
        why,
      );
      assert(!error.message.includes("\n"), error.message);
      assert(error.message.startsWith(`Cannot use the extension ${path}: `));
    }));
}

Deno.test("importExtension() says that there is no file, no mod.ts, no file of here", () =>
  withTempDir(async (dir) => {
    const refused: [path: string, why: string][] = [
      [join(dir, "gone.ts"), "there is no such file"],
      [dir, "it is a folder that has no mod.ts"],
      ["https://localhost/lab.ts", "it must be a file of this machine"],
    ];
    for (const [path, why] of refused) {
      await assertRejects(() => importExtension(path), UsageError, why);
    }
  }));

Deno.test({
  name:
    "importExtension() waits for no pipe, nor for one that a module imports",
  ignore: Deno.build.os === "windows",
  fn: () =>
    withTempDir(async (dir) => {
      const pipe = join(dir, "pipe.ts");
      await new Deno.Command("mkfifo", { args: [pipe] }).output();
      await assertRejects(
        () => importExtension(pipe),
        UsageError,
        `${pipe}: it is a pipe, wanted a file`,
      );
      const lab = join(dir, "lab.ts");
      await Deno.writeTextFile(lab, 'import "./pipe.ts";\n');
      assertEquals([...modulesOf(`file://${lab}`).files.keys()], ["lab.ts"]);
      await assertRejects(
        () => importExtension(lab, { fetches: false }),
        UsageError,
        'lab.ts:1 imports "./pipe.ts", which is a pipe, wanted a file',
      );
    }),
});

Deno.test("modulesOf() finds what a module imports, and what that imports", () =>
  withTempDir(async (dir) => {
    const files: Record<string, string> = {
      "lab/mod.ts": [
        'import "./a.ts";',
        "export * from '../b.ts';",
        'const c = await import("./sub/c.ts");',
        'import type { X } from "./gone.ts";',
        'import { y } from "@groklab/groklab";',
      ].join("\n"),
      "lab/a.ts": 'import "./mod.ts";',
      "b.ts": "",
      "lab/sub/c.ts": 'import data from "./d.json" with { type: "json" };',
      "lab/sub/d.json": "{}",
      "lab/other.ts": "",
    };
    for (const [name, text] of Object.entries(files)) {
      await Deno.mkdir(join(dir, name, ".."), { recursive: true });
      await Deno.writeTextFile(join(dir, name), text);
    }
    const { used, entry, files: found } = modulesOf(
      `file://${dir}/lab/mod.ts`,
    );
    assertEquals(used.module, "lab/mod.ts");
    assertEquals(entry, "lab/mod.ts");
    assertEquals(Object.keys(used.imports), [
      ...["../b.ts", "a.ts", "sub/c.ts", "sub/d.json"],
    ]);
    assertEquals(
      [...found.keys()].sort(),
      Object.keys(files).filter((name) => name !== "lab/other.ts").sort(),
    );
  }));

Deno.test("no setting can have a flag that a command has already", async () => {
  const flagsIn = async (task: string) => {
    const text = await Deno.readTextFile(
      new URL(`../../tasks/${task}.ts`, import.meta.url),
    );
    return [
      ...text.matchAll(/^ {2,4}(?:\.option\(|new Option\()?\s*"--([\w-]+)/gm),
    ]
      .map(([, flag]) => flag!.replaceAll(/-(\w)/g, (_, c) => c.toUpperCase()));
  };
  const common = ["help", "use", "useChanged"];
  const taken = [...TRAIN_FLAGS, ...Object.keys(configSettings)];
  const ofTrain = (await flagsIn("train")).filter((key) =>
    !taken.includes(key)
  );
  assertEquals(ofTrain, []);
  const ofProbe = await flagsIn("probe");
  assertEquals(
    [...new Set([...ofProbe, ...common])].sort(),
    [...PROBE_FLAGS].sort(),
  );
});
