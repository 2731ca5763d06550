/** The order of steps, and what manifests say of sittings. */

import { assertEquals } from "@std/assert";
import { stepFile, stepsIn } from "../../lib/runs/layout.ts";
import {
  differences,
  makeManifest,
  type Manifest,
  withSitting,
} from "../../lib/runs/manifest.ts";

Deno.test("steps are ordered as numbers, however many digits they have", () => {
  const steps = [123_456_789, 5, 99_999_999, 0, 100_000_000];
  assertEquals(stepsIn([...steps.map(stepFile), "step-1.onnx", "other"]), [
    ...[0, 5, 99_999_999, 100_000_000, 123_456_789],
  ]);
  assertEquals(stepFile(12), "step-00000012.onnx");
  assertEquals(stepFile(123_456_789), "step-123456789.onnx");
});

Deno.test("a manifest keeps every sitting, and is compared with the last", async () => {
  const first = await makeManifest("onnx/cpu", 2);
  const other = (more: Partial<Manifest["device"]>): Manifest => ({
    ...first,
    device: { ...first.device, ...more },
  });
  assertEquals(differences(first, first), []);
  assertEquals(
    differences(first, other({ threads: 3, provider: "tfjs/cpu" })),
    [
      "device onnx/cpu → tfjs/cpu",
      "threads 2 → 3",
    ],
  );
  const second = withSitting(first, other({ threads: 3 }), 40);
  const third = withSitting(second, other({ threads: 4 }), 70);
  assertEquals(
    third.resumed!.map(({ step, device }) => [step, device.threads]),
    [[40, 3], [70, 4]],
  );
  assertEquals(third.device.threads, 2);
  assertEquals(differences(third, other({ threads: 4 })), []);
  assertEquals(differences(third, first), ["threads 4 → 2"]);
  const older = { ...first, groklab: "0.0.1", lock: null };
  assertEquals(differences(older, first), [
    `groklab 0.0.1 → ${first.groklab}`,
    `lock file none → ${first.lock!.slice(0, 8)}`,
  ]);
});
