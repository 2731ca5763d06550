/**
 * Exports of runs in the formats of other tools. tests/outside/read_exports.py
 * reads them with safetensors, NumPy and TransformerLens.
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { unzipSync } from "fflate";
import { join } from "node:path";
import { UsageError } from "../../lib/base/errors.ts";
import { sha256 } from "../../lib/base/sums.ts";
import { encodeNpy } from "../../lib/formats/npz.ts";
import { encodeSafetensors } from "../../lib/formats/safetensors.ts";
import { hostTensorOf, toNumbers } from "../../lib/numeric/tensor.ts";
import { encodeTensors } from "../../lib/onnx/file/metadata.ts";
import { decodeTensors } from "../../lib/onnx/file/read_tensors.ts";
import {
  exportCheckpoint,
  exportCheckpoints,
  type ExportOptions,
} from "../../lib/runs/exports/checkpoint.ts";
import { exportMetrics } from "../../lib/runs/exports/metrics.ts";
import { version } from "../../lib/runs/manifest.ts";
import { checkpointsOf, readMetrics } from "../../lib/runs/read.ts";
import { trainReplicas } from "../../lib/train/band/replicas.ts";
import { train } from "../../lib/train/train.ts";
import { withTempDir } from "../tasks/_run.ts";

const small = { modulus: 5, hidden: [4], steps: 2, checkpointEvery: 1 };
const tiny = {
  ...{
    model: "transformer",
    modulus: 5,
    dModel: 4,
    heads: 2,
    dMlp: 3,
  } as const,
  steps: 1,
};

// The header of a safetensors file, and a tensor's numbers.
async function header(path: string) {
  const bytes = await Deno.readFile(path);
  const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  const text = new TextDecoder().decode(bytes.subarray(8, 8 + length));
  const { __metadata__: metadata, ...entries } = JSON.parse(text) as
    & Record<
      string,
      { dtype: string; shape: number[]; data_offsets: [number, number] }
    >
    & { __metadata__: Record<string, string> };
  const numbers = (name: string) => {
    const [from, to] = entries[name]!.data_offsets;
    const data = bytes.slice(8 + length + from, 8 + length + to);
    return [...new Float32Array(data.buffer)];
  };
  return { metadata, entries, numbers };
}

Deno.test("exportCheckpoint() writes safetensors and npz with names, bytes and metadata of the checkpoint", () =>
  withTempDir(async (dir) => {
    const run = join(dir, "run");
    await train(small, { run });
    const [first] = await checkpointsOf(run);
    const bytes = await Deno.readFile(first!.path);
    const { tensors, metadata } = decodeTensors(bytes, "it");
    assertEquals(Object.keys(tensors), ["layers.0.W", "layers.1.W"]);
    const out = join(dir, "w.safetensors");
    const step = { step: 0, format: "safetensors" } as const;
    assertEquals(await exportCheckpoint(run, out, step), first!.path);
    const read = await header(out);
    assertEquals(Object.keys(read.metadata).sort(), [
      ...["config", "groklab", "metrics", "sha256", "step"],
    ]);
    assertEquals(read.metadata["groklab"], version);
    assertEquals(read.metadata["sha256"], sha256(bytes));
    assertEquals(read.metadata["step"], "0");
    assertEquals(
      JSON.parse(read.metadata["config"]!),
      metadata("config"),
    );
    for (const [name, tensor] of Object.entries(tensors)) {
      assertEquals(read.numbers(name), [...toNumbers(tensor)], name);
    }
    assertEquals(
      await Deno.readFile(out),
      encodeSafetensors(tensors, read.metadata),
    );
    const npz = join(dir, "w.npz");
    await exportCheckpoint(first!.path, npz, { format: "npz" });
    const entries = unzipSync(await Deno.readFile(npz));
    for (const [name, tensor] of Object.entries(tensors)) {
      assertEquals(entries[`${name}.npy`], encodeNpy(tensor), name);
    }
    const said = JSON.parse(new TextDecoder().decode(entries["metadata.json"]));
    assertEquals(said, {
      groklab: version,
      sha256: sha256(bytes),
      config: metadata("config"),
      step: 0,
      metrics: metadata("metrics"),
    });
  }));

Deno.test("exportCheckpoints() writes every checkpoint of a run, or none", () =>
  withTempDir(async (dir) => {
    const run = join(dir, "run");
    await train(small, { run });
    const out = join(dir, "all");
    const format = "safetensors";
    const files = await exportCheckpoints(run, out, { format });
    const names = [0, 1, 2].map((step) => `step-0000000${step}.safetensors`);
    assertEquals(files, names.map((name) => join(out, name)));
    const steps = files.map(async (path) => (await header(path)).metadata);
    assertEquals(
      (await Promise.all(steps)).map(({ step }) => step),
      ["0", "1", "2"],
    );
    const refuses = (words: string, options = {}, source = run, to = out) =>
      assertRejects(
        () => exportCheckpoints(source, to, { format, ...options }),
        UsageError,
        words,
      );
    await refuses("the file exists; replace it with --overwrite");
    const checkpoint = (await checkpointsOf(run))[2]!.path;
    await refuses("is a file, not a run", {}, checkpoint);
    await refuses("the folder of a run", {}, run, run);
    await refuses("has tensors alone", { hooks: ["a"] });
    await Deno.writeTextFile(join(dir, "file"), "");
    await refuses("it is a file, no folder", {}, run, join(dir, "file"));
    // The last is damaged: what lies there stays, and nothing is beside it.
    await Deno.writeTextFile(files[0]!, "mine");
    await Deno.writeTextFile(join(out, "other"), "other");
    const bytes = await Deno.readFile(checkpoint);
    bytes[50]! ^= 1;
    await Deno.writeFile(checkpoint, bytes);
    const overwrite = { format, overwrite: true } as const;
    await assertRejects(() => exportCheckpoints(run, out, overwrite));
    assertEquals(await Deno.readTextFile(files[0]!), "mine");
    bytes[50]! ^= 1;
    await Deno.writeFile(checkpoint, bytes);
    await exportCheckpoints(run, out, overwrite);
    assertEquals((await header(files[0]!)).metadata["step"], "0");
    const there = await Array.fromAsync(Deno.readDir(dir));
    assertEquals(there.map(({ name }) => name).sort(), ["all", "file", "run"]);
    const inside = await Array.fromAsync(Deno.readDir(out));
    assertEquals(inside.map(({ name }) => name).sort(), ["other", ...names]);
  }));

Deno.test("a transformer is a state dict of TransformerLens", () =>
  withTempDir(async (dir) => {
    const run = join(dir, "run");
    await train(tiny, { run });
    const out = join(dir, "lens.safetensors");
    const options = {
      format: "safetensors",
      names: "transformer-lens",
    } as const;
    const source = await exportCheckpoint(run, out, options);
    const { tensors } = decodeTensors(await Deno.readFile(source), "it");
    const { entries, metadata, numbers } = await header(out);
    assertEquals(JSON.parse(metadata["transformer_lens"]!), {
      ...{ n_layers: 1, d_model: 4, n_ctx: 3, d_head: 2, n_heads: 2, d_mlp: 3 },
      ...{ d_vocab: 6, d_vocab_out: 5, act_fn: "relu" },
      ...{ normalization_type: null, attention_dir: "causal" },
    });
    const shapes = Object.fromEntries(
      Object.entries(entries).map(([name, { shape, dtype }]) => {
        assertEquals(dtype, name.endsWith("mask") ? "BOOL" : "F32", name);
        return [name, shape.join(" ")];
      }),
    );
    // HookedTransformer(config).state_dict() of TransformerLens 2.18.0.
    assertEquals(shapes, {
      "embed.W_E": "6 4",
      "pos_embed.W_pos": "3 4",
      "blocks.0.attn.W_Q": "2 4 2",
      "blocks.0.attn.W_O": "2 2 4",
      "blocks.0.attn.b_Q": "2 2",
      "blocks.0.attn.b_O": "4",
      "blocks.0.attn.W_K": "2 4 2",
      "blocks.0.attn.W_V": "2 4 2",
      "blocks.0.attn.b_K": "2 2",
      "blocks.0.attn.b_V": "2 2",
      "blocks.0.attn.mask": "3 3",
      "blocks.0.attn.IGNORE": "",
      "blocks.0.mlp.W_in": "4 3",
      "blocks.0.mlp.b_in": "3",
      "blocks.0.mlp.W_out": "3 4",
      "blocks.0.mlp.b_out": "4",
      "unembed.W_U": "4 5",
      "unembed.b_U": "5",
    });
    assertEquals(numbers("unembed.W_U"), [...toNumbers(tensors["W_U"]!)]);
    assertEquals(numbers("unembed.b_U"), [0, 0, 0, 0, 0]);
    assertEquals(numbers("blocks.0.attn.IGNORE"), [-Infinity]);
    const bytes = await Deno.readFile(out);
    // Of the widest types first: the mask is the end of the file.
    assertEquals([...bytes.subarray(-9)], [1, 0, 0, 1, 1, 0, 1, 1, 1]);
  }));

Deno.test("what TransformerLens has no model for is refused, with the reason", () =>
  withTempDir(async (dir) => {
    const out = join(dir, "lens.npz");
    const lens = { format: "npz", names: "transformer-lens" } as const;
    const refuses = (source: string, words: string, options: ExportOptions) =>
      assertRejects(
        () => exportCheckpoint(source, out, options),
        UsageError,
        words,
      );
    for (
      const [name, config, words] of [
        ["mlp", small, "its model is mlp"],
        ["pre", { ...tiny, norm: "pre" as const }, "LayerNorm (pre)"],
        ["none", { ...tiny, positions: "none" as const }, "no positions"],
        [
          "stable",
          { ...tiny, attention: "stablemax" as const },
          "its attention is stablemax",
        ],
      ] as const
    ) {
      const run = join(dir, name);
      await train(config, { run });
      await refuses(run, words, lens);
    }
    const foreign = join(dir, "foreign.onnx");
    const x = hostTensorOf("float32", [1], [1]);
    await Deno.writeFile(foreign, encodeTensors("it", { x }));
    await refuses(foreign, "no config of groklab", lens);
    const { names } = lens;
    const onnx = join(dir, "lens.onnx");
    await assertRejects(
      () => exportCheckpoint(foreign, onnx, { names }),
      UsageError,
      "its graph has its own",
    );
    await assertRejects(
      () => exportCheckpoint(foreign, onnx, { format: "npz" }),
      UsageError,
      "what is written is npz, and the file's name must end in .npz, got .onnx",
    );
    assert(!await Deno.stat(out).catch(() => false));
  }));

Deno.test("exportMetrics() writes a table of runs, replicas among them", () =>
  withTempDir(async (dir) => {
    const [band, alone] = [join(dir, "band"), join(dir, "alone")];
    await trainReplicas({ ...small, seed: 7 }, { replicas: 2 }, { run: band });
    await train({ ...small, metrics: ["tensors"] }, { run: alone });
    const out = join(dir, "table.jsonl");
    assertEquals(await exportMetrics([`${band}/`, alone], out), 3);
    const lines = (await Deno.readTextFile(out)).trimEnd().split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const runs = [`${band}/replica-0`, `${band}/replica-1`, alone];
    const wanted = [];
    for (const [i, run] of runs.entries()) {
      for (const row of await readMetrics(run)) {
        wanted.push({ run, seed: [7, 8, 0][i], ...row });
      }
    }
    const columns = Object.keys(lines[0]!);
    assertEquals(columns.slice(0, 3), ["run", "seed", "step"]);
    assert(columns.includes("weight_norm.layers.0.W"));
    assertEquals(lines.length, wanted.length);
    for (const [i, row] of wanted.entries()) {
      const nulls = Object.fromEntries(columns.map((name) => [name, null]));
      assertEquals(lines[i], { ...nulls, ...row });
    }
    await assertRejects(
      () => exportMetrics([join(dir, "no")], join(dir, "t.csv")),
      Error,
      "there is no such folder",
    );
    await assertRejects(
      () => exportMetrics([alone], out),
      UsageError,
      "exists",
    );
  }));
