/** Tensors that no training made, told by their numbers alone. */

import { assertEquals } from "@std/assert";
import { tensorProto } from "../../../lib/onnx/file/graph_writer.ts";
import { untrained } from "../../../lib/onnx/reading/untrained.ts";
import { hostTensorOf } from "../../../lib/numeric/tensor.ts";

const SINES = Array.from({ length: 6 * 2 }, (_, i) => {
  const t = Math.floor(i / 2);
  return i % 2 === 0 ? Math.sin(t / 3) : Math.cos(t / 3);
});

const cases: Record<
  string,
  [shape: number[], values: number[], what: string | undefined]
> = {
  "one-hot rows": [[3, 2], [1, 0, 0, 1, 1, 0], "a table of one-hot rows"],
  "two ones in a row": [[3, 2], [1, 1, 0, 1, 1, 0], undefined],
  "a row without a one": [[3, 2], [1, 0, 0, 0, 1, 0], undefined],
  "a one and a half": [[2, 2], [1, 0.5, 0, 1], undefined],
  "a mask": [[2, 2], [0, -Infinity, 0, 0], "a mask"],
  "a mask of −10⁴": [[2, 2], [0, -1e4, 0, 0], "a mask"],
  "a mask with another number": [[2, 2], [0, -1e4, 0.1, 0], undefined],
  "zeros alone": [[2, 2], [0, 0, 0, 0], undefined],
  "ones alone": [[4], [1, 1, 1, 1], undefined],
  "positions": [[4], [0, 1, 2, 3], "positions 0, 1, 2, …"],
  "0 and 1": [[2], [0, 1], undefined],
  "sines of positions": [[6, 2], SINES, "a table of sines"],
  "the same under a batch": [[1, 6, 2], SINES, "a table of sines"],
  "sines but for one number": [
    [6, 2],
    SINES.map((x, i) => i === 7 ? x + 0.01 : x),
    undefined,
  ],
  "four rows are too few": [[4, 2], SINES.slice(0, 8), undefined],
  "what grows is no sine": [
    [6, 2],
    Array.from({ length: 12 }, (_, i) => 2 ** Math.floor(i / 2)),
    undefined,
  ],
  "the same number in every row": [
    [6, 2],
    Array.from({ length: 12 }, (_, i) => i % 2 + 0.5),
    undefined,
  ],
};

for (const [name, [shape, values, what]] of Object.entries(cases)) {
  Deno.test(`what numbers say of a tensor: ${name}`, () => {
    const tensor = tensorProto(name, hostTensorOf("float32", shape, values));
    assertEquals(untrained(tensor), what);
  });
}
