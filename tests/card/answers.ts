/**
 * What the copies from a card give back where a device is looked at, for stand-ins
 * to give (STAND_INS_ANSWERS): with them a command takes the card for usable and
 * goes on, over numbers that mean nothing.
 *
 * @module
 */

import { encodeModel, modelOf } from "../../lib/onnx/file/model.ts";
import { openSession } from "../../lib/onnx/runtime/session.ts";
import { trialGraph, trialInputs } from "../../lib/devices/trial_graph.ts";

// As in lib/devices/onnx_check.ts: the products' rows, and the types tried.
const PRODUCTS = Array.from(
  { length: 64 ** 2 },
  (_, i) => (1 + 2 ** -12) * Math.max(i % 64 - 1, 0),
);
const PRECISIONS = ["float16", "float32", "float64"] as const;

/** The answers as bytes, each behind its length. */
export async function answers(): Promise<Uint8Array> {
  const graph = trialGraph(PRECISIONS);
  const session = await openSession(
    encodeModel(modelOf(graph, { name: "trial" })),
    { threads: 1 },
  );
  const results = await session.run(trialInputs());
  await session.close();
  const arrays = [
    Float32Array.from(PRODUCTS),
    Float64Array.from(PRODUCTS),
    ...graph.outputs.map(([name]) => results[name]!.data as Float32Array),
  ];
  const parts = arrays.flatMap(({ buffer, byteOffset, byteLength }) => [
    new Uint8Array(BigInt64Array.of(BigInt(byteLength)).buffer),
    new Uint8Array(buffer, byteOffset, byteLength),
  ]);
  return new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer());
}
