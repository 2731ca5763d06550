/**
 * Recorded steps over stand-ins: how many are one thing to launch, what is copied,
 * and what must not be recorded.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { fileURLToPath } from "node:url";
import { Card } from "../../lib/onnx/native/card.ts";
import { withTempDir } from "../tasks/_run.ts";
import type { Recordings } from "./count_recorded.ts";
import type { Cases, Counts } from "./count_steps.ts";
import { makeStandIns, standInsLack } from "./stand_ins.ts";

const cases: Cases = {
  mlp: { modulus: 31 },
  transformer: { model: "transformer", modulus: 11 },
  "8 replicas": { replicas: 8, modulus: 23 },
  "mini-batches": { batchSize: 64, modulus: 23 },
  "an encoder with dropout": {
    model: "encoder",
    modulus: 11,
    dModel: 16,
    heads: 2,
    dFf: 32,
  },
};

const lacking = await standInsLack();
if (lacking !== undefined) {
  console.log(`what recorded steps ask of a card: skipped, ${lacking}`);
}

let counted: Promise<Recordings> | undefined;
const found = () => counted ??= countApart();

for (const name of Object.keys(cases)) {
  Deno.test({
    name: `recorded steps stay on the card, half a call a launch: ${name}`,
    ignore: lacking !== undefined,
    fn: async () => {
      const { calls } = (await found()).steps[name]! as { calls: Counts[] };
      assert(calls, `not recorded: ${(await found()).steps[name]}`);
      const [, ...later] = calls;
      assertEquals(later.length, 2);
      for (const counts of later) {
        assertEquals(counts, {
          // Of 16 steps, of which the first is evaluated.
          "graph launch": 2,
          // Losses and metrics, put aside.
          "copy on the card": 4,
          // Losses, metrics and the state, once a call.
          "copy from the card": 3,
          "call cudaStreamSynchronize": 6,
        });
      }
    },
  });

  Deno.test({
    name: `nothing of the host's is recorded: ${name}`,
    ignore: lacking !== undefined,
    fn: async () => {
      const { calls: [counts] } = (await found()).steps[name]! as {
        calls: Counts[];
      };
      const kinds = Object.keys(counts!).filter((kind) =>
        kind.startsWith("captured ") &&
        !/captured (kernel|tall|call cu)/.test(kind)
      );
      assertEquals(
        kinds.filter((kind) =>
          !/^captured (copy on the card|memset)$/.test(kind)
        ),
        [],
      );
      assert(
        Object.keys(counts!).some((kind) => kind.startsWith("captured kernel")),
      );
    },
  });
}

Deno.test({
  name: "what could be read again when it is something else is not recorded",
  ignore: lacking !== undefined,
  fn: async () => {
    const { refused } = await found();
    const said = {
      "a Concat of unequal parts": /^Cannot use a CUDA graph: .*the host's/,
      "a product of unequal batches": /^Cannot use a CUDA graph: .*the host's/,
      "a Range that an input begins":
        /^Cannot bind an input in the memory of Cuda: .* Cpu/,
      "an operator of the processor": /fallback to CPU EP/,
      "a copy alone": /^Cannot use a CUDA graph: it has no kernels in it/,
      "a Concat of equal parts": /^nothing$/,
    };
    assertEquals(Object.keys(refused).sort(), Object.keys(said).sort());
    for (const [name, pattern] of Object.entries(said)) {
      assertMatch(refused[name]!, pattern, name);
    }
  },
});

Deno.test({
  name: "without CUDA's libraries a card is refused",
  ignore: lacking !== undefined,
  fn: () => {
    let said = "";
    try {
      new Card().close();
    } catch (error) {
      said = (error as Error).message;
    }
    assertMatch(said, /lib\w+\.so|CUDA/);
  },
});

/** Counts in a process of which the loader knows the stand-ins. */
async function countApart(): Promise<Recordings> {
  let said = "";
  await withTempDir(async (folder) => {
    await makeStandIns(folder);
    const script = fileURLToPath(
      new URL("count_recorded.ts", import.meta.url),
    );
    const { success, stdout, stderr } = await new Deno.Command(
      Deno.execPath(),
      {
        args: ["run", "-A", "--no-check", script, JSON.stringify(cases)],
        env: { LD_LIBRARY_PATH: folder },
      },
    ).output();
    assert(success, new TextDecoder().decode(stderr));
    said = new TextDecoder().decode(stdout);
  });
  return JSON.parse(said);
}
