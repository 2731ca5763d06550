import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { join } from "node:path";
import { checkpointOf, withRun } from "../_one_run.ts";
import { assertRefused, contentsOf, task, withTempDir } from "../_run.ts";

const PARITY = "--task parity --bits 8 --samples 100 --hidden 8".split(" ");

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
        "stability-gap",
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
        join(dir, "model.pt"),
      ], [/model\.pt/, /must end in \.onnx, got \.pt$/]],
      ["an ending that is another format's", [
        ...[run, "--format", "npz", "--out", join(dir, "model.safetensors")],
      ], [/what is written is npz/, /in \.npz, got \.safetensors$/]],
      ["a format that there is not", [run, "--format", "pt", "--out", out], [
        /Allowed choices are onnx, safetensors, npz, csv, jsonl, parquet/,
      ]],
      ["hooks in a format without a graph", [
        ...[run, "--hooks", "layers.0.hook_pre"],
        ...["--out", join(dir, "model.npz")],
      ], [/tensors alone/]],
      ["a checkpoint of two runs", [run, run, "--out", out], [
        /checkpoints of 2 runs at once/,
      ]],
      ["a step of a table", [
        ...[run, "--step", "5", "--out", join(dir, "table.csv")],
      ], [/--step must be left out with a table/]],
      ["a step of all", [run, "--all", "--step", "5", "--out", out], [
        /--step must be left out with --all/,
      ]],
      ["a table under another ending", [
        ...[run, "--format", "csv", "--out", join(dir, "table.txt")],
      ], [/what is written is csv, and its name must end in \.csv$/]],
      ["a table of no run", [there, "--out", join(dir, "table.csv")], [
        /there\.onnx/,
      ], 1],
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
