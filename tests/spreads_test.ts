// No data are spread into arguments: of some hundred thousand the stack
// overflows. What is spread is a list that no data make longer, and stands here.

import { assertEquals } from "@std/assert";
import { relative } from "node:path";

// What is spread where, and why it stays short. What begins with a colon may stand
// anywhere.
const SHORT: Readonly<Record<string, string>> = {
  "lib/extensions/guard.ts: f(...args)": "arguments of a function",
  "bench/bench.ts: programMemory(...run)": "flags of a benchmark",
  "bench/bench.ts: programSeconds(...args)": "flags of a benchmark",
  "bench/bench.ts: programSeconds(...run)": "flags of a benchmark",
  "bench/bench.ts: seconds(...run)": "flags of a benchmark",
  "lib/config/keys.ts: Object.assign(...all)": "groups of settings",
  "lib/config/switches.ts: Object.assign(...made.map(({ config }) => config))":
    "a config's switches, which its user writes",
  "lib/figures/rules.ts: judge(...runs)": "a figure's arms",
  "lib/metrics/basic.ts: Object.assign(...sets)": "sets of rows by name",
  "lib/metrics/group.ts: f(...rest.map((leaves) => leaves[i]![1]))":
    "trees side by side",
  "lib/metrics/cross_entropy.ts: Object.assign(...columns)":
    "sets of rows by name",
  "lib/metrics/logits.ts: Object.assign(...near)": "precisions",
  "lib/metrics/vectors.ts: byTensor(...others)": "trees side by side",
  "lib/metrics/vectors.ts: flag(...leaves)": "trees side by side",
  ": taskLine(...": "the words of a command",
  "lib/base/nearest.ts: known.push(...[names]": "names that a user may type",
  "lib/engine/onnx/bound_steps.ts: session.bind(...": "a pair",
  "lib/engine/onnx/tried_steps.ts: this.#loop": "a function's own arguments",
  "lib/engine/onnx/tried_steps.ts: this.#tried": "a function's own arguments",
  "lib/onnx/native/ort_api.ts: this.": "arguments of a function",
  "lib/onnx/native/ort_api.ts: made.call(...given": "arguments of a function",
  "lib/onnx/reading/constant_values.ts: isOp(...": "names of operators",
  "lib/onnx/reading/fold.ts: tensors.set(...entry)": "a pair",
  "lib/onnx/reading/weights.ts: isOp(...CARRIES)": "names of operators",
  "lib/onnx/runtime/session.ts: ort.Tensor(...pair)": "a pair",
  "lib/optim/descent.ts: chain(...kind": "an optimizer's stages",
  "lib/optim/transform.ts: f(...others.map((tree) => at(tree, path)))":
    "trees side by side",
  "lib/probes/catalogue.ts: Object.assign(...Object.values": "probes",
  "lib/setup/tensorflow/library.ts: join(...path)": "a path's parts",
  "lib/trace/traced.ts: f(...inputs.with(-1, look))": "a function's arguments",
  "lib/experiment/experiment.ts: chain(...parts)": "an optimizer's stages",
  "tasks/shared/signals.ts: Deno.addSignalListener(...each)": "a pair",
  "tasks/shared/signals.ts: Deno.removeSignalListener(...each)": "a pair",
  "tasks/shared/signals.ts: write(...args)": "a function's own arguments",
  "models/model.ts: model.apply(...args)": "a function's own arguments",
  "models/transformer.ts: Object.assign(...blocks)": "a network's layers",
};

/** What calls with spread arguments, and what calls with a list of arguments. */
const rule: Deno.lint.Plugin = {
  name: "spreads",
  rules: {
    found: {
      create(context) {
        const { sourceCode } = context;
        const see = (
          { callee, arguments: given }: {
            readonly callee: Deno.lint.Expression;
            readonly arguments: readonly Deno.lint.Node[];
          },
        ) => {
          const name = sourceCode.getText(callee);
          for (const node of given) {
            if (node.type !== "SpreadElement") continue;
            context.report({
              node,
              message: `${name}(...${sourceCode.getText(node.argument)})`,
            });
          }
          // push.apply(list, data) is the same in other words.
          if (/(^Reflect|\w[.\]]\w+)\??\.apply$/.test(name)) {
            context.report({ node: callee, message: name });
          }
        };
        return { CallExpression: see, NewExpression: see };
      },
    },
  },
};

function* sources(folder: URL): Generator<URL> {
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    if (isDirectory) yield* sources(new URL(`${name}/`, folder));
    else if (/\.[mc]?[jt]sx?$/.test(name)) yield new URL(name, folder);
  }
}

const spreadsIn = (name: string, text: string) =>
  Deno.lint.runPlugin(rule, name, text)
    .map(({ message }) => `${name}: ${message.replace(/\s+/g, " ")}`);

const root = new URL("../", import.meta.url);

Deno.test("no data are spread into arguments", () => {
  const found = ["lib/", "models/", "tasks/", "bench/"]
    .flatMap((folder) => [...sources(new URL(folder, root))])
    .flatMap((file) =>
      spreadsIn(
        relative(root.pathname, file.pathname),
        Deno.readTextFileSync(file),
      )
    );
  const listed = Object.keys(SHORT);
  const fits = (entry: string, key: string) =>
    key.startsWith(":") ? entry.includes(key) : entry.startsWith(key);
  const unknown = found.filter((entry) =>
    !listed.some((key) => fits(entry, key))
  );
  assertEquals(unknown, []);
  // And the list has none that is gone.
  const gone = listed.filter((key) => !found.some((entry) => fits(entry, key)));
  assertEquals(gone, []);
});

Deno.test("the scan sees a spread wherever it stands", () => {
  const text = `
    const most = Math.max(0, ...values.map((x) => x.y));
    class A { list = [...values]; all = new Set([...values]); }
    list?.push(
      ...values,
    );
    new Point(...xy);
    String.fromCharCode.apply(null, bytes);
    list.push.apply(list, values);
    Reflect.apply(Math.max, null, values);
    model.apply(params, inputs);
    String.fromCodePoint(...bytes);
  `;
  assertEquals(spreadsIn("a.ts", text).map((entry) => entry.slice(6)), [
    "Math.max(...values.map((x) => x.y))",
    "list?.push(...values)",
    "Point(...xy)",
    "String.fromCharCode.apply",
    "list.push.apply",
    "Reflect.apply",
    "String.fromCodePoint(...bytes)",
  ]);
});
