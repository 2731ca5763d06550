/** Initializers whose data are not what their shape and type say. */

import { create } from "@bufbuild/protobuf";
import { TensorProtoSchema } from "onnx-buf";
import { assertEquals, assertThrows } from "@std/assert";
import { hostTensor } from "../../lib/onnx/file/model.ts";

const tensor = (fields: object) =>
  create(TensorProtoSchema, { name: "U", dims: [2n], dataType: 1, ...fields });

const torn: Record<string, [fields: object, message: string]> = {
  "too few bytes": [{ rawData: new Uint8Array(4) }, "float32, got 1"],
  "half a number": [{ rawData: new Uint8Array(7) }, "float32, got 7 bytes"],
  "too many bytes": [{ rawData: new Uint8Array(12) }, "float32, got 3"],
  "no data": [{}, "float32, got 0"],
  "too many numbers": [{ floatData: [1, 2, 3] }, "float32, got 3"],
};

for (const [how, [fields, message]] of Object.entries(torn)) {
  Deno.test(`an initializer of ${how} is refused`, () => {
    assertThrows(
      () => hostTensor(tensor(fields)),
      SyntaxError,
      `initializer U: of shape [2] it must have 2 elements of ${message}`,
    );
  });
}

Deno.test("an initializer is read from the field of its type", () => {
  const half = { dataType: 10, int32Data: [0x3c00, 0xc000] };
  const unsigned = { dataType: 12, uint64Data: [7n, 4294967295n] };
  const flags = { dataType: 9, int32Data: [0, 1] };
  assertEquals([...hostTensor(tensor(half)).data], [1, -2]);
  assertEquals([...hostTensor(tensor(unsigned)).data], [7, 4294967295]);
  assertEquals([...hostTensor(tensor(flags)).data], [0, 1]);
});
