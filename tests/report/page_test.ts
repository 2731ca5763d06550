/// <reference lib="dom" />
/** The page itself: markup, tables, and nothing asked of a network. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { parseHTML } from "linkedom";
import { csvOf, jsonOf } from "../../lib/report/figures/figure.ts";
import { html, jsonBlock } from "../../lib/report/page/html.ts";
import { pageText } from "../../lib/report/page/page.ts";
import { makeReport } from "../../lib/report/report.ts";
import { withTempDir } from "../tasks/_run.ts";
import { runIn } from "./_runs.ts";
import { TINY } from "./_made.ts";

Deno.test("html escapes everything that is no markup of its own", () => {
  const evil = `<b a="'&`;
  assertEquals(
    html`<p title="${evil}">${[evil, html`<i>${1}</i>`, null]}</p>`.text,
    `<p title="&lt;b a=&quot;&#39;&amp;">&lt;b a=&quot;&#39;&amp;<i>1</i></p>`,
  );
  const block = jsonBlock("x", "</script><!--").text;
  assertEquals(block.split("</script").length, 2);
  assert(!block.includes("<!--"));
});

Deno.test("csvOf() and jsonOf() give a table back", () => {
  const data = { columns: ["a", 'b"'], rows: [["x,y", 1], ["\n", null]] };
  assertEquals(csvOf(data), 'a,"b"""\n"x,y",1\n"\n",\n');
  assertEquals(JSON.parse(jsonOf(data)), data);
});

Deno.test("a page says nothing that a network would be asked for", () =>
  withTempDir(async (dir) => {
    const name = `"><b onload="x`;
    const run = await runIn(dir, name, TINY);
    const report = await makeReport([run], { threads: 1 });
    const text = await pageText({ ...report, live: "none", script: "1;" });
    assert(!text.includes(name));
    const { document } = parseHTML(text) as unknown as { document: Document };
    assertEquals(document.querySelector("h1")!.textContent, name);
    assertEquals(document.querySelectorAll("b, [onload]").length, 0);
    const policy = document.querySelector("meta[http-equiv]")!
      .getAttribute("content")!;
    assertMatch(policy, /^default-src 'none'; img-src data:; /);
    assertMatch(policy, /script-src 'sha256-[^']+' 'wasm-unsafe-eval'; /);
    assertMatch(policy, /connect-src 'none'/);
    for (const element of document.querySelectorAll("[src], [href]")) {
      const at = element.getAttribute("src") ?? element.getAttribute("href")!;
      assertMatch(at, /^(#|data:)/, at.slice(0, 80));
    }
    // Every chart has a name, and its data.
    const figures = [...document.querySelectorAll("figure")];
    assertEquals(
      figures.map(({ id }) => id),
      [...report.curves, ...report.inside].map(({ id }) => id),
    );
    assertEquals(report.inside.map(({ id }) => id), [
      "run0-spectra",
      "run0-progress",
      "run0-components",
      "run0-neurons",
      "run0-logit",
      "run0-margin",
      "run0-answers",
      "run0-scaling",
    ]);
    for (const figure of figures) {
      const svg = figure.querySelector("svg")!;
      assertEquals(svg.getAttribute("role"), "img");
      assert(svg.getAttribute("aria-label")!.length > 20);
      assertEquals(
        [...figure.querySelectorAll("a[download]")]
          .map((a) => a.getAttribute("download")),
        [`${figure.id}.csv`, `${figure.id}.json`],
      );
    }
  }));
