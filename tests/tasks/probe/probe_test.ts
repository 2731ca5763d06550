/** `deno task probe` as a user runs it. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { decodeModel, encodeModel } from "../../../lib/onnx/file/model.ts";
import type { ProbeReport, RunReport } from "../../../lib/probes/mod.ts";
import { assertRefused, outputOf, startProgram, withTempDir } from "../_run.ts";

const EXPORT = fileURLToPath(
  new URL("../../golden/pytorch_export.onnx", import.meta.url),
);
const MAP = "W_E=embedding.weight,layers.0.W=hidden.weight," +
  "layers.1.W=head.weight,layers.0.hook_post=relu";

const probe = (...args: string[]) => outputOf(startProgram("probe", args));

/** A run of the transformer with checkpoints at steps 0, 5, 10. */
async function withRun(work: (run: string, dir: string) => Promise<void>) {
  await withTempDir(async (dir) => {
    const run = join(dir, "run");
    const flags = "--model transformer --modulus 7 --d-model 8 --heads 2 " +
      "--d-mlp 8 --steps 10 --eval-every 5 --checkpoint-every 5 --threads 1";
    const { code, stderr } = await outputOf(
      startProgram("train", ["--run", run, ...flags.split(" ")]),
    );
    assertEquals(code, 0, stderr);
    await work(run, dir);
  });
}

/** The numbers of a document that JSON cannot hold, by their paths. */
const nothingLost = (text: string) => {
  const document = JSON.parse(text);
  assertEquals(JSON.parse(JSON.stringify(document)), document);
  return document;
};

Deno.test("probe asks a checkpoint, every checkpoint, and a run", async (t) => {
  await withRun(async (run, dir) => {
    await t.step("the last checkpoint, as JSON", async () => {
      const { code, stdout, stderr } = await probe(run, "--json");
      assertEquals(code, 0, stderr);
      const report = nothingLost(stdout) as ProbeReport;
      assertEquals(report.step, 10);
      for (const name of ["fourier", "progress", "attention", "ablation"]) {
        assert(name in report.probes, name);
      }
      assertStringIncludes(report.skipped.phases!, "--all-checkpoints");
    });

    await t.step("another one, as text", async () => {
      const { code, stdout } = await probe(
        run,
        "--step",
        "5",
        "--probe",
        "progress",
        "--key-frequencies",
        "1,2",
      );
      assertEquals(code, 0);
      assertStringIncludes(stdout, "(step 5)");
      assertStringIncludes(stdout, "key frequencies: 1, 2");
    });

    await t.step("all of them", async () => {
      const names = "fourier,progress,phases";
      const { code, stdout, stderr } = await probe(
        run,
        "--all-checkpoints",
        "--probe",
        names,
        "--json",
      );
      assertEquals(code, 0, stderr);
      const report = nothingLost(stdout) as RunReport;
      assertEquals(report.steps, [0, 5, 10]);
      const steps = (series?: readonly { step: number }[]) =>
        series?.map(({ step }) => step);
      assertEquals(steps(report.series.fourier), [0, 5, 10]);
      assertEquals(steps(report.series.progress), [0, 5, 10]);
      // Key frequencies are the last checkpoint's, throughout.
      const [first, , last] = report.series.progress!;
      assertEquals(
        first!.result.key_frequencies,
        report.series.fourier!.at(-1)!.result.key_frequencies,
      );
      assertEquals(
        report.probes.phases!.key_frequencies,
        last!.result.key_frequencies,
      );
    });

    await t.step("all of them, as text", async () => {
      const { code, stdout } = await probe(
        run,
        "--all-checkpoints",
        "--probe",
        "fourier",
      );
      assertEquals(code, 0);
      assertStringIncludes(stdout, "3 checkpoints, steps 0–10");
      assertEquals(stdout.match(/^ {2}(0|5|10) /gm)!.length, 3);
    });

    const last = join(run, "checkpoints", "step-00000010.onnx");
    const wrong: [name: string, args: string[], code: number, says: string][] =
      [
        [
          "a step of all",
          [run, "--all-checkpoints", "--step", "5"],
          2,
          "--step",
        ],
        [
          "a step of a whole run",
          [run, "--probe", "trajectory", "--step", "5"],
          2,
          "trajectory looks at the whole run",
        ],
        ["no threads", [run, "--jobs", "0"], 2, "--jobs must be"],
        ["all of a file", [last, "--all-checkpoints"], 2, "not a run"],
        [
          "a share of 2",
          [run, "--neuron-share", "2"],
          2,
          "--neuron-share must",
        ],
        [
          "a flag of no probe",
          [run, "--probe", "fourier", "--ablate-by", "zero"],
          2,
          "--ablate-by is read by none",
        ],
        [
          "a modulus that it says itself",
          [run, "--modulus", "7"],
          2,
          "add mod 7",
        ],
        [
          "a frequency that there is none of",
          [run, "--probe", "progress", "--key-frequencies", "4"],
          2,
          "1..3",
        ],
      ];
    for (const [name, args, code, says] of wrong) {
      await t.step(`refuses ${name}`, async () => {
        assertStringIncludes(assertRefused(await probe(...args), code), says);
      });
    }

    await t.step("refuses an opset that the runtime lacks", async () => {
      const model = decodeModel(await Deno.readFile(last), last);
      model.opsetImport[0]!.version = 99n;
      const path = join(dir, "future.onnx");
      await Deno.writeFile(path, encodeModel(model));
      const line = assertRefused(await probe(path, "--probe", "fourier"), 1);
      assertStringIncludes(line, `Cannot run ${path}: ONNX Runtime refuses it`);
    });
  });
});

Deno.test("probe asks another tool's file by what is told of it", async (t) => {
  await t.step("its contents", async () => {
    const { code, stdout } = await probe(EXPORT, "--contents");
    assertEquals(code, 0);
    for (
      const line of [
        /^ {2}tokens +int64 +\[batch, 2\]$/m,
        /^ {2}hidden.weight +float32 +\[64, 96\]$/m,
        // The export declares [batch, 64]; what is shown is what ONNX Runtime finds.
        /^ {2}relu +float32 +\[\?, 64\]$/m,
      ]
    ) assert(line.test(stdout), String(line));
  });

  await t.step("its frequencies", async () => {
    const { code, stdout, stderr } = await probe(
      EXPORT,
      ..."--modulus 23 --probe fourier --json --map".split(" "),
      MAP,
    );
    assertEquals(code, 0, stderr);
    const { fourier } = (nothingLost(stdout) as ProbeReport).probes;
    assertEquals(fourier!.rules.neurons, [1, 6, 8, 10, 11]);
  });

  const wrong: [name: string, args: string[], code: number, says: string][] = [
    ["no modulus", ["--probe", "fourier"], 1, "--modulus"],
    ["a map without a modulus", ["--map", MAP], 2, "--modulus must come with"],
    ["a modulus of 1", ["--modulus", "1"], 2, "--modulus must be"],
    [
      "a name that is not there",
      ["--modulus", "23", "--map", "W_E=embed.weight"],
      2,
      "embedding.weight",
    ],
    [
      "attention that it lacks",
      ["--modulus", "23", "--probe", "attention"],
      1,
      "no attention",
    ],
    [
      "tokens that do not fit",
      ["--modulus", "23", "--tokens", "a,b,="],
      2,
      "[batch, 3]",
    ],
  ];
  for (const [name, args, code, says] of wrong) {
    await t.step(`refuses ${name}`, async () => {
      assertStringIncludes(
        assertRefused(await probe(EXPORT, ...args), code),
        says,
      );
    });
  }
});
