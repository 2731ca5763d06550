/** Doctor through fakes: devices, cards and libraries that are not there. */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { type Device, devices } from "../../lib/devices/choice.ts";
import { type DoctorReport, examine } from "../../lib/doctor/mod.ts";
import { findLibraries, parseCards } from "../../lib/doctor/nvidia.ts";
import {
  cudaIsInstalled,
  CUDNN,
  isLoadable,
} from "../../lib/onnx/runtime/cuda.ts";
import type { Finding } from "../../lib/settings/devices.ts";
import { renderDoctor } from "../../tasks/shared/doctor_text.ts";
import { withTempDir } from "../tasks/_run.ts";

const usable: Finding = { usable: true, detail: "exact" };

/** The table with other looks, by name. */
const tableWith = (looks: Record<string, () => Promise<Finding>>): Device[] =>
  devices.filter(({ engine, runtime }) =>
    engine === "onnx" && runtime === "node"
  ).map((row) => ({
    ...row,
    check: looks[row.name] ?? (() => Promise.resolve(usable)),
  }));

Deno.test("examine() is well where the processor is, whatever else is missing", async () => {
  const missing = (): Promise<Finding> =>
    Promise.resolve({
      usable: false,
      missing: "the loader does not find libcudnn.so.9",
      mend: "pip install nvidia-cudnn-cu13",
    });
  const report = await examine(tableWith({ cuda: missing }));
  assertEquals(report.ok, true);
  assertEquals(report.devices.map(({ name, usable }) => [name, usable]), [
    ["cuda", false],
    ["webgpu", true],
    ["cpu", true],
  ]);
  const text = renderDoctor(report);
  assertMatch(
    text,
    /missing +node cuda .*\n +the loader does not find libcudnn\.so\.9\n +to mend it: pip install nvidia-cudnn-cu13/,
  );
  assertMatch(text, /usable +node cpu .*\n +exact/);
  const sick = await examine(tableWith({ cpu: missing }));
  assertEquals(sick.ok, false);
});

Deno.test("examine() goes on where a look fails altogether", async () => {
  const report = await examine(tableWith({
    cuda: () => Promise.reject(new Error("a crash")),
  }));
  const { usable, missing } = report.devices[0] as { missing?: string } & {
    usable: boolean;
  };
  assertEquals([usable, missing], [false, "the look at it failed: a crash"]);
  assertEquals(report.ok, true);
});

Deno.test("parseCards() reads every card, and passes over other lines", () => {
  const { version, cards } = parseCards(
    "0, NVIDIA A, 81920 MiB, 9.0, 580.65.06\n" +
      "1,NVIDIA B,24564 MiB,8.9,580.65.06\nnot a card\n",
  );
  assertEquals(version, "580.65.06");
  assertEquals(cards, [
    { id: 0, name: "NVIDIA A", memory: "81920 MiB", computeCapability: "9.0" },
    { id: 1, name: "NVIDIA B", memory: "24564 MiB", computeCapability: "8.9" },
  ]);
  assertEquals(parseCards(""), { version: null, cards: [] });
});

/** CUDA's libraries of a folder, the driver's apart, which pip does not bring. */
const LIBRARIES = [
  "libcublasLt.so.13",
  "libcublas.so.13",
  "libcurand.so.10",
  "libcudart.so.13",
];

const here = await cudaIsInstalled() || isLoadable(CUDNN);
if (here) console.log("doctor's libraries: left out, there are CUDA's here");

Deno.test({
  name: "findLibraries() requires cuDNN, and names its package",
  ignore: here === true,
  fn: () =>
    withTempDir(async (dir) => {
      for (const name of LIBRARIES) {
        await Deno.writeTextFile(join(dir, name), "");
      }
      const { libraries, mend } = await findLibraries([dir]);
      const cudnn = libraries.find(({ name }) => name === CUDNN)!;
      assertEquals([cudnn.required, cudnn.loads], [true, false]);
      assertEquals(cudnn.elsewhere, []);
      assertEquals(
        mend,
        "python3 -m pip install nvidia-cudnn-cu13 && deno task doctor",
      );
      for (const { name, elsewhere } of libraries) {
        if (LIBRARIES.includes(name)) assertEquals(elsewhere, [dir], name);
      }
      // Once it is there, too, only the loader's path is missing.
      await Deno.writeTextFile(join(dir, CUDNN), "");
      const whole = await findLibraries([dir]);
      assertStringIncludes(whole.mend!, `export LD_LIBRARY_PATH=${dir}$`);
    }),
});

Deno.test("renderDoctor() says what became of the provider's files", async () => {
  const report = await examine(tableWith({}));
  const record = { version: "1.2.3", source: "one.whl", files: [] };
  const textOf = (provider: string) =>
    renderDoctor({
      ...report,
      cuda: { provider, installed: record, libraries: [], mend: null },
    } as DoctorReport);
  for (
    const [provider, words] of [
      ["none", /provider: not installed; to install it: .* setup cuda/],
      ["ours", /provider: installed from one\.whl/],
      ["partial", /installed in part; to complete it: /],
      ["altered", /its files are not those .*; to mend it: .* setup cuda/],
      ["foreign", /installed, not by /],
    ] as const
  ) assertMatch(textOf(provider), words);
});
