/** Damaged, garbled and busy runs, as a user meets them: the real commands. */

import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { join } from "node:path";
import { readRuns } from "../../lib/report/runs.ts";
import { train } from "../../lib/train/train.ts";
import { trainReplicas } from "../../lib/train/band/replicas.ts";
import { fileIn, flipBit } from "../runs/_damage.ts";
import { assertSums, atFirstStep, copyRun, writeSums } from "../train/_runs.ts";
import {
  assertRefused,
  contentsOf,
  metricsRows,
  outputOf,
  startProgram,
  type TaskName,
  withTempDir,
} from "./_run.ts";

const TINY = {
  modulus: 5,
  hidden: [4],
  threads: 1,
  steps: 20,
  evalEvery: 2,
  checkpointEvery: 10,
};

const run = (name: TaskName, ...args: string[]) =>
  outputOf(startProgram(name, args));

const SHORT = ["--format", "svg", "--probe", "fourier"];

Deno.test("readers of a damaged run take the last whole state, or refuse", () =>
  withTempDir(async (dir) => {
    const [whole, bad] = [join(dir, "whole"), join(dir, "bad")];
    await train(TINY, { run: whole });
    await copyRun(whole, bad);
    await flipBit(fileIn(bad, "checkpoints", 20), 6543);
    const note =
      /^note: .*step-00000020\.onnx: it is not as it was written: its SHA-256 is [0-9a-f]{12}…, SHA256SUMS has [0-9a-f]{12}….*$/m;
    const out = join(dir, "out.onnx");
    const back: [TaskName, string[], RegExp][] = [
      ["probe", [bad, "--probe", "fourier"], /step-00000010\.onnx/],
      ["export", [bad, "--out", out], /step-00000010\.onnx → /],
      [
        "train",
        ["--from", bad, "--steps", "30", "--run", join(dir, "on")],
        /./,
      ],
      [
        "probe",
        [bad, "--all-checkpoints", "--probe", "fourier"],
        /it is left out/,
      ],
      ["report", [bad, ...SHORT, "--out", join(dir, "charts")], /./],
    ];
    for (const [name, args, says] of back) {
      const { code, stdout, stderr } = await run(name, ...args);
      assertEquals(code, 0, stderr);
      assertMatch(stderr, note);
      assertMatch(stdout + stderr, says);
    }
    assertEquals(
      await Deno.readFile(out),
      await Deno.readFile(fileIn(whole, "checkpoints", 10)),
    );
    const { from } = JSON.parse(
      await Deno.readTextFile(join(dir, "on", "config.json")),
    );
    assertEquals(from.step, 10);
    // What is named alone is read as it is, or not at all.
    const refused: [TaskName, string[]][] = [
      ["probe", [bad, "--step", "20"]],
      ["probe", [fileIn(bad, "checkpoints", 20)]],
      ["export", [bad, "--step", "20", "--out", join(dir, "no.onnx")]],
      ["train", ["--from", bad, "--step", "20", "--run", join(dir, "no")]],
    ];
    const before = await contentsOf(dir);
    for (const [name, args] of refused) {
      const line = assertRefused(await run(name, ...args), 1);
      assertMatch(line, /step-00000020\.onnx: it is not as it was written/);
    }
    assertEquals(await contentsOf(dir), before);
  }));

// What a file of a run holds, and what is said of it; sums made anew, as if it
// had been written so.
const GARBLED: [name: string, text: string, says: RegExp][] = [
  [
    "manifest.json",
    '{"groklab": "0.1.0",\n',
    /manifest\.json: line 2 is no JSON/,
  ],
  [
    "manifest.json",
    '{"groklab": "0.1.0"}',
    /of a manifest started must be a time/,
  ],
  [
    "manifest.json",
    "[]",
    /manifest\.json: line 1 has a list; wanted a manifest/,
  ],
  [
    "config.json",
    '{\n"lr": NaN}',
    /config\.json: line 2 .*NaN, which JSON does/,
  ],
  ["config.json", "null", /config\.json: line 1 has null; wanted a config/],
  ["config.json", '{"modulus": "five"}', /--modulus must be .* got "five"/],
  ["metrics.jsonl", '{"step":0}\n{"step":2,\n', /metrics\.jsonl: line 2 is no/],
  ["metrics.jsonl", '{"step":0}\n7\n', /metrics\.jsonl: line 2 has a number/],
  ["metrics.jsonl", '{"step":-1}\n', /line 1: its step is -1; wanted a row/],
  ["metrics.jsonl", '{"step":0,"x":"1"}\n', /line 1: x is a string; wanted a/],
  ["metrics.jsonl", '{"step":4}\n{"step":2}\n', /line 2 is of step 2, .*rise/],
];

Deno.test("garbled files of a run are named, with the line and what was wanted", async (t) => {
  await withTempDir(async (dir) => {
    const whole = join(dir, "whole");
    await train(TINY, { run: whole });
    for (const [i, [name, text, says]] of GARBLED.entries()) {
      await t.step(`${name}: ${JSON.stringify(text)}`, async () => {
        const bad = join(dir, `${i}`);
        await copyRun(whole, bad);
        await Deno.writeTextFile(join(bad, name), text);
        await writeSums(bad);
        const { message } = await assertRejects(() => readRuns(bad), Error);
        assertMatch(message, says);
        if (i % 4 > 0) return;
        const out = ["--out", join(dir, "charts")];
        const output = await run("report", bad, "--format", "svg", ...out);
        assertEquals(assertRefused(output, 1), `error: ${message}`);
      });
    }
  });
});

Deno.test("a byte order mark and NaN in a run's files are read", () =>
  withTempDir(async (dir) => {
    const bad = join(dir, "run");
    await train(TINY, { run: bad });
    for (const name of ["manifest.json", "config.json", "summary.json"]) {
      const path = join(bad, name);
      await Deno.writeTextFile(path, `\uFEFF${await Deno.readTextFile(path)}`);
    }
    const metrics = join(bad, "metrics.jsonl");
    const text = await Deno.readTextFile(metrics);
    await Deno.writeTextFile(
      metrics,
      text.replace(/"test_loss":[^,]+/, '"test_loss":NaN'),
    );
    await writeSums(bad);
    const out = ["--out", join(dir, "charts")];
    const { code, stderr } = await run("report", bad, ...SHORT, ...out);
    assertEquals(code, 0, stderr);
    assert(!/note:/.test(stderr), stderr);
  }));

Deno.test("--overwrite is refused while another process trains the run", () =>
  withTempDir(async (dir) => {
    const [one, band] = [join(dir, "one"), join(dir, "band")];
    const flags = "--modulus 5 --hidden 4 --threads 1 --steps 1000000".split(
      " ",
    );
    const children = [
      startProgram("train", [...flags, "--run", one], true),
      startProgram("train", [...flags, "--replicas", "2", "--run", band], true),
    ];
    const ended = children.map(outputOf);
    const rows = (path: string) => metricsRows(path).catch(() => []);
    try {
      for (const path of [one, join(band, "replica-1")]) {
        while ((await rows(path)).length < 2) {
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      }
      const tries: [path: string, args: string[]][] = [
        [one, [...flags, "--run", one, "--overwrite"]],
        [band, [...flags, "--replicas", "2", "--run", band, "--overwrite"]],
        [one, ["--resume", one]],
        [band, ["--resume", band]],
        [
          join(band, "replica-0"),
          [...flags, "--run", join(band, "replica-0"), "--overwrite"],
        ],
      ];
      for (const [path, args] of tries) {
        const line = assertRefused(await run("train", ...args), 2);
        const { pid } = children[path === one ? 0 : 1]!;
        assert(
          line.includes(
            `Cannot train in ${path}: another process is training this run ` +
              `(process ${pid} on ${Deno.hostname()}, since 2`,
          ),
          line,
        );
      }
      for (const child of children) child.kill("SIGINT");
      for (const end of ended) assertEquals((await end).code, 130);
      for (const path of [one, join(band, "replica-0")]) {
        await assertSums(path);
        const steps = (await metricsRows(path)).map(({ step }) => step);
        assertEquals(steps, steps.toSorted((a, b) => a - b));
      }
    } finally {
      for (const child of children) {
        try {
          child.kill("SIGKILL");
        } catch {
          // It has ended.
        }
      }
      await Promise.all(ended);
    }
  }));

Deno.test("a torn config is no reason to begin again", () =>
  withTempDir(async (dir) => {
    const [one, band] = [join(dir, "one"), join(dir, "band")];
    await train(TINY, { run: one, ...atFirstStep() });
    await Deno.truncate(join(one, "config.json"), 100);
    const { code, stderr } = await run("train", "--resume", one);
    assertEquals(code, 0, stderr);
    assertMatch(
      stderr,
      /^warning: .*config\.json.*it is taken from the check/m,
    );
    await assertSums(one);
    await Deno.remove(join(one, "config.json"));
    await Deno.remove(join(one, "SHA256SUMS"));
    const lost = await run("train", "--resume", one);
    assertEquals(lost.code, 1);
    assertMatch(lost.stderr, /error: .*config\.json is not there; .* --from /);
    assert(!/--overwrite/.test(lost.stderr), lost.stderr);
    await trainReplicas(TINY, { replicas: 2 }, { run: band });
    await Deno.remove(join(band, "replica-1"), { recursive: true });
    const half = assertRefused(await run("train", "--resume", band), 2);
    assertMatch(half, /begun with 2 replicas, and 1 of their folders/);
    assert(!/--overwrite/.test(half), half);
  }));
