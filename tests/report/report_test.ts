/// <reference lib="dom" />
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { decode } from "fast-png";
import { join } from "node:path";
import { parseHTML } from "linkedom";
import { type Config, resolveConfig } from "../../lib/config/config.ts";
import { UsageError } from "../../lib/base/errors.ts";
import { FileError } from "../../lib/base/files.ts";
import { curveFigures } from "../../lib/report/figures/curves.ts";
import { csvOf, jsonOf } from "../../lib/report/figures/figure.ts";
import { heatMapSvg, numberTicks } from "../../lib/charts/heat_map.ts";
import { html, jsonBlock } from "../../lib/report/page/html.ts";
import { pageText } from "../../lib/report/page/page.ts";
import { pngOf } from "../../lib/charts/png.ts";
import { makeReport, readGroups } from "../../lib/report/report.ts";
import { groupsOf, readRuns, type ReportRun } from "../../lib/report/runs.ts";
import { logTicks } from "../../lib/charts/ticks.ts";
import { verdictsOn } from "../../lib/report/page/verdict.ts";
import {
  commandOf,
  groupNotes,
  sentence,
} from "../../lib/report/page/words.ts";
import { withTempDir } from "../tasks/_run.ts";
import { writeSums } from "../train/_runs.ts";
import { runIn } from "./_runs.ts";

const TINY = { modulus: 7, hidden: [8], steps: 20, checkpointEvery: 10 };

/** A run that was never trained. */
function made(
  name: string,
  config: Partial<Config> = {},
  rows: readonly Record<string, number | null>[] = [],
): ReportRun {
  return {
    path: name,
    name,
    config: resolveConfig(config),
    manifest: {
      groklab: "0",
      started: "then",
      command: [],
      versions: {},
      lock: null,
      device: { os: "x", arch: "y", cores: 1, provider: "onnx/cpu" },
      git: null,
    },
    rows: rows as unknown as ReportRun["rows"],
    summary: undefined,
    checkpoints: [],
  };
}

const row = (step: number, test_accuracy: number | null) => ({
  step,
  test_accuracy,
  train_accuracy: 1,
});

Deno.test("groupsOf() lays runs together that differ in seed and place only", () => {
  const groups = groupsOf([
    made("a", { seed: 0 }),
    made("b", { seed: 1, threads: 2 }),
    made("c", { seed: 0, lr: 0.1 }),
  ]);
  assertEquals(
    groups.map(({ label, runs }) => [label, runs.map(({ name }) => name)]),
    [["a and 1 more", ["a", "b"]], ["c", ["c"]]],
  );
});

Deno.test("groupsOf() tells runs that nobody named by their settings", () => {
  const name = "2026-11-27T20-13-49-add113-mlp-seed0";
  const groups = groupsOf([
    made(name, { loss: "stablemax" }),
    made(`${name}-2`, { loss: "softmax", perpGrad: false }),
  ]);
  assertEquals(groups.map(({ label }) => label), [
    "loss stablemax, perp-grad true",
    "loss softmax, perp-grad false",
  ]);
});

Deno.test("groupsOf() gives runs of one name labels that differ", () => {
  const labels = (...runs: ReportRun[]) =>
    groupsOf(runs).map(({ label }) => label);
  assertEquals(labels(made("run"), made("run", { lr: 0.1 })), [
    "lr 0.01",
    "lr 0.1",
  ]);
  const long = "x".repeat(60);
  assertEquals(labels(made(`${long}1`), made(`${long}2`, { lr: 0.1 })), [
    "lr 0.01",
    "lr 0.1",
  ]);
});

Deno.test("groupNotes() says what cannot be compared", () => {
  const notes = (...configs: Partial<Config>[]) =>
    groupNotes(groupsOf(configs.map((config, i) => made(`${i}`, config))));
  assertEquals(notes({}, { lr: 0.1 }), []);
  assertMatch(notes({}, { loss: "softmax" }).join(), /different losses/);
  assertMatch(notes({}, { task: "parity" }).join(), /different tasks/);
});

Deno.test("curves of a band are the median between the least and the most", () => {
  const runs = [0, 1, 2].map((seed) =>
    made(`${seed}`, { seed }, [
      row(10, [0.1, 0.2, 0.6][seed]!),
      row(20, [1, 0.5, 0.9][seed]!),
      row(30, null),
      ...(seed === 0 ? [row(40, 1)] : []),
    ])
  );
  const figures = curveFigures(groupsOf(runs));
  assertEquals(figures.map(({ id }) => id), ["accuracy"]);
  const [{ svg, data }] = figures as [(typeof figures)[0]];
  assertMatch(svg, /band: least to most over the seeds/);
  assertMatch(svg, /memorised, grokked/);
  assertEquals(data.columns, [
    "run",
    "seed",
    "step",
    "test_accuracy",
    "train_accuracy",
  ]);
  assertEquals(data.rows.length, 10);
  assertEquals(data.rows[2], ["0", 0, 30, null, 1]);
});

Deno.test("a band goes on where one of its runs ended, and says so", () => {
  const rows = (last: number, accuracy: number) =>
    [10, 20, 30, 40].filter((step) => step <= last)
      .map((step) => row(step, accuracy));
  const ended = made("b", { seed: 1 }, [...rows(20, 0.2), row(25, 0.1)]);
  const [figure] = curveFigures(
    groupsOf([made("a", { seed: 0 }, rows(40, 0.6)), ended]),
  );
  assertMatch(figure!.caption, /ended earlier/);
  const whole = curveFigures(groupsOf([made("a", {}, rows(40, 0.6))]));
  assert(!/ended earlier/.test(whole[0]!.caption));
  // The median of both at 10 and 20, of the one that came so far at 30 and 40; at
  // 25, where the other ended, none.
  const [test] = [...figure!.svg.matchAll(/ d="(M[^"Z]*)"/g)]
    .map(([, d]) => d!.slice(1).split("L").map((point) => point.split(",")[1]))
    .filter((ys) => ys.length > 2);
  assertEquals(test!.length, 4);
  assertEquals([test![0] === test![1], test![1] === test![2]], [true, false]);
});

Deno.test("memorised and grokked are marked where half of the runs are there", () => {
  const marked = (...last: number[]) => {
    const runs = last.map((accuracy, seed) =>
      made(`${seed}`, { seed }, [row(10, 0), row(20, accuracy)])
    );
    const [figure] = curveFigures(groupsOf(runs));
    return figure!.svg.match(/stroke-dasharray="1 3"/g)?.length;
  };
  // All have memorised: that line is always there.
  assertEquals(marked(1, 0, 0, 0, 0), marked(0, 0, 0, 0, 0));
  assertEquals(marked(1, 1, 1, 0, 0), marked(1, 1, 1, 1, 1));
  assert(marked(1, 1, 1, 0, 0) !== marked(1, 1, 0, 0, 0));
});

Deno.test("verdictsOn() gives cos(w, −gradient) as a share", () => {
  const said = (cos: number, config: Partial<Config> = {}) =>
    verdictsOn(
      made("x", config, [{ ...row(10, 1), cos_weight_neg_gradient: cos }]),
      undefined,
    ).at(-1);
  assertEquals(
    said(0.5, { perpGrad: false }),
    "cos(w, −gradient) is 0.50: 25.0 % of the gradient's square only scales " +
      "the weights up.",
  );
  assertMatch(said(0.9)!, /81.0 % .* and ⊥Grad takes that part away\.$/);
  assertMatch(said(-0.5)!, /25.0 % .* only scales them down\.$/);
});

Deno.test("verdictsOn() speaks of the loss that a run was switched to", () => {
  const switches = [{ at: 5, config: { loss: "softmax" } }] as const;
  const collapse = (step: number) =>
    verdictsOn(
      made("x", { loss: "stablemax", switches }, [row(step, 1)]),
      undefined,
    ).find((sentence) => sentence.includes("Softmax Collapse"))!;
  assertMatch(collapse(4), /as a softmax of the same logits/);
  assert(!collapse(6).includes("as a softmax"));
});

Deno.test("commandOf() repeats a run in a shell", () => {
  assertEquals(commandOf(resolveConfig({})), "deno task train");
  assertEquals(
    commandOf(resolveConfig({
      loss: "softmax",
      perpGrad: false,
      hidden: [16, 8],
      metrics: ["basic", "margin"],
      seed: 3,
    })),
    "deno task train --hidden 16,8 --loss softmax --no-perp-grad --seed 3 " +
      "--metrics basic,margin",
  );
  assertEquals(
    commandOf(resolveConfig({ task: "mnist", mnist: "it's; rm" })),
    "deno task train --task mnist --mnist 'it'\\''s; rm'",
  );
  // Only its config.json says when what changed.
  const switches = [{ at: 5, config: { lr: 0.1 } }];
  assertEquals(commandOf(resolveConfig({ switches })), null);
});

Deno.test("sentence() says what was done, and how it ended", () => {
  assertEquals(
    sentence(made("x", {}, [row(10, 0.2), row(20, 0.995)])),
    "MLP 200–200 on add mod 113, 40.0 % of the rows (5,107 of 12,769), " +
      "stablemax cross-entropy in float32, ⊥adamw at learning rate 0.01, 500 " +
      "steps: at step 20 so far, it memorised at step 10 and grokked at step " +
      "20.",
  );
});

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

Deno.test("logTicks() are round numbers inside the values, about seven at most", () => {
  assertEquals(logTicks([10, 500]), [10, 20, 50, 100, 200, 500]);
  assertEquals(logTicks([0, 1e-4, 100_000]), [1e-4, 1e-2, 1, 100, 10_000]);
  assertEquals(logTicks([3, 4]), [3, 4]);
  assertEquals(logTicks([2.02, 4.8]), [3, 4]);
  assertEquals(logTicks([3.04, 3.31]), [3.1, 3.2, 3.3]);
  assertEquals(logTicks([3.01, 3.02]), undefined);
  assertEquals(logTicks([]), undefined);
});

Deno.test("a heat map's cells are pixels, the first row below", () => {
  const svg = heatMapSvg({
    title: "<t>",
    colour: { label: "c", kind: "sequential", domain: [0, 1] },
    panels: [{
      title: "",
      x: { label: "x", ticks: numberTicks(3) },
      y: { label: "y", ticks: numberTicks(2) },
      cells: [[0, 1, NaN], [1, 1, 0]],
    }],
  });
  assertMatch(svg, /&lt;t&gt;/);
  const images = [...svg.matchAll(/href="data:image\/png;base64,([^"]+)"/g)]
    .map(([, base64]) => decode(Uint8Array.fromBase64(base64!)));
  const { width, height, data } = images.at(-1)!;
  assertEquals([width, height], [3, 2]);
  // The ends of viridis, and grey for what is no number.
  const [low, high, gap] = [[68, 1, 84], [253, 231, 37], [190, 190, 190]];
  assertEquals([...data], [high, high, low, low, high, gap].flat());
});

Deno.test("pngOf() draws letters on a machine without fonts", async () => {
  const svg = (text: string) =>
    `<svg xmlns="http://www.w3.org/2000/svg" width="60" height="20" ` +
    `font-family="system-ui, sans-serif"><rect width="60" height="20" ` +
    `fill="#fff"/><text x="2" y="15" fill="#000">${text}</text></svg>`;
  const dark = async (text: string) => {
    const { width, height, channels, data } = decode(await pngOf(svg(text)));
    assertEquals([width, height], [120, 40]);
    return [...data].filter((x, i) => i % channels === 0 && x < 128).length;
  };
  assertEquals(await dark(""), 0);
  assert(await dark("θ ⊥ α") > 50);
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

for (const encoding of ["scalar", "binary"] as const) {
  Deno.test(`logits over all pairs of numbers in ${encoding} encoding`, () =>
    withTempDir(async (dir) => {
      const run = await runIn(dir, encoding, {
        ...TINY,
        encoding,
        checkpointEvery: null,
      });
      const { inside } = await makeReport([run], {
        probes: ["logit-scaling"],
        threads: 1,
      });
      const logit = inside.find(({ id }) => id === "run0-logit")!;
      assertEquals(
        logit.data.rows.map(([a, b, label]) => [a, b, label]),
        Array.from({ length: 49 }, (_, i) => {
          const [a, b] = [Math.floor(i / 7), i % 7];
          return [a, b, (a + b) % 7];
        }),
      );
    }));
}

Deno.test("attention is drawn head by head, parity has nothing over pairs", () =>
  withTempDir(async (dir) => {
    const transformer = await runIn(dir, "transformer", {
      ...TINY,
      model: "transformer",
      dModel: 8,
      heads: 2,
      dMlp: 8,
      checkpointEvery: null,
    });
    const parity = await runIn(dir, "parity", {
      task: "parity",
      bits: 8,
      samples: 100,
      hidden: [8],
      steps: 20,
      checkpointEvery: null,
    });
    const { inside, groups } = await makeReport([transformer, parity], {
      probes: ["fourier"],
      threads: 1,
    });
    assertEquals(inside.map(({ id }) => id), [
      "run0-components",
      "run0-neurons",
      "run0-logit",
      "run0-margin",
      "run0-answers",
      "run0-attention-blocks-0-0",
      "run0-attention-blocks-0-1",
      "run0-scaling",
      "run1-scaling",
    ]);
    assertMatch(groupNotes(groups).join(), /different tasks/);
    const weights = inside[5]!.data.rows.map(([, , weight]) => Number(weight));
    assertEquals(weights.length, 49);
    assert(weights.every((w) => w > 0 && w < 1));
  }));

Deno.test("readRuns() says what a folder lacks", () =>
  withTempDir(async (dir) => {
    await assertRejects(
      () => readRuns(join(dir, "none")),
      FileError,
      "there is no such folder",
    );
    await assertRejects(() => readRuns(dir), FileError, "no manifest.json");
    const run = await runIn(dir, "run", TINY);
    const config = join(run, "config.json");
    await Deno.writeTextFile(config, `{"modulus": -1}`);
    await assertRejects(
      () => readRuns(run),
      FileError,
      "not as it was written",
    );
    await writeSums(run);
    await assertRejects(() => readRuns(run), UsageError, "--modulus");
    await Deno.writeTextFile(config, `{"modulus": 7`);
    await writeSums(run);
    await assertRejects(
      () => readRuns(run),
      SyntaxError,
      "line 1 is no JSON (it ends in the middle)",
    );
  }));

Deno.test("readGroups() takes a folder of replicas for its runs", () =>
  withTempDir(async (dir) => {
    for (const seed of [0, 1]) {
      await runIn(join(dir, "band"), `replica-${seed}`, { ...TINY, seed });
    }
    const [group, ...others] = await readGroups([join(dir, "band")]);
    assertEquals(others, []);
    assertEquals(group!.label, "band/replica-0 and 1 more");
    assertEquals(group!.runs.map(({ config }) => config.seed), [0, 1]);
  }));
