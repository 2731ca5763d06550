/**
 * Tables: what lands in each format, read back by parsers that are not the
 * writers'. tests/outside/read_tables.py reads them with pandas and DuckDB.
 */

import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { parquetMetadata, parquetReadObjects } from "hyparquet";
import { join } from "node:path";
import { UsageError } from "../../lib/base/errors.ts";
import {
  cellOf,
  type Column,
  columnsOf,
  type Row,
} from "../../lib/formats/columns.ts";
import { tableFormat, writeTable } from "../../lib/formats/tables.ts";
import { withTempDir } from "../tasks/_run.ts";

const columns: Column[] = [
  { name: "run", type: "text" },
  { name: "step", type: "integer" },
  { name: "loss", type: "number" },
  { name: "done", type: "boolean" },
];
const rows: Row[] = [
  { run: 'a,"b"\nc', step: 0, loss: 0.1, done: true },
  { run: "", step: 2 ** 53 - 1, loss: NaN, done: false },
  { run: null, loss: -1e-300, step: -3, other: 1 },
  { run: "α\r", step: null, loss: 3, done: undefined },
];
const asText = async (rows: Row[], columns: Column[], name: string) => {
  const dir = await Deno.makeTempDir();
  await writeTable(rows, columns, join(dir, name));
  return await Deno.readTextFile(join(dir, name));
};

Deno.test("writeTable() writes CSV as RFC 4180 has it", async () => {
  assertEquals(
    await asText(rows, columns, "t.csv"),
    "run,step,loss,done\r\n" +
      '"a,""b""\nc",0,0.1,true\r\n' +
      ",9007199254740991,,false\r\n" +
      ",-3,-1e-300,\r\n" +
      '"α\n",,3,\r\n',
  );
});

Deno.test("writeTable() has no formula in CSV, in cells or names, and leaves numbers alone", async () => {
  const text: Column[] = [{ name: "=x", type: "text" }];
  const cells = ["=1+1", "+a", "-a", "@a", "\ta", "-1.5", "+2", "a=b", "\r=a"];
  assertEquals(
    await asText(cells.map((cell) => ({ "=x": cell })), text, "t.csv"),
    "'=x\r\n'=1+1\r\n'+a\r\n'-a\r\n'@a\r\n'\ta\r\n-1.5\r\n+2\r\na=b\r\n" +
      '"\n=a"\r\n',
  );
  assertEquals(
    await asText([{ "=x": "=1+1" }], text, "t.jsonl"),
    '{"=x":"=1+1"}\n',
  );
});

Deno.test("writeTable() has every column in every line of JSONL", async () => {
  const lines = (await asText(rows, columns, "t.JSONL")).split("\n");
  assertEquals(lines.pop(), "");
  assertEquals(lines.map((line) => JSON.parse(line)), [
    { run: 'a,"b"\nc', step: 0, loss: 0.1, done: true },
    { run: "", step: 2 ** 53 - 1, loss: null, done: false },
    { run: null, step: -3, loss: -1e-300, done: null },
    { run: "α\r", step: null, loss: 3, done: null },
  ]);
});

Deno.test("writeTable() writes typed columns with nulls in Parquet", () =>
  withTempDir(async (dir) => {
    const path = join(dir, "t.parquet");
    await writeTable(rows, columns, path);
    const file = (await Deno.readFile(path)).buffer;
    assertEquals(
      parquetMetadata(file).schema.slice(1).map(
        (
          { name, type, converted_type, repetition_type },
        ) => [name, type, converted_type, repetition_type],
      ),
      [
        ["run", "BYTE_ARRAY", "UTF8", "OPTIONAL"],
        ["step", "INT64", undefined, "OPTIONAL"],
        ["loss", "DOUBLE", undefined, "OPTIONAL"],
        ["done", "BOOLEAN", undefined, "OPTIONAL"],
      ],
    );
    assertEquals(await parquetReadObjects({ file }), [
      { run: 'a,"b"\nc', step: 0n, loss: 0.1, done: true },
      { run: "", step: 2n ** 53n - 1n, loss: null, done: false },
      { run: null, step: -3n, loss: -1e-300, done: null },
      { run: "α\r", step: null, loss: 3, done: null },
    ]);
  }));

Deno.test("writeTable() writes no rows, and more than a row group, one by one", () =>
  withTempDir(async (dir) => {
    const count: Column[] = [{ name: "n", type: "integer" }];
    const read = async (path: string) => {
      const file = (await Deno.readFile(path)).buffer;
      return await parquetReadObjects({ file });
    };
    const [none, many] = [join(dir, "none.parquet"), join(dir, "many.parquet")];
    await writeTable([], count, none);
    assertEquals(await read(none), []);
    assertEquals(await asText([], count, "none.csv"), "n\r\n");
    assertEquals(await asText([], count, "none.jsonl"), "");
    await writeTable(
      (async function* () {
        for (let n = 0; n < 1500; n++) yield await Promise.resolve({ n });
      })(),
      count,
      many,
    );
    assertEquals(
      (await read(many)).map(({ n }) => Number(n)),
      Array.from({ length: 1500 }, (_, n) => n),
    );
  }));

Deno.test("columnsOf() finds the narrowest type that holds a column", () => {
  assertEquals(
    columnsOf(
      [
        { a: 1, b: 1, c: "x", d: true, e: null, f: true, g: NaN },
        { a: 2 ** 53, b: null, c: 1, d: null, f: 0, h: 1 },
      ],
      { z: "text", b: "number" },
    ),
    [
      { name: "z", type: "text" },
      { name: "b", type: "number" },
      { name: "a", type: "number" },
      { name: "c", type: "text" },
      { name: "d", type: "boolean" },
      { name: "e", type: "number" },
      { name: "f", type: "text" },
      { name: "g", type: "number" },
      { name: "h", type: "integer" },
    ],
  );
});

Deno.test("cellOf() makes a cell of any value", () => {
  assertEquals(
    [[200, 200], { a: 1 }, null, undefined, NaN, -Infinity, 0, "", false, 7n]
      .map(cellOf),
    ["[200,200]", '{"a":1}', null, null, null, null, 0, "", false, "7"],
  );
});

Deno.test("writeTable() refuses what is no table, and leaves nothing", () =>
  withTempDir(async (dir) => {
    const path = join(dir, "t.csv");
    const refuses = (
      rows: unknown,
      columns: Column[],
      // deno-lint-ignore no-explicit-any -- Classes of errors.
      kind: new (...args: any[]) => Error,
      words: string,
      at = path,
    ) =>
      assertRejects(() => writeTable(rows as Row[], columns, at), kind, words);
    await refuses([], [], RangeError, "one column at least");
    const [run, step] = columns as [Column, Column];
    await refuses(
      [],
      [run, run],
      RangeError,
      'two columns have the name "run"',
    );
    await refuses([{ run: "a" }, { run: 1 }], [run], TypeError, "run of row 2");
    await refuses([{ step: 0.5 }], [step], TypeError, "column of type integer");
    await refuses([1], [run], TypeError, "row 1 is a number");
    await refuses(
      (function* () {
        yield { run: "a" };
        throw new SyntaxError("Cannot read it");
      })(),
      [run],
      SyntaxError,
      "Cannot read it",
    );
    for (const end of ["t.xlsx", "t", ".csv/t"]) {
      await refuses([], [run], UsageError, "must end in", join(dir, end));
    }
    await refuses([], [run], UsageError, "no folder", join(dir, "no", "t.csv"));
    assertEquals(await Array.fromAsync(Deno.readDir(dir)), []);
    await writeTable([], [run], path);
    await refuses([], [run], UsageError, "the file exists");
    await writeTable([{ run: "a" }], [run], path, { overwrite: true });
    assertEquals(await Deno.readTextFile(path), "run\r\na\r\n");
    await Deno.mkdir(join(dir, "d.csv"));
    await refuses([], [run], UsageError, "it is no file", join(dir, "d.csv"));
  }));

Deno.test("a table's format may be said instead", () =>
  withTempDir(async (dir) => {
    assertEquals(tableFormat("a/B.CSV"), "csv");
    assertThrows(() => tableFormat("csv"), UsageError, "got none");
    const path = join(dir, "table.txt");
    const options = { format: "jsonl" } as const;
    await writeTable([{ run: "a" }], columns.slice(0, 1), path, options);
    assertEquals(await Deno.readTextFile(path), '{"run":"a"}\n');
  }));
