/**
 * The names by which a file is asked: those of a map, told or proposed.
 *
 * @module
 */

import { quoted } from "../../base/shell.ts";
import type { HostTensor } from "../../numeric/tensor.ts";
import type { ProbeModel } from "../../onnx/inspect/probe_model.ts";
import { proposeMap } from "../foreign/map/propose_map.ts";
import { aliasesOf } from "./name_map.ts";
import type { TaskSizes } from "./orientation.ts";
import { evenRows } from "./rows.ts";

// A number of rows that hardly any other axis has.
const SAMPLE = 17;

/** A file with the names of a map. */
export interface Named {
  /** The file. */
  readonly model: ProbeModel;
  /** The map, if it was proposed. */
  readonly proposed: { readonly map?: string };
  /** The same in words. */
  readonly notes: readonly string[];
}

/**
 * Gives a file the names of a map.
 *
 * @param map What `--map` says; `auto` proposes one, undefined gives none.
 * @param model The file, with its logits as the one output.
 * @param sizes The lengths that the task gives.
 * @param input Every row of the task.
 * @throws {UsageError} if the map does not fit, or none can be proposed.
 */
export async function namesOf(
  map: string | undefined,
  model: ProbeModel,
  sizes: TaskSizes,
  input: HostTensor,
): Promise<Named> {
  if (map === undefined) return { model, notes: [], proposed: {} };
  const rows = evenRows({ [model.inputNames[0]!]: input }, SAMPLE);
  const text = map === "auto" ? await proposeMap({ model, sizes, rows }) : map;
  return {
    model: model.withAliases(aliasesOf(text, model, sizes)),
    proposed: map === "auto" ? { map: text } : {},
    notes: map === "auto" ? [`--map ${quoted(text)}`] : [],
  };
}
