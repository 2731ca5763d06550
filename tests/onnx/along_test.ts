import { assertThrows } from "@std/assert";
import { along } from "../../lib/onnx/inspect/edits.ts";

Deno.test("along() refuses directions that depend on each other but for rounding", () => {
  const dependent = [
    [[0, 0]],
    [[1, 2], [2, 4]],
    [[1, 0], [1, 1e-12]],
    [[1, 1, 0], [0, 1, 1], [1, 2, 1 + 1e-13]],
  ];
  for (const directions of dependent) {
    assertThrows(
      () => along("x", directions),
      RangeError,
      `on ${directions.length} directions`,
    );
  }
  for (const directions of [[[1, 0], [1, 1e-3]], [[1e-30, 0]], [[3, 4]]]) {
    along("x", directions);
  }
});
