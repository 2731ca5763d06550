import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { unzipSync } from "fflate";
import { join } from "node:path";
import { writePlayground } from "../../lib/play/write.ts";
import { UsageError } from "../../lib/base/errors.ts";
import { chromium, visit } from "../report/_browser.ts";
import { withTempDir } from "../tasks/_run.ts";

const LINK = "#task=add&modulus=11&share=60&model=mlp&layers=1&width=24" +
  "&seed=0&steps=100000&loss=stablemax&perp=on&lr=0.01&decay=0";

Deno.test("a place that cannot be is refused before the page is made", async () => {
  await withTempDir(async (dir) => {
    const out = join(dir, "page.html");
    await Deno.writeTextFile(out, "mine");
    await assertRejects(() => writePlayground(out), UsageError, "--overwrite");
    await assertRejects(
      () => writePlayground(join(dir, "page.txt")),
      UsageError,
      "*.html",
    );
    await assertRejects(
      () => writePlayground(join(dir, "none/page.html")),
      UsageError,
      "make it first",
    );
    assertEquals(await Deno.readTextFile(out), "mine");
  });
});

Deno.test({
  name: "a network is trained in the page: run, pause, change, download",
  ignore: !chromium,
  fn: () =>
    withTempDir(async (dir) => {
      const out = join(dir, "page.html");
      const bytes = await writePlayground(out);
      assert(bytes < 9e6, `${bytes} bytes`);
      await visit(out, async ({ page, requests, complaints }) => {
        await page.goto(`${page.url()}${LINK}`);
        await page.reload();
        const text = (id: string) =>
          page.$eval(`#${id}`, (element) => element.textContent ?? "");
        const until = (condition: string) =>
          page.waitForFunction(condition, { timeout: 60_000 });
        const step = async () =>
          Number((await text("step")).replaceAll(",", ""));
        const isReady = "!document.getElementById('run').disabled";
        await until(isReady);
        assertMatch(await text("size"), /72 pairs to train on/);

        await page.click("#run");
        await until("Number(document.getElementById('step').textContent) > 20");
        // What changes while it trains does not stop it.
        await page.select("[name=loss]", "softmax64");
        const changed = await step();
        await until(
          "Number(document.getElementById('step').textContent" +
            `.replaceAll(',', '')) > ${changed + 20}`,
        );
        assertEquals(await text("run"), "Pause");
        await page.click("#run"); // It says Pause now.
        await until("document.getElementById('run').textContent === 'Run'");
        const paused = await step();
        await page.click("#one");
        await until(
          "Number(document.getElementById('step').textContent" +
            `.replaceAll(',', '')) === ${paused + 1}`,
        );
        for (const id of ["accuracy", "loss", "spectrum", "circles"]) {
          assert(await page.$(`#${id} svg`), id);
        }

        // Downloads are caught where they would be saved.
        await page.evaluate(`globalThis.saved = new Promise((resolve) => {
          const make = URL.createObjectURL;
          URL.createObjectURL = (blob) => {
            blob.arrayBuffer().then((bytes) =>
              resolve(Array.from(new Uint8Array(bytes))));
            return make.call(URL, blob);
          };
        }); 1`);
        await page.$eval("[name=lr]", (field) => {
          (field as unknown as { value: string }).value = "0.002";
          field.dispatchEvent(new Event("change", { bubbles: true }));
        });
        await page.click("#save");
        const zip = Uint8Array.from(
          await page.evaluate("saved") as readonly number[],
        );
        const files = unzipSync(zip);
        const [folder] = Object.keys(files)[0]!.split("/");
        const config = JSON.parse(
          new TextDecoder().decode(files[`${folder}/config.json`]),
        );
        assertEquals(config.switches.length, 2);
        assertEquals(config.switches[0].config.loss, "softmax");
        assertEquals(config.switches[1].at, paused + 1);
        assertEquals(config.switches[1].config.lr, 0.002);

        // What cannot be is said, and nothing hangs.
        await page.$eval(
          "[name=modulus]",
          (field) => (field as unknown as { value: string }).value = "12",
        );
        await page.select("[name=task]", "divide");
        await page.click("#restart");
        await until(
          "/prime/.test(document.getElementById('status').textContent)",
        );
        assertEquals(complaints, []);
        assertEquals(
          requests.filter((url) =>
            !url.startsWith("blob:") && !url.startsWith("file:")
          ),
          [],
        );
      });
    }),
});
