/**
 * The npm package, as somebody has it who has Node alone: made, run by npx in an
 * empty folder with an empty cache, and imported by a Deno project.
 */

import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import deno from "../../../deno.json" with { type: "json" };
import { lockOf } from "../../../tasks/pack/lock.ts";
import {
  dependenciesOf,
  namedBy,
  packaged,
} from "../../../tasks/pack/sources.ts";
import { task, withTempDir } from "../_run.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const TARBALL = `groklab-${deno.version}.tgz`;
const TINY = "--modulus 7 --hidden 8 --steps 4 --threads 1".split(" ");

const IMPORTS = {
  "@std/text/near": "npm:deno-std@1.4.0/text/near.js",
  "@bufbuild/protobuf": "npm:@bufbuild/protobuf@2.17.0",
  "@groklab/groklab": "./mod.ts",
  "pure-rand/": "npm:/pure-rand@8.4.2/",
};

Deno.test("namedBy() takes npm's specifiers apart", () => {
  assertEquals(namedBy("npm:@a/b@1.2.3-4"), {
    name: "@a/b",
    version: "1.2.3-4",
    path: "",
  });
  assertEquals(namedBy("npm:/pure-rand@8.4.2/"), {
    name: "pure-rand",
    version: "8.4.2",
    path: "/",
  });
  assertEquals(namedBy("./mod.ts"), undefined);
});

Deno.test("packaged() names files as JavaScript and packages as npm does", () => {
  for (
    const [before, after] of [
      ['import { a } from "./a.ts";', 'import { a } from "./a.js";'],
      ['await import("../b/a.ts")', 'await import("../b/a.js")'],
      ['export * from "./a.ts"', 'export * from "./a.js"'],
      [
        'new Worker(new URL("./worker.ts", import.meta.url), {',
        'new Worker(new URL("./worker.js", import.meta.url), {',
      ],
      ['from "@std/text/near"', 'from "deno-std/text/near.js"'],
      ['from "@bufbuild/protobuf/wire"', 'from "@bufbuild/protobuf/wire"'],
      ['from "pure-rand/a/b"', 'from "pure-rand/a/b"'],
      ['from "@groklab/groklab"', 'from "@groklab/groklab"'],
      ['"see ./a.ts"', '"see ./a.ts"'],
    ] as const
  ) assertEquals(packaged(before, IMPORTS), after);
});

Deno.test("dependenciesOf() finds what is imported, and what is looked for", () => {
  const names = (text: string) =>
    dependenciesOf(text, IMPORTS).map(({ name }) => name);
  assertEquals(names('from "deno-std/text/near.js"'), ["deno-std"]);
  assertEquals(names("require.resolve(`pure-rand/${x}`)"), ["pure-rand"]);
  assertEquals(names('from "@bufbuild/protobuf"'), ["@bufbuild/protobuf"]);
  assertEquals(names('from "pure-rand-2"'), []);
});

Deno.test("lockOf() keeps what a package needs", () => {
  const one = { integrity: "a", dependencies: ["b", "c@1.0.0"] };
  const lock = {
    version: "5",
    specifiers: { "npm:@x/a@1": "1.0.0_b@2.0.0", "npm:d@1": "1.0.0" },
    npm: {
      "@x/a@1.0.0_b@2.0.0": one,
      "b@2.0.0": { dependencies: ["@x/a"] },
      "c@1.0.0": {},
      "c@2.0.0": {},
      "d@1.0.0": {},
    },
  };
  const kept = lockOf(lock, ["npm:@x/a@1"]);
  assertEquals(kept.specifiers, { "npm:@x/a@1": "1.0.0_b@2.0.0" });
  assertEquals(
    Object.keys(kept.npm).sort(),
    ["@x/a@1.0.0_b@2.0.0", "b@2.0.0", "c@1.0.0"],
  );
  assertEquals(kept.workspace, { dependencies: ["npm:@x/a@1"] });
});

// What a project of somebody else has; its TensorFlow.js is groklab's, too.
const SCRIPT = `
import { train } from "@groklab/groklab";
import { probe } from "@groklab/groklab/probes";
import { trace } from "@groklab/groklab/trace";
import * as tf from "@tensorflow/tfjs-core";

const config = { modulus: 7, hidden: [8], steps: 4, threads: 1 };
const { checkpoint, final } = await train(config, { run: "mine" });
const accuracy: number = final.train_accuracy!;
const { probes } = await probe(checkpoint, ["geometry"]);
const graph = trace(
  ({ x }) => ({ y: tf.square(x) }),
  { x: { dtype: "float32", shape: [2] } },
);
console.log(JSON.stringify([
  checkpoint,
  accuracy >= 0,
  Object.keys(probes),
  graph.outputs.map(([name]) => name),
]));
`;
const SAID = [
  join("mine", "checkpoints", "step-00000004.onnx"),
  true,
  ["geometry"],
  ["y"],
];

// An extension, which imports what nobody has installed beside it.
const LAB = `
import { defineExtension } from "@groklab/groklab";
import * as tf from "@tensorflow/tfjs-core";

if (typeof tf.square !== "function") throw new Error("no TensorFlow.js");
export default defineExtension({ losses: {} });
`;

async function succeeds(command: Deno.Command): Promise<[string, string]> {
  const { code, stdout, stderr } = await command.output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  assertEquals(code, 0, decode(stderr));
  return [decode(stdout), decode(stderr)];
}

// Whether npm is here, and reaches its registry.
const reachable = await new Deno.Command("npm", {
  args: ["view", `deno@${Deno.version.deno}`, "version", "--fetch-retries=0"],
  stdin: "null",
  stdout: "null",
  stderr: "null",
}).output().then(({ success }) => success, () => false);
if (!reachable) {
  console.warn("note: npm or its registry are out of reach: no package tried");
}

Deno.test({
  name: "the package trains, probes and reports by npx, and can be imported",
  ignore: !reachable,
  fn: () =>
    withTempDir(async (dir) => {
      const packed = await task("pack", "--out", join(dir, TARBALL));
      assertEquals(packed.code, 0, packed.stderr);
      assertEquals(packed.stdout, `${join(dir, TARBALL)}\n`);

      const { GROKLAB_LAUNCHER: _, INIT_CWD: __, ...env } = Deno.env.toObject();
      const npx = (...args: string[]) =>
        new Deno.Command("npx", {
          args: ["--yes", `./${TARBALL}`, ...args],
          cwd: dir,
          clearEnv: true,
          env: {
            ...env,
            NO_COLOR: "1",
            npm_config_cache: join(dir, "cache"),
            npm_config_update_notifier: "false",
          },
          stdin: "null",
        });
      const [trained] = await succeeds(npx("train", ...TINY));
      const [only, ...more] = [...Deno.readDirSync(join(dir, "runs"))];
      assertEquals(more, []);
      const run = `runs/${only!.name}`;
      assert(trained.includes(`look inside it: npx ./${TARBALL} probe ${run}`));

      await Deno.writeTextFile(join(dir, "my_lab.ts"), LAB);
      const [[json], [list], bad, [page], used] = await Promise.all([
        succeeds(npx("probe", "--json")),
        succeeds(npx()),
        npx("trian").output(),
        succeeds(npx("report", run, "--format", "svg,png", "--out", "charts")),
        succeeds(
          npx(
            "train",
            ...TINY,
            "--run",
            "own",
            ..."--use my_lab.ts".split(" "),
          ),
        ),
      ]);
      assert(used[0].includes("look inside it"));
      assert(JSON.parse(json).probes.fourier, json);
      assertMatch(list, /^Usage: npx \.\/groklab-\S+ <command>/);
      assert(!list.includes("bench"));
      assertEquals(bad.code, 2);
      assertMatch(page, /^charts\/run0-scaling\.png$/m);

      // As `npm install` lays it out.
      const [installed] = [...Deno.readDirSync(join(dir, "cache", "_npx"))];
      const project = join(dir, "project");
      await Deno.mkdir(project);
      await Deno.symlink(
        join(dir, "cache", "_npx", installed!.name, "node_modules"),
        join(project, "node_modules"),
      );
      await Deno.writeTextFile(
        join(project, "package.json"),
        JSON.stringify({ dependencies: { "@groklab/groklab": "*" } }),
      );
      await Deno.writeTextFile(join(project, "my.ts"), SCRIPT);
      const script = new Deno.Command(Deno.execPath(), {
        args: ["run", "--check", "--allow-all", "my.ts"],
        cwd: project,
        env: { NO_COLOR: "1" },
      });
      // What Deno fetched, after the installation or before the first command.
      const fetched = join(
        project,
        "node_modules/@groklab/groklab/dist/node_modules",
      );
      await Deno.remove(await Deno.realPath(fetched), { recursive: true });
      const without = await script.output();
      assertEquals(without.code, 1);
      assertStringIncludes(
        new TextDecoder().decode(without.stderr),
        "Error: Cannot load ONNX Runtime: it is not installed; to fetch it: " +
          "npx groklab doctor\n",
      );
      await succeeds(npx("export", run, "--out", "out.onnx"));
      assert((await Deno.stat(fetched)).isDirectory);
      const [said] = await succeeds(script);
      assertEquals(JSON.parse(said), SAID);
    }),
});

Deno.test("the clone is imported by its path", () =>
  withTempDir(async (dir) => {
    await Deno.writeTextFile(join(dir, "my.ts"), SCRIPT);
    await Deno.writeTextFile(
      join(dir, "deno.json"),
      JSON.stringify({
        nodeModulesDir: "auto",
        links: [ROOT],
        imports: {
          "@tensorflow/tfjs-core": deno.imports["@tensorflow/tfjs-core"],
        },
      }),
    );
    const [said] = await succeeds(
      new Deno.Command(Deno.execPath(), {
        args: ["run", "--allow-all", "my.ts"],
        cwd: dir,
        env: { NO_COLOR: "1" },
      }),
    );
    assertEquals(JSON.parse(said), SAID);
  }));
