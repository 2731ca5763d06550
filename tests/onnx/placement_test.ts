import { assert, assertEquals } from "@std/assert";
import { resolveConfig } from "../../lib/config/config.ts";
import {
  countNodes,
  describePlacement,
  type ProfileEvent,
} from "../../lib/onnx/runtime/placement.ts";
import { makeExperiment } from "../../lib/experiment/experiment.ts";
import { loopPlacement } from "../../lib/engine/onnx/traced_step.ts";
import { contentsOf, withTempDir } from "../tasks/_run.ts";

const event = (
  name: string,
  op_name: string,
  provider: string,
): ProfileEvent => ({
  cat: "Node",
  name: `${name}_kernel_time`,
  args: { op_name, provider, node_index: "1" },
});

const CUDA = "CUDAExecutionProvider";
const CPU = "CPUExecutionProvider";

Deno.test("countNodes() counts what ran in every turn, once", () => {
  const turn = [
    event("a", "MatMul", CUDA),
    event("b", "MatMul", CUDA),
    event("c", "MemcpyToHost", CUDA),
    event("d", "Cast", CPU),
  ];
  const placement = countNodes([
    { cat: "Session", name: "session_initialization" },
    ...turn,
    { ...turn[0]!, name: "a_fence_before" },
    ...turn,
    event("loop", "Loop", CUDA),
    event("e", "MemcpyFromHost", CPU),
  ], 2);
  assertEquals(placement, {
    providers: { [CUDA]: { MatMul: 2, MemcpyToHost: 1 }, [CPU]: { Cast: 1 } },
    memcpy: 1,
  });
  assertEquals(
    describePlacement(placement),
    "nodes in the loop: 3 on CUDA, 1 on CPU; 1 copies (on CPU: 1 Cast)",
  );
});

Deno.test("loopPlacement() finds the training step's nodes on the CPU", async () => {
  await withTempDir(async (dir) => {
    const experiment = makeExperiment(
      resolveConfig({ modulus: 7, hidden: [8, 6] }),
    );
    const { step, evaluated } = await loopPlacement(experiment, dir, {
      threads: 1,
    });
    for (const { providers, memcpy } of [step, evaluated]) {
      assertEquals(Object.keys(providers), [CPU]);
      assertEquals(memcpy, 0);
      assertEquals(providers[CPU]!["Loop"], undefined);
    }
    const count = (ops: Readonly<Record<string, number>>) =>
      Object.values(ops).reduce((a, b) => a + b, 0);
    // Three layers forward, of which the first may be a gather; two gradients
    // to the inputs of the layers behind it and three to the weights.
    const products = Object.entries(step.providers[CPU]!)
      .filter(([op]) => /Gemm|MatMul/.test(op));
    assert(count(Object.fromEntries(products)) >= 6, JSON.stringify(step));
    assert(count(evaluated.providers[CPU]!) > count(step.providers[CPU]!));
    assertEquals(await contentsOf(dir), {}, "the profile is removed");
  });
});
