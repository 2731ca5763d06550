/**
 * The doctor's findings in words.
 *
 * @module
 */

import type { DeviceReport, DoctorReport } from "../../lib/doctor/mod.ts";
import { taskLine } from "../../lib/base/shell.ts";

/** The whole report. */
export function renderDoctor(report: DoctorReport): string {
  const { groklab, deno, os, arch, cores, runtimes, devices } = report;
  const tfjs = devices.filter(({ engine }) => engine === "tfjs");
  return [
    `groklab ${groklab} · Deno ${deno} · ${os}/${arch} · ${cores} cores`,
    ...runtimes.map(({ name, version, providers }) => {
      const names = (bundled: boolean) =>
        providers.filter((each) => each.bundled === bundled)
          .map(({ name }) => name).join(", ");
      const addable = names(false);
      return `${name} ${version}: bundled ${names(true) || "none that load"}` +
        (addable === "" ? "" : `; to be added ${addable}`);
    }),
    "",
    "ONNX Runtime's devices (--runtime, --device)",
    ...devices.filter(({ engine }) => engine === "onnx").flatMap(line),
    ...(tfjs.length > 0
      ? ["", "TensorFlow.js's backends (--engine tfjs --backend)"]
      : []),
    ...tfjs.flatMap(line),
    "",
    ...nvidia(report),
  ].join("\n");
}

function line(device: DeviceReport): string[] {
  const { runtime, name, describe } = device;
  const label = `${runtime ?? ""} ${name}`.trim().padEnd(12);
  return device.usable
    ? [`  usable   ${label} ${describe}`, `${INDENT}${device.detail}`]
    : [
      `  missing  ${label} ${describe}`,
      `${INDENT}${device.missing}`,
      `${INDENT}to mend it: ${device.mend}`,
    ];
}

const INDENT = " ".repeat(24);

function nvidia({ nvidia, cuda }: DoctorReport): string[] {
  const { version, cards } = nvidia;
  const lines = [
    `NVIDIA: ${version === null ? "no driver seen" : `driver ${version}`}` +
    (cards.length === 0 ? ", no card seen (nvidia-smi shows them)" : ""),
    ...(version === null
      ? ["  for --device cuda: install NVIDIA's driver for the card"]
      : []),
    ...cards.map(({ id, name, memory, computeCapability }) =>
      `  ${id}: ${name}, ${memory}, compute capability ${computeCapability}`
    ),
  ];
  if (!cuda) {
    return [...lines, "CUDA: onnxruntime-node has no provider for this system"];
  }
  const { provider, installed, libraries, mend } = cuda;
  const setUp = taskLine("setup", "cuda");
  const what = {
    none: `not installed; to install it: ${setUp}`,
    foreign: `installed, not by ${setUp}`,
    partial: `installed in part; to complete it: ${setUp}`,
    altered: "its files are not those that were installed; to mend it: " +
      `${taskLine("setup", "cuda")}`,
    ours: `installed from ${installed?.source}`,
  }[provider];
  lines.push(`CUDA provider: ${what}`);
  lines.push("CUDA libraries that it needs, every one:");
  for (const { name, loads, elsewhere } of libraries) {
    const where = loads
      ? "found"
      : elsewhere.length > 0
      ? `not where the loader looks, but in ${elsewhere.join(", ")}`
      : "missing";
    lines.push(`  ${name.padEnd(20)} ${where}`);
  }
  if (mend !== null) lines.push(`  to mend it: ${mend}`);
  return lines;
}
