/**
 * A training's files, as a run folder has them.
 *
 * @module
 */

import { zipSync } from "fflate";
import { sha256, Sums } from "../../base/sums.ts";
import { treeOf } from "../../base/tree.ts";
import { configAt } from "../../config/switches.ts";
import type { HostTensor } from "../../numeric/tensor.ts";
import { encodeTensors } from "../../onnx/file/metadata.ts";
import { checkpointWriter } from "../../runs/checkpoint.ts";
import { FILES, stepFile } from "../../runs/layout.ts";
import type { Manifest } from "../../runs/manifest.ts";
import { jsonText, splitText } from "../../runs/run_folder.ts";
import { modelTensors, under } from "../../../models/buffers.ts";
import type { Training } from "./training.ts";

const encoder = new TextEncoder();

/**
 * The run so far, as a ZIP of its folder: config, manifest, split, metrics, the
 * network and the optimizer's state as they are, and the sums of these.
 *
 * @param training The training.
 * @param manifest What it is made with.
 * @param folder What the folder is called.
 */
export async function zipOf(
  training: Training,
  manifest: Manifest,
  folder: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const { config, experiment, rows, step } = training;
  const state = await training.state();
  const params = modelTensors(state);
  const writer = await checkpointWriter(
    experiment.model,
    treeOf<HostTensor>(Object.entries(params)),
    config.runtime,
  );
  const optimizer = under(state, "optimizer.");
  const buffers = Object.keys(under(state, "buffers."));
  const files: Record<string, Uint8Array> = {
    [FILES.manifest]: encoder.encode(jsonText(manifest)),
    [FILES.config]: encoder.encode(jsonText(config)),
    [FILES.split]: encoder.encode(splitText(experiment.split)),
    [`${FILES.checkpoints}/${stepFile(step)}`]: writer.encode(params, {
      config: configAt(config, step),
      step,
      ...(buffers.length > 0 && { buffers }),
    }),
    ...(Object.keys(optimizer).length > 0 && {
      [`${FILES.optimizer}/${stepFile(step)}`]: encodeTensors(
        "optimizer",
        optimizer,
      ),
    }),
    [FILES.metrics]: encoder.encode(
      rows.map((row) => JSON.stringify(row) + "\n").join(""),
    ),
  };
  const sums = new Sums();
  for (const [name, bytes] of Object.entries(files)) {
    sums.files.set(name, [sha256(bytes)]);
  }
  const all = { ...files, [FILES.sums]: encoder.encode(`${sums}`) };
  return zipSync(
    Object.fromEntries(
      Object.entries(all).map(([name, bytes]) => [`${folder}/${name}`, bytes]),
    ),
  );
}
