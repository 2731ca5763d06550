/** Rows that are told of another tool's file. */

import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { UsageError } from "../../../lib/base/errors.ts";
import { probe } from "../../../lib/probes/mod.ts";
import { readSplitFile } from "../../../lib/probes/foreign/split/read_split.ts";
import { at } from "./_files.ts";

/** A file with a text, and what reading it gives. */
async function rowsIn(name: string, text: string) {
  const dir = await Deno.makeTempDir();
  const path = `${dir}/${name}`;
  await Deno.writeTextFile(path, text);
  try {
    return await readSplitFile(path);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

const ROWS = { inputs: [[0, 1], [2, 3]], labels: [1, 5] };

Deno.test("rows are read from each form of CSV, and from split.json", async () => {
  const forms: [name: string, text: string][] = [
    ["plain.csv", "0,1,1\n2,3,5\n"],
    ["head.csv", "a,b,label\r\n0,1,1\r\n2,3,5"],
    ["first.csv", "y,a,b\n1,0,1\n5,2,3\n"],
    ["semicolons.txt", "\ufeffa;b;c\n0;1;1\n\n2;3;5\n"],
    ["tabs.tsv", '"0"\t"1"\t"1"\n2\t3\t5\n'],
    ["split.json", JSON.stringify({ train: ROWS })],
  ];
  for (const [name, text] of forms) {
    assertEquals(await rowsIn(name, text), { train: ROWS }, name);
  }
  const parts = {
    train: { inputs: [[0, 1]], labels: [1] },
    test: { inputs: [[2, 3]], labels: [5] },
  };
  const both: [name: string, text: string][] = [
    ["head.csv", "a,b,label,split\n0,1,1,train\n2,3,5,test\n"],
    ["plain.csv", "0,1,1,TRAIN\n2,3,5,test\n"],
    ["first.csv", "set,a,b,y\ntrain,0,1,1\ntest,2,3,5\n"],
    ["split.json", JSON.stringify({ ...parts, extra: {} })],
  ];
  for (const [name, text] of both) {
    assertEquals(await rowsIn(name, text), parts, name);
  }
});

Deno.test("what is no row is refused, with file and line", async () => {
  const cases: [name: string, text: string, says: RegExp][] = [
    ["a.csv", "", /a\.csv: it has no train row/],
    ["a.csv", "a,b,label\n", /a\.csv: it has no train row/],
    ["a.csv", "0,1,1\n2,3\n", /a\.csv: line 2: wanted 3 columns .*got 2/],
    ["a.csv", "a,b,y\n0,1,1\n2,x,5\n", /line 3: wanted a number, got "x"/],
    ["a.csv", "0,1,1\n2,,5\n", /line 2: wanted a number, got ""/],
    ["a.csv", "0,x,1\n2,3,5\n", /line 1: wanted a number, got "x"/],
    ["a.csv", "0,1,1.5\n", /label of train row 1 must be a class.*got 1\.5/],
    ["a.csv", "0,1,-1\n", /got -1/],
    ["a.csv", "7\n", /line 1: wanted inputs and a label/],
    [
      "a.csv",
      "0,1,1,train\n2,3,5,valid\n",
      /line 2: .*train or test, got valid/,
    ],
    ["a.json", "{", /a\.json: it is no JSON/],
    ["a.json", "{}", /wanted train\.inputs, a list of rows/],
    [
      "a.json",
      JSON.stringify({ train: { labels: [1], source: {} } }),
      /its inputs lie in another file: write them as CSV/,
    ],
    [
      "a.json",
      JSON.stringify({ train: { ...ROWS, labels: [1] } }),
      /2 inputs and 1 labels/,
    ],
    [
      "a.json",
      '{"train": {"inputs": [[0, 1], [2, null]], "labels": [1, 5]}}',
      /train row 2 must be 2 numbers, got \[2,null\]/,
    ],
    [
      "a.json",
      '{"train": {"inputs": [[0, 1], [2, 1e999]], "labels": [1, 5]}}',
      /train row 2 must be 2 numbers/,
    ],
  ];
  for (const [name, text, says] of cases) {
    const error = await rowsIn(name, text).then(() => undefined, (e) => e);
    assertMatch(String(error?.message), says);
  }
});

Deno.test("rows that are not the task's are refused", async () => {
  const path = at("told/foreign_perceptron.onnx");
  const row = (...inputs: number[][]) => ({
    train: { inputs, labels: inputs.map(([a, b]) => (a! + b!) % 7) },
  });
  const cases: [
    split: ReturnType<typeof row>,
    says: string,
    options?: object,
  ][] = [
    [
      row([0, 1], [7, 1]),
      "train row 2 must be a pair of residues mod 7, got 7,1",
    ],
    [
      row([0, 1], [1, 7]),
      "train row 2 must be a pair of residues mod 7, got 1,7",
    ],
    [row([0, 1], [0, 1]), "train row 2, 0,1, is named a second time"],
    [{ train: { inputs: [[0.5, 1]], labels: [1] } }, "got 0.5,1"],
    [{ train: { inputs: [[0, 1], [1, 1]], labels: [3, 3] } }, "--operation"],
    [{ train: { inputs: [[0, 1]], labels: [7] } }, "must be below 7, got 7"],
    [row([0, 1, 2]), "a row has 3 numbers", { modulus: undefined }],
    [
      { train: { inputs: [[0, 1]], labels: [7] } },
      "has 7 classes",
      { modulus: undefined },
    ],
    [
      { train: { inputs: [[0.5, 1]], labels: [1] } },
      "row 1 is 0.5,1",
      { modulus: undefined },
    ],
    [row([0, 1]), "--tokens must come with", {
      modulus: undefined,
      tokens: "a,b",
    }],
    [row([0, 1]), "--loss must be out of", { loss: "hinge" }],
  ];
  for (const [split, says, options] of cases) {
    const told = { modulus: 7, split, ...options };
    await assertRejects(
      () =>
        probe(
          path,
          ["margin"],
          Object.fromEntries(
            Object.entries(told).filter(([, value]) => value !== undefined),
          ),
        ),
      UsageError,
      says,
    );
  }
});
