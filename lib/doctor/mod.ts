/**
 * What can be computed on here: `deno task doctor`.
 *
 * @module
 */

import deno from "../../deno.json" with { type: "json" };
import { type Device, devices } from "../devices/choice.ts";
import { CUDA_IS_BUILT } from "../onnx/runtime/cuda.ts";
import { bundledProviders, type Provider } from "../onnx/runtime/session.ts";
import type { Finding } from "../settings/devices.ts";
import { type CudaRecord, cudaState } from "../setup/cuda/cuda.ts";
import {
  type Driver,
  findDriver,
  findLibraries,
  type Libraries,
  pipFolders,
} from "./nvidia.ts";

/** What a look at one row of the table of devices found. */
export type DeviceReport =
  & Omit<Device, "check" | "onlyWhenAsked">
  & Finding;

/** A build of ONNX Runtime. */
export interface RuntimeReport {
  /** The npm package. */
  readonly name: string;
  /** Its version, as the project imports it. */
  readonly version: string;
  /** Its execution providers. */
  readonly providers: readonly Provider[];
}

/** Everything that the doctor looked at; what `--json` prints. */
export interface DoctorReport {
  /** Version of groklab. */
  readonly groklab: string;
  /** Version of Deno. */
  readonly deno: string;
  /** The operating system. */
  readonly os: string;
  /** The processor's architecture. */
  readonly arch: string;
  /** The processor's threads. */
  readonly cores: number;
  /** The builds of ONNX Runtime. */
  readonly runtimes: readonly RuntimeReport[];
  /** Every device, looked at by computing on it. */
  readonly devices: readonly DeviceReport[];
  /** NVIDIA's driver and cards. */
  readonly nvidia: Driver;
  /** ONNX Runtime's CUDA provider and its libraries; null where there is none. */
  readonly cuda:
    | Libraries & {
      /**
       * ours (installed by `deno task setup cuda`), partial, altered, foreign or
       * none.
       */
      readonly provider: string;
      /** What `deno task setup cuda` installed. */
      readonly installed: CudaRecord | null;
    }
    | null;
  /** Whether the processor can be computed on, without which nothing works. */
  readonly ok: boolean;
}

/**
 * Looks at everything.
 *
 * @param table The devices to look at.
 */
export async function examine(
  table: readonly Device[] = devices,
): Promise<DoctorReport> {
  const found: DeviceReport[] = [];
  for (const { check, onlyWhenAsked: _, ...row } of table) {
    const finding = await check().catch((error: Error): Finding => ({
      usable: false,
      missing: `the look at it failed: ${error.message}`,
      mend: "tell groklab's authors",
    }));
    found.push({ ...row, ...finding });
  }
  return {
    groklab: deno.version,
    deno: Deno.version.deno,
    os: Deno.build.os,
    arch: Deno.build.arch,
    cores: navigator.hardwareConcurrency,
    runtimes: [await runtime("node"), await runtime("web")],
    devices: found,
    nvidia: await findDriver(),
    cuda: CUDA_IS_BUILT ? await examineCuda() : null,
    ok: found.some(({ engine, name, usable }) =>
      engine === "onnx" && name === "cpu" && usable
    ),
  };
}

async function runtime(which: "node" | "web"): Promise<RuntimeReport> {
  const name = `onnxruntime-${which}` as const;
  return {
    name,
    version: deno.imports[name].replace(/^.*@/, ""),
    // Where native code does not load, the row of its processor says why.
    providers: await bundledProviders(which).catch(() => []),
  };
}

async function examineCuda(): Promise<DoctorReport["cuda"]> {
  const { state, record } = await cudaState();
  const libraries = await findLibraries(await pipFolders());
  return { provider: state, installed: record ?? null, ...libraries };
}
