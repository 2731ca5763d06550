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
import {
  changeWeight,
  scaleWeight,
} from "../../lib/onnx/inspect/weight_edits.ts";
import { hostTensorOf, toNumbers } from "../../lib/numeric/tensor.ts";
import { loadProbeModel } from "../../lib/onnx/inspect/load_probe_model.ts";
import { findCheckpoint } from "../../lib/runs/read.ts";
import { writeReport } from "../../lib/report/write.ts";
import { withTempDir } from "../tasks/_run.ts";
import { chromium, shownLogits, textOf, untilLive, visit } from "./_browser.ts";
import { runIn, SMALL } from "./_runs.ts";

const ignore = chromium === undefined;
const P = SMALL.modulus!;
const LOOK = { probes: ["fourier"], threads: 1 } as const;

/** What is turned in a page: α, and a frequency of the embedding off. */
interface Turned {
  readonly alpha: number;
  readonly off: number;
}

/** The table I − (2/p)·(cos cosᵀ + sin sinᵀ) of a frequency, or I. */
function filter(off: number | undefined): number[][] {
  const residues = Array.from({ length: P }, (_, n) => n);
  return residues.map((n) =>
    residues.map((m) =>
      Number(n === m) -
      (off === undefined
        ? 0
        : 2 / P * Math.cos(2 * Math.PI * off * (n - m) / P))
    )
  );
}

/**
 * The logits of a pair by onnxruntime-node, and how far rounding may take any
 * other order of the same sums away from them.
 *
 * Each logit is a sum of products along paths; with A the same network of
 * absolute weights, every float32 evaluation is within γ·A of the exact value,
 * γ = k·u/(1 − k·u) with u = 2⁻²⁴ and k the operations on a path (Higham, Accuracy
 * and Stability of Numerical Algorithms, Section 3.1; ReLU adds nothing). Two
 * evaluations are within 2γ·A of each other. Filtered rows of an embedding are sums,
 * too, of the filter's entries times the weights.
 */
async function byNode(
  run: string,
  a: number,
  b: number,
  { alpha, off }: Partial<Turned> = {},
): Promise<{ logits: Float64Array; bound: number[] }> {
  const F = filter(off);
  const filtered = (
    values: Float64Array,
    half: number,
    row: number,
    j: number,
    size = (x: number) => x,
  ) => {
    const width = values.length / (2 * P);
    return F[row]!.reduce(
      (sum, f, n) => sum + size(f * values[(half * P + n) * width + j]!),
      0,
    );
  };
  const loaded = await loadProbeModel(await findCheckpoint(run), {
    threads: 1,
  });
  const original = toNumbers(loaded.weight("layers.0.W")!);
  const model = loaded.edited(
    changeWeight("layers.0.W", (values, [, width]) =>
      values.map((_, i) => {
        const [row, j] = [Math.floor(i / width!), i % width!];
        return filtered(values, Math.floor(row / P), row % P, j);
      })),
    ...loaded.weightNames.map((name) => scaleWeight(name, alpha ?? 1)),
  );
  await loaded.close();
  const tokens = hostTensorOf("int64", [1, 2], [a, b]);
  const { logits } = await model.run({ tokens });
  const weights = [0, 1, 2].map((i) => model.weight(`layers.${i}.W`)!);
  await model.close();
  const [, ...others] = weights.map((weight) => toNumbers(weight));
  const width = weights[0]!.shape[1]!;
  let path = Array.from(
    { length: width },
    (_, j) =>
      (alpha ?? 1) * (filtered(original, 0, a, j, Math.abs) +
        filtered(original, 1, b, j, Math.abs)),
  );
  // A sum of two rows; each filtered, and every weight multiplied.
  let operations = 1 + (off === undefined ? 0 : 2 * P) + (alpha ? 3 : 0);
  for (const W of others) {
    const columns = W.length / path.length;
    operations += path.length;
    path = Array.from(
      { length: columns },
      (_, c) =>
        path.reduce((s, x, j) => s + x * Math.abs(W[j * columns + c]!), 0),
    );
  }
  const gamma = operations * 2 ** -24 / (1 - operations * 2 ** -24);
  return {
    logits: toNumbers(logits!),
    bound: path.map((x) => 2 * gamma * x),
  };
}

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
