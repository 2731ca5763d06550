/**
 * TensorBoard's event files: records of a length, its check sum, an event and its
 * check sum. Scalars, hyper-parameters, and where a session begins.
 *
 * Source: tensorflow/core/lib/io/record_writer.h; TensorBoard's plugins `scalars`
 * and `hparams`.
 *
 * @module
 */

// @ts-types="./crc32c.d.ts"
import crc32c from "crc-32/crc32c";
import { encodeMessage, type Field } from "./event_messages.ts";

/** Bytes of an event file. */
export type Records = Uint8Array<ArrayBuffer>;

/** What a hyper-parameter may be. */
export type HParam = string | number | boolean;

/** How a session ended, by TensorBoard's numbers. */
export const ENDED = { success: 1, failure: 2 } as const;

// What checks sums that lie among the data they are of: rotated, and moved.
function masked(bytes: Uint8Array): number {
  const sum = crc32c.buf(bytes) >>> 0;
  return (((sum >>> 15) | (sum << 17)) + 0xa282ead8) >>> 0;
}

function record(data: Uint8Array): Records {
  const bytes = new Uint8Array(16 + data.length);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, masked(bytes.subarray(0, 8)), true);
  bytes.set(data, 12);
  view.setUint32(12 + data.length, masked(data), true);
  return bytes;
}

function event(time: number, fields: Record<string, Field>): Records {
  return record(encodeMessage("Event", { wallTime: time, ...fields }));
}

/**
 * The first record of a file.
 *
 * @param time Seconds since 1970.
 */
export function versionRecord(time: number): Records {
  return event(time, {
    fileVersion: "brain.Event:2",
    sourceMetadata: { writer: "groklab" },
  });
}

/**
 * That a session begins: what files before this one have of this step and later
 * ones is void.
 *
 * @param time Seconds since 1970.
 * @param step The first step that it makes.
 */
export function startRecord(time: number, step: number): Records {
  const start = 1;
  const at: Record<string, Field> = step === 0 ? {} : { step: BigInt(step) };
  return event(time, { ...at, sessionLog: { status: start } });
}

/**
 * Numbers at a step, which an event file keeps as float32.
 *
 * @param time Seconds since 1970.
 * @param step The step.
 * @param scalars The numbers by their tags, `loss/train`.
 */
export function scalarsRecord(
  time: number,
  step: number,
  scalars: Readonly<Record<string, number>>,
): Records {
  const value = Object.entries(scalars)
    .map(([tag, simpleValue]) => ({ tag, simpleValue }));
  const at: Record<string, Field> = step === 0 ? {} : { step: BigInt(step) };
  return event(time, { ...at, summary: { value } });
}

function hparams(time: number, tag: string, data: Record<string, Field>) {
  const float = 1;
  // Of version 0, which is not written.
  const content = encodeMessage("HParamsPluginData", data);
  const value = [{
    tag: `_hparams_/${tag}`,
    metadata: { pluginData: { pluginName: "hparams", content } },
    // Nothing that is read, but must be there.
    tensor: { dtype: float, tensorShape: { dim: [{}] } },
  }];
  return event(time, { summary: { value } });
}

/**
 * The hyper-parameters of a session.
 *
 * @param time Seconds since 1970, when it began.
 * @param params Hyper-parameters by name.
 * @param group Sessions of a group are one row of TensorBoard's table; by default
 * each is one.
 */
export function hparamsRecord(
  time: number,
  params: Readonly<Record<string, HParam>>,
  group?: string,
): Records {
  const entries = Object.entries(params).map(([key, value]) => ({
    key,
    value: { kind: kindOf(value) },
  }));
  return hparams(time, "session_start_info", {
    sessionStartInfo: {
      hparams: entries,
      ...(group !== undefined && { groupName: group }),
      startTimeSecs: time,
    },
  });
}

function kindOf(value: HParam): Field {
  if (typeof value === "boolean") return { case: "boolValue", value };
  return typeof value === "number"
    ? { case: "numberValue", value }
    : { case: "stringValue", value };
}

/**
 * How a session ended.
 *
 * @param time Seconds since 1970, when this is written.
 * @param status One of {@link ENDED}.
 * @param ended When it ended, if not now.
 */
export function endRecord(
  time: number,
  status: number,
  ended: number = time,
): Records {
  return hparams(time, "session_end_info", {
    sessionEndInfo: { status, endTimeSecs: ended },
  });
}

/**
 * The tag of a metric: what TensorBoard groups by stands before a slash.
 * `train_loss` is `loss/train`, `weight_norm.layers.0.W`
 * `weight_norm/layers.0.W`, `softmax_collapse` itself.
 *
 * @param metric Its name in a run's metrics.
 */
export function tagOf(metric: string): string {
  const [, set, what] = /^([^.]+)_(loss|accuracy)$/.exec(metric) ?? [];
  return set === undefined ? metric.replace(".", "/") : `${what}/${set}`;
}
