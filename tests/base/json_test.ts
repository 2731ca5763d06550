/** Reading JSON: what is taken, and what is said of what is not. */

import { assertEquals, assertThrows } from "@std/assert";
import { parseJson, parseObject } from "../../lib/base/json.ts";

Deno.test("parseJson() passes over a byte order mark", () => {
  assertEquals(parseJson('\uFEFF{"a":[1]}', "f.json"), { a: [1] });
});

Deno.test("parseJson() reads what is not finite as null where it may", () => {
  const text = '{"a":NaN,"b":[-Infinity,Infinity,1],"c":"NaN, \\"NaN\\""}';
  assertEquals(parseJson(text, "f.json", "a row", { notFinite: true }), {
    a: null,
    b: [null, null, 1],
    c: 'NaN, "NaN"',
  });
  assertThrows(() => parseJson(text, "f.json"), SyntaxError, "NaN, which JSON");
});

const NONE: readonly [text: string, line: number, reason: string][] = [
  ["", 1, "there is nothing"],
  [" \n\n", 1, "there is nothing"],
  ['{"a":1,\n"b":', 2, "it ends in the middle"],
  ['{"a":"abc', 1, "it ends in the middle"],
  ["[1,\n2", 2, "it ends in the middle"],
  ['{\n"a":1\n"b":2}', 3, 'unexpected "\\"b\\":2}"'],
  ['{"a":1}}', 1, 'unexpected "}"'],
  ['{"a":"x\ny"}', 1, "the line ends within a string"],
  ['{"a":1,\n"b":NaN}', 2, "NaN, which JSON does not have"],
  ['{"s":"NaN","b":\n-Infinity}', 2, "-Infinity, which JSON does not have"],
  ["\0\0", 1, "it cannot be parsed"],
];

for (const [text, line, reason] of NONE) {
  Deno.test(`parseJson() says where ${JSON.stringify(text)} is none`, () => {
    const error = assertThrows(
      () => parseJson(text, "f.json", "an object"),
      SyntaxError,
    );
    assertEquals(
      error.message,
      `Cannot read f.json: line ${line} is no JSON (${reason}); ` +
        "wanted an object",
    );
  });
}

const OTHERS: readonly [text: string, kind: string][] = [
  ["null", "null"],
  ["[]", "a list"],
  ["3", "a number"],
  ['"{}"', "a string"],
  ["true", "a boolean"],
];

for (const [text, kind] of OTHERS) {
  Deno.test(`parseObject() refuses ${kind}`, () => {
    assertThrows(
      () => parseObject(text, "f.jsonl", "a row", { line: 7 }),
      SyntaxError,
      `Cannot read f.jsonl: line 7 has ${kind}; wanted a row`,
    );
  });
}
