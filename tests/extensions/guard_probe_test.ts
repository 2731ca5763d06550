// Probes of an extension that throw, or give what JSON has not: a line says whose
// they are, and where it stands.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { NotApplicableError, UsageError } from "../../lib/base/errors.ts";
import { defineExtension } from "../../lib/extensions/extension.ts";
import { guarded } from "../../lib/extensions/guard.ts";
import { finite } from "../../lib/numeric/statistics.ts";
import { probe } from "../../lib/probes/asking/probe_checkpoint.ts";
import { defineProbe } from "../../lib/probes/probe.ts";
import { train } from "../../lib/train/train.ts";
import { withTempDir } from "../tasks/_run.ts";

const tiny = { modulus: 5, hidden: [4], steps: 2, threads: 1 } as const;

// What is wrong is of a wrong type: the compiler would say so.
// deno-lint-ignore no-explicit-any -- as above.
type Wrong = any;

const probeOf = (name: string, compute: Wrong, more: object = {}): Wrong => ({
  ...defineProbe({
    name,
    of: "checkpoint",
    describe: "wrong",
    needs: "nothing",
    compute,
    text: () => [],
  }),
  ...more,
});
const PROBES: Record<string, [compute: Wrong, says: string]> = {
  throwsLate: [
    async () => {
      await 1;
      throw new Error("of its own");
    },
    "fails in compute(): of its own",
  ],
  nan: [
    () => ({ a: [1, { b: NaN }] }),
    "compute() gives as a[1].b NaN, wanted plain JSON of finite numbers",
  ],
  infinite: [() => -Infinity, "compute() gives -Infinity, wanted plain JSON"],
  typed: [
    () => Promise.resolve({ xs: new Float32Array(3) }),
    "compute() gives as xs a Float32Array, wanted plain JSON",
  ],
  nothingAtAll: [() => {}, "compute() gives undefined, wanted plain JSON"],
  circle: [
    () => {
      const a: Record<string, unknown> = {};
      a["a"] = a;
      return a;
    },
    "compute() gives as a an object, wanted plain JSON",
  ],
};

const wrong = defineExtension({
  probes: {
    ...Object.fromEntries(
      Object.entries(PROBES).map(([name, [f]]) => [name, probeOf(name, f)]),
    ),
    notHere: probeOf("notHere", () => {
      throw new NotApplicableError("Its rows are no pairs");
    }),
    fine: probeOf("fine", () => ({
      a: finite(NaN),
      b: [true, "x", { c: undefined, d: 1 }],
    })),
  },
});

Deno.test("a probe of an extension that throws or gives no JSON is named, with the place", () =>
  withTempDir(async (dir) => {
    const { checkpoint } = await train(tiny, {
      use: [wrong],
      run: join(dir, "r"),
    });
    const ask = (name: string) => probe(checkpoint, [name]);
    for (const [name, [, says]] of Object.entries(PROBES)) {
      const { message } = await assertRejects(
        () => ask(name),
        NotApplicableError,
        says,
        name,
      );
      assert(message.includes(`The probe ${name} of the extension /`), message);
    }
    const { message } = await assertRejects(
      () => ask("notHere"),
      NotApplicableError,
    );
    assert(message.endsWith(`: Its rows are no pairs`), message);
    const { probes } = await ask("fine");
    assertEquals((probes as Wrong).fine, {
      a: null,
      b: [true, "x", { c: undefined, d: 1 }],
    });
  }));

Deno.test("what a part of an extension may not do is wrong use of the extension", () =>
  withTempDir(async (dir) => {
    const denied = new Deno.errors.NotCapable(
      'Requires net access to "example.org:80", run again with the --allow-net flag',
    );
    const { wants } = guarded("losses", "loss", {
      wants: {
        make: () => {
          throw denied;
        },
      },
    }, join(dir, "lab.ts"));
    const error = await assertRejects(
      () => Promise.try(() => wants!.make()),
      UsageError,
      "lab.ts: its loss wants: it requires net access",
    );
    assertEquals(error.cause, denied);
  }));
