/**
 * TensorBoard's event files: the bytes that its own package writes, which
 * tests/golden/formats/make_events.py made.
 */

import { assertEquals } from "@std/assert";
import {
  ENDED,
  endRecord,
  hparamsRecord,
  type Records,
  scalarsRecord,
  startRecord,
  tagOf,
  versionRecord,
} from "../../lib/formats/tensorboard.ts";
import { golden } from "../_golden.ts";

const reference = await golden<Record<string, string>>("formats/events");
const time = 1.5e9;

const records: Record<string, Records> = {
  version: versionRecord(time),
  start: startRecord(time, 7),
  scalars: scalarsRecord(time + 0.125, 2 ** 40, {
    ...{ "loss/train": 0.1, "α": -1e-30, zero: 0 },
  }),
  text: hparamsRecord(time, { loss: "softmax" }, "a group"),
  number: hparamsRecord(time, { lr: 0.01 }, "a group"),
  flag: hparamsRecord(time, { perpGrad: false }, "a group"),
  // The event's time is when it was written, the session's when it ended.
  end: endRecord(time, ENDED.failure, time + 0.25),
};

for (const [name, bytes] of Object.entries(records)) {
  Deno.test(`the record ${name} has the bytes of TensorBoard's package`, () => {
    assertEquals(bytes.toBase64(), reference[name]);
  });
}

Deno.test("tagOf() puts the group before a slash", () => {
  assertEquals(
    [
      ...["train_loss", "test_accuracy", "ood_loss", "my_set_accuracy"],
      ...["softmax_collapse", "weight_norm", "weight_norm.layers.0.W"],
      ...["train_loss_after_update", "ms_per_step", "x.a_loss"],
    ].map(tagOf),
    [
      ...["loss/train", "accuracy/test", "loss/ood", "accuracy/my_set"],
      ...["softmax_collapse", "weight_norm", "weight_norm/layers.0.W"],
      ...["train_loss_after_update", "ms_per_step", "x/a_loss"],
    ],
  );
});
