/**
 * Stand-ins for what setup works on: shared libraries, wheels, the package.
 *
 * @module
 */

import { zipSync } from "fflate";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { CUDA_FILES, providerFolder } from "../../lib/onnx/runtime/cuda.ts";
import type { CudaSums } from "../../lib/setup/cuda/sums.ts";

/** A shared library of x86-64 Linux that does nothing but need others. */
export function library(
  needed: readonly string[],
  machine = 62,
): Uint8Array<ArrayBuffer> {
  const names = new TextEncoder().encode(
    ["", ...needed].map((name) => `${name}\0`).join(""),
  );
  // The header, a loaded segment and the dynamic one, its entries, the names.
  const dynamic = 64 + 2 * 56;
  const entries = needed.length + 3;
  const strings = dynamic + entries * 16;
  const bytes = new Uint8Array(strings + names.length);
  bytes.set(names, strings);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  const view = new DataView(bytes.buffer);
  const word = (at: number, value: number) =>
    view.setBigUint64(at, BigInt(value), true);
  view.setUint16(18, machine, true);
  word(32, 64);
  view.setUint16(54, 56, true);
  view.setUint16(56, 2, true);
  // Loaded elsewhere than it lies in the file, as real ones are.
  const base = 0x10000;
  [[1, 0, bytes.length], [2, dynamic, entries * 16]].forEach(
    ([type, offset, length], i) => {
      const at = 64 + i * 56;
      view.setUint32(at, type!, true);
      word(at + 8, offset!);
      word(at + 16, base + offset!);
      word(at + 32, length!);
    },
  );
  const tags: [tag: number, value: number][] = [
    [5, base + strings],
    [10, names.length],
  ];
  let offset = 1;
  for (const name of needed) {
    tags.push([1, offset]);
    offset += name.length + 1;
  }
  tags.forEach(([tag, value], i) => {
    word(dynamic + i * 16, tag);
    word(dynamic + i * 16 + 8, value);
  });
  return bytes;
}

/** What a wheel is made of. */
export interface FakeWheel {
  readonly name?: string;
  readonly version?: string;
  /** Its provider files; by default both. */
  readonly files?: Readonly<Record<string, Uint8Array<ArrayBuffer>>>;
  /** Whether RECORD lists the files as they are. */
  readonly honest?: boolean;
}

/** The provider's files as a wheel has them. */
export const PROVIDER: Readonly<Record<string, Uint8Array<ArrayBuffer>>> = {
  [CUDA_FILES[0]]: library(["libc.so.6"]),
  [CUDA_FILES[1]]: library([
    "libcudart.so.13",
    "libcuda.so.1",
    "libc.so.6",
  ]),
};

/** What the repository would know of them, of the fake package's version. */
export function sumsOf(files = PROVIDER): CudaSums {
  return {
    "1.2.3": Object.fromEntries(
      Object.entries(files).map(([name, contents]) => [
        name,
        ["0".repeat(64), createHash("sha256").update(contents).digest("hex")],
      ]),
    ),
  };
}

/** The bytes of a wheel. */
export function wheel(
  {
    name = "onnxruntime-gpu",
    version = "1.2.3",
    files = PROVIDER,
    honest = true,
  }: FakeWheel = {},
): Uint8Array {
  const text = (s: string) => new TextEncoder().encode(s);
  const info = `${name.replaceAll("-", "_")}-${version}.dist-info`;
  const inside = Object.fromEntries(
    Object.entries(files).map(([file, contents]) =>
      [`onnxruntime/capi/${file}`, contents] as const
    ),
  );
  const record = Object.entries(inside).map(([path, contents]) => {
    const digest = createHash("sha256")
      .update(honest ? contents : "other contents").digest("base64url");
    return `${path},sha256=${digest},${contents.length}\n`;
  });
  return zipSync({
    ...inside,
    "onnxruntime/capi/libonnxruntime.so": text("not to be unpacked"),
    [`${info}/METADATA`]: text(
      `Metadata-Version: 2.4\nName: ${name}\nVersion: ${version}\n`,
    ),
    [`${info}/RECORD`]: text(record.join("")),
  });
}

/**
 * A folder like that of the onnxruntime-node package.
 *
 * @returns The folder, and where the provider belongs in it.
 */
export async function fakePackage(
  dir: string,
): Promise<{ folder: string; home: string }> {
  const folder = join(dir, "onnxruntime-node");
  const home = providerFolder(folder);
  await Deno.mkdir(home, { recursive: true });
  await Deno.writeTextFile(
    join(folder, "package.json"),
    '{ "version": "1.2.3" }',
  );
  await Deno.writeTextFile(join(home, "onnxruntime_binding.node"), "addon");
  return { folder, home };
}
