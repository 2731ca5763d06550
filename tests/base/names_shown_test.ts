/** Text out of files as a terminal or a page shows it. */

import { assert, assertEquals } from "@std/assert";
import { html } from "../../lib/report/page/html.ts";
import { text as svgText } from "../../lib/charts/sheet.ts";
import { plainJson, shown, table } from "../../lib/base/terminal.ts";

// What a terminal obeys, what ends a line, what turns or hides letters.
const NASTY: readonly [raw: string, shown: string][] = [
  ["\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"],
  ["a\nerror: b", "a\\x0aerror: b"],
  ["a\rb\tc\0d\x07\x7f", "a\\x0db\\x09c\\x00d\\x07\\x7f"],
  ["\x9b2J", "\\x9b2J"], // CSI in one character
  ["\u202egnp.x\u202c", "\\u{202e}gnp.x\\u{202c}"], // right to left, and back
  ["a\u2066b\u2069c\u200fd\u061c", "a\\u{2066}b\\u{2069}c\\u{200f}d\\u{61c}"],
  ["a\u2028b\u2029c", "a\\u{2028}b\\u{2029}c"], // Unicode's ends of lines
  ["a\u200bb\ufeff\u00ad", "a\\u{200b}b\\u{feff}\\xad"],
  ["a\u{e0041}b", "a\\u{e0041}b"], // a tag that nobody sees
];

Deno.test("shown() leaves no control character, and other names as they are", () => {
  for (const [raw, expected] of NASTY) assertEquals(shown(raw), expected);
  for (const name of ["blocks.0.attn.W_Q", "θ‖·‖² – größer 日本 🙂", "a b"]) {
    assertEquals(shown(name), name);
  }
});

Deno.test("plainJson() says the same as JSON, without characters that act", () => {
  for (const [raw] of NASTY) {
    const text = plainJson({ [raw]: [raw] });
    assertEquals(JSON.parse(text), { [raw]: [raw] });
    assertEquals(text.split("\n").length, 5, text);
    assert(!/[^\n\P{Cc}]|\p{Cf}|\p{Zl}|\p{Zp}/u.test(text), text);
  }
});

Deno.test("tables, pages and drawings show names the same way", () => {
  for (const [raw, expected] of NASTY) {
    assertEquals(table([["name", "x"], [raw, "1"]])[1], `${expected}  1`);
    assertEquals(svgText(0, 0, raw, 9).includes(`>${expected}<`), true);
    if (raw.includes("\n")) continue; // A page has lines of its own.
    assertEquals(
      html`<b title="${raw}">${raw}</b>`.text,
      `<b title="${expected}">${expected}</b>`,
    );
  }
});
