/**
 * What a plain step asks of a card may not grow: on a card steps of such sizes are
 * bound by their launches, and each copy from it waits for all that went before.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { withTempDir } from "../tasks/_run.ts";
import type { Cases, Counts } from "./count_steps.ts";
import { makeStandIns, standInsLack } from "./stand_ins.ts";

/** At most so many of each a step. */
interface Limits {
  readonly launches: number;
  readonly memsets: number;
  /** Matrix products and transposes by cuBLAS. */
  readonly products: number;
  /** Reductions by cuDNN, of one or two launches each. */
  readonly reductions: number;
  readonly toCard: number;
  readonly fromCard: number;
  /** How often the host waits for the card. */
  readonly waits: number;
}

// Small where the size changes nothing but how long the host takes.
const cases: Cases = {
  mlp: {},
  transformer: { model: "transformer", trainFraction: 0.3 },
  dropout: { dropout: 0.1, modulus: 31 },
  encoder: { model: "encoder", modulus: 23 },
  "64 replicas": { replicas: 64, modulus: 31 },
  "mini-batches": { batchSize: 512 },
};

// Lower these with the counts, never the other way round.
const limits: Readonly<Record<string, Limits>> = {
  mlp: table(60, 0, 19, 0, 1, 0, 0),
  transformer: table(95, 0, 52, 0, 1, 0, 0),
  dropout: table(90, 0, 19, 0, 1, 0, 0),
  encoder: table(260, 0, 98, 0, 1, 0, 0),
  "64 replicas": table(100, 0, 29, 0, 1, 0, 0),
  "mini-batches": table(64, 0, 20, 0, 1, 0, 0),
};

function table(
  launches: number,
  memsets: number,
  products: number,
  reductions: number,
  toCard: number,
  fromCard: number,
  waits: number,
): Limits {
  return {
    launches,
    memsets,
    products,
    reductions,
    toCard,
    fromCard,
    waits,
  };
}

const lacking = await standInsLack();
if (lacking !== undefined) {
  console.log(`what a step asks of a card: skipped, ${lacking}`);
}

let counted: Promise<Record<string, Counts>> | undefined;

// Kernels in which blocks add to the same place one after the other, in whatever
// order they come, so that the sum's last places change: read off ONNX Runtime's
// sources, where these call atomic_add() on what they give back. (The kernel for
// sums of rows does so only where several blocks share a column; others count
// finished blocks so, and add in one order.)
const RACING = [
  /^tall kernel .*reduce_matrix_rows_kernel/,
  /^kernel .*(Scatter\w*Reduction|Func_(Add|Mul)|GatherGrad|[aA]tomic)/,
];

for (const [name, most] of Object.entries(limits)) {
  Deno.test({
    name: `a plain step asks no more of a card than it did: ${name}`,
    ignore: lacking !== undefined,
    fn: async () => {
      const counts = (await (counted ??= countApart()))[name]!;
      const found = summary(counts);
      // Where nothing is computed nothing is counted, either.
      assert(found.products > 0 && found.launches > 0, "no step was counted");
      const above = Object.keys(most).filter((what) =>
        found[what as keyof Limits] > most[what as keyof Limits]
      );
      assertEquals(above, [], `found ${JSON.stringify(found)}`);
    },
  });
}

for (const name of Object.keys(cases)) {
  Deno.test({
    name: `a plain step adds up in one order on a card: ${name}`,
    ignore: lacking !== undefined,
    fn: async () => {
      const counts = (await (counted ??= countApart()))[name]!;
      const kinds = Object.keys(counts);
      assert(kinds.some((kind) => /^kernel /.test(kind)), "none was launched");
      assertEquals(
        kinds.filter((kind) => RACING.some((racing) => racing.test(kind))),
        [],
      );
    },
  });
}

Deno.test("what a step asks of a card is added up by kinds", () => {
  assertEquals(
    summary({
      "kernel _Z1a": 3,
      "captured kernel _Z1b": 2,
      "memset": 4,
      "call cublasSgemm_v2": 5,
      "call cublasSetMathMode": 100,
      "call cublasGemmStridedBatchedEx": 6,
      "call cudnnReduceTensor": 7,
      "call cudnnSetReduceTensorDescriptor": 100,
      "copy to the card": 8,
      "copy from the card": 9,
      "copy on the card": 100,
      "call cudaEventSynchronize": 1,
      "call cudaStreamSynchronize": 1,
    }),
    table(3, 4, 11, 7, 8, 9, 2),
  );
});

function summary(counts: Counts): Limits {
  const of = (kinds: RegExp) =>
    Object.entries(counts).filter(([kind]) => kinds.test(kind))
      .reduce((all, [, count]) => all + count, 0);
  return table(
    of(/^kernel /),
    of(/^memset$/),
    of(/^call cublas.*([gG]emm|geam|Matmul$)/),
    of(/^call cudnn(ReduceTensor|\w*Forward|BackendExecute)$/),
    of(/^copy to the card$/),
    of(/^copy from the card$/),
    of(/^call cuda\w*Synchronize$/),
  );
}

/** Counts them in a process of which the loader knows the stand-ins. */
async function countApart(): Promise<Record<string, Counts>> {
  let said = "";
  await withTempDir(async (folder) => {
    await makeStandIns(folder);
    const script = fileURLToPath(new URL("count_steps.ts", import.meta.url));
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
