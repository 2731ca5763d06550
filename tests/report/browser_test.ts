/**
 * Pages in a real browser: nothing asked of a network, no complaint, the same
 * logits as onnxruntime-node's.
 *
 * @module
 */

/// <reference lib="dom" />
import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
} from "@std/assert";
import { join } from "node:path";
import { writeReport } from "../../lib/report/write.ts";
import { withTempDir } from "../tasks/_run.ts";
import { chromium, shownLogits, textOf, untilLive, visit } from "./_browser.ts";
import { runIn } from "./_runs.ts";
import { byNode, P } from "./_by_node.ts";

const ignore = chromium === undefined;

const LOOK = { probes: ["fourier"], threads: 1 } as const;

Deno.test({
  name:
    "a page from a file runs the network, asks for nothing, complains of nothing",
  ignore,
  fn: () =>
    withTempDir(async (dir) => {
      const run = await runIn(dir, "run");
      const { files } = await writeReport([run], LOOK);
      const path = join(run, "report.html");
      assertEquals(files.map(({ path }) => path), [path]);
      await visit(path, async ({ page, requests, complaints }) => {
        await untilLive(page);
        for (const [a, b] of [[3, 5], [22, 22], [0, 17]] as const) {
          for (const [i, value] of [a, b].entries()) {
            await page.click(`#live-place-${i}`, { count: 3 });
            await page.keyboard.type(String(value));
          }
          await page.waitForFunction(
            (name) =>
              document.querySelector<HTMLAnchorElement>("#live-csv")!
                .download === name,
            {},
            `logits-${a}-${b}.csv`,
          );
          const { logits, bound } = await byNode(run, a, b);
          const shown = await shownLogits(page);
          assertEquals(shown.length, P);
          shown.forEach((z, c) =>
            assert(
              Math.abs(z - logits[c]!) <= bound[c]!,
              `class ${c}: ${z} in the page, ${logits[c]} by node`,
            )
          );
        }
        assertEquals(requests, []);
        assertEquals(complaints, []);
      });
    }),
});

Deno.test({
  name: "the keyboard reaches everything, and turns it",
  ignore,
  fn: () =>
    withTempDir(async (dir) => {
      const run = await runIn(dir, "run");
      const out = join(dir, "page.html");
      await writeReport([run], { ...LOOK, out });
      await visit(out, async ({ page, complaints }) => {
        await untilLive(page);
        const before = await shownLogits(page);
        const seen = new Set<string>();
        const here = () =>
          page.evaluate(() => {
            const element = document.activeElement!;
            return element.id || element.className || element.textContent!;
          });
        await page.keyboard.press("Tab");
        assertEquals(await here(), "skip", "the first stop skips the head");
        for (let i = 0; i < 200 && await here() !== "live-reset"; i++) {
          const at = await here();
          seen.add(at);
          if (at === "live-alpha") {
            await page.keyboard.press("End");
            await page.waitForFunction(
              `document.getElementById("live-meter-float32").value > 0.9`,
            );
          }
          if (at === "number-live.filter") await page.keyboard.type("3");
          await page.keyboard.press(
            at === "number-live.filter" ? "Enter" : "Tab",
          );
          if (at === "number-live.filter") await page.keyboard.press("Tab");
        }
        for (
          const id of [
            "theme",
            "live-place-0",
            "live-place-1",
            "live-random",
            "live-csv",
            "live-alpha",
            "number-live.mask.layers.0.hook_post",
            "number-live.filter",
            "CSV",
            "JSON",
          ]
        ) assert(seen.has(id), `${id} is not among ${[...seen].join(", ")}`);
        // α = 16 and no frequency 3: the network is another.
        await page.waitForFunction(
          `document.getElementById("live-status").textContent.includes("frequency 3 of layers.0.W off")`,
        );
        assertMatch(await textOf(page, "#live-status"), /^α = 16\.0; /);
        const turned = await shownLogits(page);
        assertNotEquals(turned, before);
        const [a, b] = await page.$$eval(
          "#live-place-0, #live-place-1",
          (places) => places.map((x) => Number((x as HTMLInputElement).value)),
        );
        const { logits, bound } = await byNode(run, a!, b!, {
          alpha: 16,
          off: 3,
        });
        turned.forEach((z, c) =>
          assert(
            Math.abs(z - logits[c]!) <= bound[c]!,
            `class ${c}: ${z} in the page, ${logits[c]} by node`,
          )
        );
        await page.keyboard.press("Enter");
        await page.waitForFunction(
          `document.getElementById("live-status").textContent === "α = 1.00; nothing is switched off."`,
        );
        assertEquals(await shownLogits(page), before);
        assertEquals(complaints, []);
      });
    }),
});

Deno.test({
  name: "the runtime beside the page, names that are markup, dark and light",
  ignore,
  fn: () =>
    withTempDir(async (dir) => {
      const name = `<img src=x onerror=alert(1)> "onload="alert(2)`;
      const evil = `</script><script>alert(3)</script>`;
      const run = await runIn(dir, name);
      // A setting that is any text; what reads it is not in this experiment.
      const path = join(run, "config.json");
      const config = JSON.parse(await Deno.readTextFile(path));
      assert("mnist" in config);
      await Deno.writeTextFile(
        path,
        JSON.stringify({ ...config, mnist: evil }),
      );
      // As in a run of an older version, which no sums speak for.
      await Deno.remove(join(run, "SHA256SUMS"));
      const out = join(dir, "page.html");
      await writeReport([run], { ...LOOK, out, singleFile: false });
      const [runtime] = [...Deno.readDirSync(dir)]
        .map(({ name }) => name).filter((name) => name.endsWith(".js"));
      assertMatch(runtime!, /^onnxruntime-web-[\d.]+\.js$/);
      await visit(out, async ({ page, requests, complaints }) => {
        await untilLive(page);
        assertEquals(requests.map((url) => url.split("/").at(-1)), [runtime]);
        assertEquals(await textOf(page, "h1"), name);
        assertEquals(await page.$$("img, [onload], [onerror]"), []);
        const shown = await page.$$eval(
          "pre",
          (all) => all.map(({ textContent }) => textContent).join("\n"),
        );
        assert(shown.includes(evil));
        const ground = () =>
          page.evaluate(() =>
            getComputedStyle(document.documentElement).backgroundColor
          );
        const light = await ground();
        await page.click("#theme");
        assertNotEquals(await ground(), light);
        await page.click("#theme");
        assertEquals(await ground(), light);
        assertEquals(complaints, []);
      });
    }),
});

Deno.test({
  name: "three runs on a page, on a narrow screen too",
  ignore,
  fn: () =>
    withTempDir(async (dir) => {
      const runs = [
        await runIn(dir, "first"),
        await runIn(dir, "second", { loss: "softmax", perpGrad: false }),
        await runIn(dir, "third", {
          model: "transformer",
          dModel: 16,
          heads: 2,
          dMlp: 16,
        }),
      ];
      const out = join(dir, "page.html");
      await writeReport(runs, {
        ...LOOK,
        probes: ["fourier", "attention"],
        out,
      });
      await visit(out, async ({ page, requests, complaints }) => {
        await untilLive(page);
        const legend = await textOf(page, "#accuracy");
        for (const name of ["first", "second", "third"]) {
          assert(legend.includes(name), `${name} is not in ${legend}`);
        }
        for (const width of [1000, 390]) {
          await page.setViewport({ width, height: 800 });
          const [needed, there] = await page.evaluate(() => {
            const { scrollWidth, clientWidth } = document.documentElement;
            return [scrollWidth, clientWidth];
          });
          assertEquals(needed, there, `at ${width} pixels the page is wider`);
        }
        assertEquals(requests, []);
        assertEquals(complaints, []);
      });
    }),
});
