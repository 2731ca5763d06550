// The shape of every part of an extension.

import { assert, assertThrows } from "@std/assert";
import { UsageError } from "../../lib/base/errors.ts";
import { tasks } from "../../lib/data/registry.ts";
import { defineExtension } from "../../lib/extensions/extension.ts";
import { useExtension } from "../../lib/extensions/use.ts";
import { losses } from "../../lib/losses/mod.ts";
import { optimizers, stages } from "../../lib/optim/mod.ts";
import { probes } from "../../lib/probes/catalogue.ts";
import { models } from "../../models/mod.ts";

Deno.test("every part of a definition is looked at, whatever it is instead", () => {
  const good = {
    tasks: tasks.add,
    models: models.mlp,
    losses: losses.mse,
    optimizers: optimizers.sgd,
    stages: stages.l1,
    probes: { ...probes.fourier, name: "x" },
  };
  let looked = 0;
  for (const [kind, definition] of Object.entries(good)) {
    const fields = Object.keys(definition)
      .filter((field) => !["needsNothing", "settings"].includes(field));
    for (const field of fields) {
      for (const value of [[], 3, { a: 1 }, Promise.resolve()]) {
        const x = { ...definition, [field]: value };
        assertThrows(
          () => useExtension(defineExtension({ [kind]: { x } })),
          UsageError,
          `of its ${kind} x must have as ${field} `,
          `${kind} ${field}`,
        );
        looked += 1;
      }
    }
    for (const value of [[], 3, "x", null, undefined]) {
      assertThrows(
        () => useExtension(defineExtension({ [kind]: { x: value } } as object)),
        UsageError,
        `of its ${kind} x must be a definition, an object`,
      );
    }
  }
  assert(looked > 80, String(looked));
});

Deno.test("defineExtension() takes an object", () => {
  const cases: [unknown, string][] = [
    [undefined, "undefined"],
    [[], "a list of 0"],
    [() => ({}), "a function"],
    [Promise.resolve({}), "a promise (await is missing)"],
  ];
  for (const [value, what] of cases) {
    assertThrows(
      () => defineExtension(value as object),
      TypeError,
      `Cannot make an extension of ${what}: wanted an object, of definitions`,
    );
  }
});
