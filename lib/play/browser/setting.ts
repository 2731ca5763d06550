/**
 * The form: which keys of a config it sets, and the link that holds them.
 *
 * @module
 */

/// <reference lib="dom" />
import type { Keys } from "./training.ts";

const LOSSES: Readonly<Record<string, Keys>> = {
  stablemax: { loss: "stablemax", lossPrecision: "float64" },
  softmax16: { loss: "softmax", lossPrecision: "float16" },
  softmax32: { loss: "softmax", lossPrecision: "float32" },
  softmax64: { loss: "softmax", lossPrecision: "float64" },
};

/** The form's fields by their names, as text. */
export type Fields = Readonly<Record<string, string>>;

/** The fields of a form. */
export function fieldsOf(form: HTMLFormElement): Fields {
  return Object.fromEntries(
    [...new FormData(form)].map(([name, value]) => [name, String(value)]),
  );
}

/** The keys of a config that change while a network is trained. */
export function changesOf({ loss = "", lr, decay, perp }: Fields): Keys {
  return {
    ...LOSSES[loss],
    lr: Number(lr),
    weightDecay: Number(decay),
    perpGrad: perp === "on",
  };
}

/** The config that the fields describe. */
export function configOf(fields: Fields): Keys {
  const { task, modulus, share, model, width, layers, seed, steps } = fields;
  return {
    task,
    modulus: Number(modulus),
    trainFraction: Number(share) / 100,
    seed: Number(seed),
    steps: Number(steps),
    ...(model === "mlp"
      ? { model, hidden: Array(Number(layers)).fill(Number(width)) }
      : { model }),
    ...changesOf(fields),
  };
}

/** The fields that show a config, as it is resolved. */
export function shownConfig(config: Keys): Fields {
  const { task, modulus, trainFraction, model, hidden, seed, steps } = config;
  const { loss, lossPrecision, lr, weightDecay, perpGrad } = config;
  const bits = String(lossPrecision).replace("float", "");
  const widths = hidden as readonly number[] | undefined;
  return {
    task: String(task),
    modulus: String(modulus),
    share: String(Math.round(Number(trainFraction) * 1000) / 10),
    model: String(model),
    seed: String(seed),
    steps: String(steps),
    ...(widths && { width: String(widths[0]), layers: String(widths.length) }),
    loss: loss === "softmax" ? `softmax${bits}` : String(loss),
    lr: String(lr),
    decay: String(weightDecay),
    perp: perpGrad ? "on" : "off",
  };
}

/** Puts fields into the form; what it has not is left out. */
export function fill(form: HTMLFormElement, fields: Fields): void {
  for (const [name, value] of Object.entries(fields)) {
    const field = form.elements.namedItem(name);
    if (
      field instanceof HTMLInputElement || field instanceof HTMLSelectElement
    ) {
      field.value = value;
    }
  }
}

/** The fields of a link's end, `#task=add&…`; of none or another nothing. */
export function fieldsOfLink(hash: string): Fields {
  return Object.fromEntries(new URLSearchParams(hash.replace(/^#/, "")));
}
