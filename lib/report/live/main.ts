/**
 * The live part of a page: types, switches and the slider run the network.
 *
 * @module
 */

/// <reference lib="dom" />
import { byId, jsonBlock, unpack } from "./blocks.ts";
import type { LiveData } from "./data.ts";
import { Network, type Turned } from "./network.ts";
import { SwitchGroup } from "./switches.ts";
import { count, noCounts, showCounts, showRow } from "./view.ts";

// Rows in a call: the page answers in between.
const AT_ONCE = 256;

/** What one of the page's networks is made of. */
interface Parts {
  readonly data: LiveData;
  readonly network: Network;
  readonly inputs: Float32Array;
  readonly labels: Int32Array;
  readonly train: Uint8Array;
}

async function open(): Promise<Parts> {
  const data = jsonBlock("live-data") as LiveData;
  const block = (id: string) => unpack(byId(id).textContent!);
  // Beside the page, the runtime is a script that leaves it here.
  const beside = (globalThis as { groklabRuntime?: string }).groklabRuntime;
  const [runtime, model, inputs, labels, train] = await Promise.all([
    beside === undefined ? block("live-runtime") : unpack(beside),
    block("live-model"),
    block("live-inputs"),
    block("live-labels"),
    block("live-train-rows"),
  ]);
  return {
    data,
    network: await Network.open(runtime, model, data),
    inputs: new Float32Array(inputs),
    labels: new Int32Array(labels),
    train: new Uint8Array(train),
  };
}

/** Starts the live part; what goes wrong is said in its place. */
export async function startLive(): Promise<void> {
  const status = byId("live-status");
  try {
    connect(await open());
    byId("live").dataset.ready = "true";
  } catch (error) {
    status.textContent = `The network does not run in this browser: ${
      (error as Error).message
    }`;
    throw error;
  }
}

// Long: what the page's parts share is all in here.
function connect({ data, network, inputs, labels, train }: Parts): void {
  const { places, counted } = data;
  const width = places.length;
  const fields = places.map((_, i) =>
    byId<HTMLInputElement>(`live-place-${i}`)
  );
  const slider = byId<HTMLInputElement>("live-alpha");
  const rowOf = (i: number) => inputs.slice(i * width, (i + 1) * width);
  const labelOf = new Map(
    Array.from(labels, (label, i) => [rowOf(i).join(), label]),
  );
  const typed = () =>
    fields.map(({ type, checked, value, min, max }) =>
      type === "checkbox"
        ? Number(checked)
        : Math.min(Math.max(Math.round(Number(value)), +min), +max)
    );
  const turned = (): Turned => ({
    alpha: 2 ** Number(slider.value),
    off: new Map(groups.map((group) => [group.input, group.off])),
  });

  // One change at a time; of several that come meanwhile the last counts.
  let wanted = 0;
  let busy = false;
  async function update(): Promise<void> {
    wanted += 1;
    if (busy) return;
    busy = true;
    try {
      for (let done = 0; done !== wanted;) {
        done = wanted;
        await show(() => done !== wanted);
      }
    } finally {
      busy = false;
    }
  }

  async function show(outdated: () => boolean): Promise<void> {
    const now = turned();
    byId("live-alpha-value").textContent = now.alpha.toPrecision(3);
    const row = typed();
    const { logits, activations } = await network.run(row, now, true);
    showRow(data, row, labelOf.get(row.join()), logits);
    for (const group of groups) group.show(activations[group.of]);
    const status = byId("live-status");
    const counts = noCounts();
    for (let from = 0; from < counted; from += AT_ONCE) {
      // The page answers in between; a newer change ends this one.
      await new Promise((resolve) => setTimeout(resolve));
      if (outdated()) return;
      const to = Math.min(from + AT_ONCE, counted);
      const rows = inputs.subarray(from * width, to * width);
      const part = await network.run(rows, now);
      count(
        counts,
        part.logits,
        labels.subarray(from, to),
        train.subarray(from, to),
        data,
      );
    }
    showCounts(counts);
    const off = groups.flatMap((group) => group.words());
    status.textContent = `α = ${now.alpha.toPrecision(3)}; ` +
      (off.length === 0 ? "nothing is switched off" : off.join(", ")) + ".";
  }

  const groups = data.switches.map((group) => new SwitchGroup(group, update));
  for (const field of [...fields, slider]) {
    field.addEventListener("input", update);
  }
  byId("live-random").addEventListener("click", () => {
    const row = rowOf(Math.floor(Math.random() * labels.length));
    fields.forEach((field, i) => {
      if (field.type === "checkbox") field.checked = row[i] === 1;
      else field.value = String(row[i]);
    });
    update();
  });
  byId("live-reset").addEventListener("click", () => {
    slider.value = "0";
    for (const group of groups) group.clear();
    update();
  });
  // The bars are as wide as there is room.
  addEventListener("resize", update);
  update();
}
