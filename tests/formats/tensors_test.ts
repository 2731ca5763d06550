/**
 * safetensors and npz: the bytes that their Python packages write, which
 * tests/golden/formats/make_tensors.py made.
 */

import { assertEquals, assertThrows } from "@std/assert";
import { unzipSync } from "fflate";
import { encodeNpy, encodeNpz } from "../../lib/formats/npz.ts";
import { encodeSafetensors } from "../../lib/formats/safetensors.ts";
import {
  type DType,
  type HostTensor,
  hostTensorOf,
  viewOf,
} from "../../lib/numeric/tensor.ts";
import { golden } from "../_golden.ts";

const from = (text: string) => Uint8Array.fromBase64(text);
const of = (bytes: Uint8Array) => bytes.toBase64();
const reference = await golden<{
  tensors: Record<
    string,
    { dtype: DType; shape: number[]; bytes: string; npy: string }
  >;
  safetensors: string;
  without_metadata: string;
  of_nothing: string;
}>("formats/tensors");

const tensors: Record<string, HostTensor> = Object.fromEntries(
  Object.entries(reference.tensors).map(([name, { dtype, shape, bytes }]) => [
    name,
    { dtype, shape, data: viewOf(dtype, from(bytes)) },
  ]),
);
const x = hostTensorOf("float32", [1], [1]);

Deno.test("encodeSafetensors() writes the bytes of the Python package", () => {
  assertEquals(
    of(encodeSafetensors(tensors, { step: '"α"' })),
    reference.safetensors,
  );
  assertEquals(of(encodeSafetensors(tensors)), reference.without_metadata);
  assertEquals(of(encodeSafetensors({})), reference.of_nothing);
  const backwards = Object.fromEntries(Object.entries(tensors).reverse());
  assertEquals(of(encodeSafetensors(backwards)), reference.without_metadata);
});

Deno.test("encodeSafetensors() refuses what readers would refuse", () => {
  assertThrows(
    () => encodeSafetensors({ __metadata__: x }),
    RangeError,
    "Cannot write the tensor __metadata__",
  );
  assertThrows(
    () => encodeSafetensors({ x }, { note: "n".repeat(100_000_000) }),
    RangeError,
    "of which readers take 100000000",
  );
});

Deno.test("encodeNpy() writes the bytes of numpy.save", () => {
  for (const [name, { npy }] of Object.entries(reference.tensors)) {
    assertEquals(of(encodeNpy(tensors[name]!)), npy, name);
  }
});

Deno.test("encodeNpz() has an entry a tensor, stored, and the metadata as JSON", () => {
  const metadata = { step: 3, config: { loss: "α" } };
  const bytes = encodeNpz(tensors, metadata);
  const entries = unzipSync(bytes);
  assertEquals(Object.keys(entries), [
    ...Object.keys(tensors).map((name) => `${name}.npy`),
    "metadata.json",
  ]);
  for (const [name, { npy }] of Object.entries(reference.tensors)) {
    assertEquals(of(entries[`${name}.npy`]!), npy, name);
  }
  const text = new TextDecoder().decode(entries["metadata.json"]);
  assertEquals(JSON.parse(text), metadata);
  // Stored, not deflated: method 0 in the first header.
  assertEquals([bytes[8], bytes[9]], [0, 0]);
  assertEquals(of(encodeNpz(tensors, metadata)), of(bytes));
  assertEquals(Object.keys(unzipSync(encodeNpz({ x }))), ["x.npy"]);
});

Deno.test("encodeNpz() refuses what an archive cannot hold", () => {
  assertThrows(
    () => encodeNpz({ "metadata.json": x }),
    RangeError,
    "Cannot write the tensor metadata.json",
  );
  const many = Object.fromEntries(
    Array.from({ length: 65_535 }, (_, i) => [`t${i}`, x]),
  );
  assertThrows(() => encodeNpz(many), RangeError, "write safetensors");
  // Never looked into: only its size is.
  const large = { ...x, data: { byteLength: 2 ** 32 } } as unknown;
  assertThrows(
    () => encodeNpz({ large: large as HostTensor }),
    RangeError,
    "Cannot write 1 tensors",
  );
});
