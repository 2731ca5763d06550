/**
 * A sweep's report: which keys are axes, what cells show, where they lead.
 */

/// <reference lib="dom" />
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { parseHTML } from "linkedom";
import { join } from "node:path";
import { UsageError } from "../../lib/base/errors.ts";
import { FileError } from "../../lib/base/files.ts";
import type { SweepRecord } from "../../lib/sweeps/collecting/records.ts";
import { writeEnded } from "../../lib/sweeps/files.ts";
import { runPath, SWEEP } from "../../lib/sweeps/layout.ts";
import { chosenCells } from "../../lib/sweeps/reporting/bands.ts";
import { laidOut } from "../../lib/sweeps/reporting/laid_out.ts";
import { mapsOf } from "../../lib/sweeps/reporting/maps.ts";
import { MEASURES } from "../../lib/sweeps/reporting/measures.ts";
import { writeSweepReport } from "../../lib/sweeps/reporting/write.ts";
import { chromium, visit } from "../report/_browser.ts";
import { withTempDir } from "../tasks/_run.ts";
import { endedOf, record, sweepWith } from "./_records.ts";
import { sweepOf } from "./_sweep.ts";

type Grid = Readonly<Record<string, readonly unknown[]>>;

const pointsOf = (grid: Grid): Record<string, unknown>[] =>
  Object.entries(grid).reduce<Record<string, unknown>[]>(
    (points, [key, values]) =>
      points.flatMap((point) =>
        values.map((value) => ({ ...point, [key]: value }))
      ),
    [{}],
  );

const grid = (values: Grid, of = (_: Record<string, unknown>) => ({})) =>
  sweepWith(
    pointsOf(values).map((point) => record(point, "done", of(point))),
    Object.keys(values),
  );

const FOUR = {
  loss: ["softmax", "stablemax"],
  lr: [0.1, 0.01, 0.001],
  weightDecay: [0, 1],
  modulus: [5, 7, 11, 13],
  seed: [0, 1],
};

Deno.test("laidOut() takes the keys of the most values, and a map for each of the rest", () => {
  const { x, y, by, panels, cells, pooled } = laidOut(grid(FOUR));
  assertEquals([x?.key, y?.key], ["modulus", "lr"]);
  // Of as many values numbers come first.
  assertEquals(by.map(({ key }) => key), ["weightDecay", "loss"]);
  assertEquals(panels.map(({ title }) => title), [
    "weightDecay 0, loss softmax",
    "weightDecay 1, loss softmax",
    "weightDecay 0, loss stablemax",
    "weightDecay 1, loss stablemax",
  ]);
  assertEquals([cells.length, pooled], [48, []]);
  assert(cells.every(({ records }) => records.length === 2));
  // Row by row from below, each from the left.
  assertEquals(
    panels[1]!.cells.slice(0, 5).map(({ records: [run] }) =>
      [run!.values["lr"], run!.values["modulus"]] as const
    ),
    [[0.001, 5], [0.001, 7], [0.001, 11], [0.001, 13], [0.01, 5]],
  );
});

Deno.test("laidOut() says what cells pool over where there is no room, or it is asked for", () => {
  const many = grid({
    ...FOUR,
    hidden: [[4], [8], [16], [32]],
    perpGrad: [true, false],
  });
  const { by, pooled, panels } = laidOut(many);
  // 3 × 2 × 2 maps fit; 24 do not.
  assertEquals(by.map(({ key }) => key), ["lr", "weightDecay", "loss"]);
  assertEquals([panels.length, pooled], [12, ["perpGrad"]]);
  const none = laidOut(grid(FOUR), { by: [] });
  assertEquals(none.pooled, ["loss", "weightDecay"]);
  const asked = laidOut(grid(FOUR), { x: "loss", y: "seed", by: ["lr"] });
  assertEquals(
    [asked.x!.key, asked.y!.key, asked.by[0]!.key, asked.pooled],
    ["loss", "seed", "lr", ["weightDecay", "modulus"]],
  );
});

Deno.test("laidOut() holds what at says, and confounds nothing in silence", () => {
  const held = laidOut(grid(FOUR), {
    at: { loss: ["softmax"], modulus: [5, 13] },
  });
  assertEquals(held.records.length, 3 * 2 * 2 * 2);
  assertEquals(held.varying, ["lr", "weightDecay", "modulus", "seed"]);
  assertEquals(held.pooled, []);
  // The rate was never varied alone: one axis, and the other is named.
  const records = [[0.1, 8], [0.2, 16], [0.3, 32]].flatMap(([lr, batchSize]) =>
    [0, 1].map((seed) => record({ lr, batchSize, seed }))
  );
  const both = laidOut(sweepWith(records, ["lr", "batchSize", "seed"]));
  assertEquals([both.x?.key, both.y], ["lr", undefined]);
  assertEquals(both.together, [["batchSize", "lr"]]);
  assertEquals(both.pooled, []);
  const other = laidOut(sweepWith(records, ["lr", "batchSize", "seed"]), {
    x: "batchSize",
  });
  assertEquals([other.x?.key, other.y], ["batchSize", undefined]);
  // One that only follows from another is not the same as that.
  const follows = [[0.1, "a"], [0.2, "a"], [0.3, "b"]].map(([lr, loss]) =>
    record({ loss, lr })
  );
  const apart = laidOut(sweepWith(follows, ["loss", "lr"]));
  assertEquals([apart.x?.key, apart.y?.key], ["lr", "loss"]);
  assertEquals(apart.together, []);
  // Nor are random draws, of which no two have the same of anything.
  const draws = [[0.1, 5], [0.3, 2], [0.2, 9]].map(([lr, weightDecay]) =>
    record({ lr, weightDecay })
  );
  const drawn = laidOut(sweepWith(draws, ["lr", "weightDecay"]));
  assertEquals([drawn.x?.key, drawn.y?.key], ["lr", "weightDecay"]);
  const falling = [[1, 3, "c"], [2, 2, "a"], [3, 1, "b"]].map(
    ([lr, weightDecay, loss]) => record({ lr, weightDecay, loss }),
  );
  assertEquals(
    laidOut(sweepWith(falling, ["lr", "weightDecay", "loss"])).together,
    [["weightDecay", "lr"], ["loss", "lr"]],
  );
});

Deno.test("laidOut() does with no axis, and without seeds", () => {
  const seeds = laidOut(grid({ seed: [0, 1, 2] }));
  assertEquals(
    [seeds.x, seeds.y, seeds.cells.length, seeds.cells[0]!.records.length],
    [undefined, undefined, 1, 3],
  );
  const single = laidOut(sweepWith([record({})], []));
  assertEquals(single.cells.length, 1);
  const alone = laidOut(grid({ lr: [0.1, 0.2], modulus: [5, 7, 11] }));
  assertEquals(alone.cells.map(({ records }) => records.length), [
    ...[1, 1, 1, 1, 1, 1],
  ]);
});

Deno.test("laidOut() refuses keys that do not differ, are said twice, and values of none", () => {
  const sweep = grid({ lr: [0.1, 0.01], seed: [0, 1] });
  const says = (options: Parameters<typeof laidOut>[1], text: string) =>
    assertStringIncludes(
      assertThrows(() => laidOut(sweep, options), UsageError).message,
      text,
    );
  says({ x: "modulus" }, "got modulus: choose from lr, seed");
  says({ by: ["lr", "lr"] }, "lr must be one axis, got it as by and as by");
  says({ x: "lr", y: "lr" }, "got it as x and as y");
  says({ at: { lr: [0.5] } }, "got 0.5: there are 0.1, 0.01");
  says({ at: { modulus: [5] } }, "at must be a key in which the runs differ");
});

const measure = (id: string) => MEASURES.find((each) => each.id === id)!;

/** The words in a map's cells, by what their titles begin with. */
function cellsIn(svg: string): Record<string, string> {
  const { document } = parseHTML(svg) as unknown as { document: Document };
  return Object.fromEntries(
    [...document.querySelectorAll("a, svg > g g")].flatMap((cell) => {
      const title = cell.querySelector("title")?.textContent;
      const words = [...cell.querySelectorAll("text")]
        .map(({ textContent }) => textContent).join(" | ");
      return title ? [[title.split(":")[0]!, words]] : [];
    }),
  );
}

const mixed = (): SweepRecord[] => {
  const at = (lr: number, seed: number) => ({ lr, seed });
  return [
    record(at(1, 0), "done", { memorised: 5, grokked: 100, accuracy: 1 }),
    record(at(1, 1), "done", { memorised: 5, accuracy: 0.5 }),
    record(at(2, 0), "done", { memorised: 10 }),
    record(at(2, 1), "diverged"),
    record(at(2, 2), "waiting"),
    record(at(3, 0), "diverged"),
    record(at(3, 1), "failed"),
    record(at(4, 0), "training"),
    record(at(4, 1), "waiting"),
    record(at(5, 0), "diverged"),
    record(at(5, 1), "waiting"),
  ];
};

Deno.test("maps show what diverged, failed and is missing as such, and never as 0", () => {
  const layout = laidOut(sweepWith(mixed(), ["lr", "seed"]));
  const words = (id: string) =>
    cellsIn(mapsOf(layout, measure(id), true)[0]!.svg);
  assertEquals(words("grokked"), {
    "lr 1": "1/2",
    "lr 2": "0/2 | 1 div. 1 open",
    "lr 3": "1 div. | 1 failed",
    "lr 4": "2 open",
    "lr 5": "1 div. | 1 open",
  });
  assertEquals(words("grokked-at"), {
    "lr 1": "100",
    "lr 2": "> 500 | 1 div. 1 open",
    "lr 3": "1 div. | 1 failed",
    "lr 4": "2 open",
    "lr 5": "1 div. | 1 open",
  });
  const grey = mapsOf(layout, measure("grokked-at"), true)[0]!.svg;
  assertEquals(grey.match(/fill="#d9d9d9"/g)?.length, 1);
  assertEquals(words("delay")["lr 1"], "95");
  assertEquals(words("delay")["lr 2"], "> 490 | 1 div. 1 open");
  assertEquals(words("test-accuracy")["lr 1"], "75 %");
  const { svg, data } = mapsOf(layout, measure("grokked"), true)[0]!;
  // Colours of those with a share only: two cells. One is crossed out, two are
  // outlined.
  assertEquals(svg.match(/<rect [^>]*fill="rgb/g)?.length, 2);
  assertEquals(svg.match(/<path /g)?.length, 1);
  assertEquals(svg.match(/stroke-dasharray/g)?.length, 2);
  assertMatch(svg, /<title>Share of the runs[^<]*<\/title>\s*<desc>[^<]+lr 1/);
  assertEquals(data.columns, [
    ...["lr", "runs", "done", "diverged", "failed", "open", "grokked"],
    ...["share", "low", "high"],
  ]);
  assertEquals(data.rows.map((row) => row.slice(0, 8)), [
    [1, 2, 2, 0, 0, 0, 1, 0.5],
    [2, 3, 1, 1, 0, 1, 0, 0],
    [3, 2, 0, 1, 1, 0, 0, null],
    [4, 2, 0, 0, 0, 2, 0, null],
    [5, 2, 0, 1, 0, 1, 0, null],
  ]);
});

Deno.test("a map without a number has no scale, and a page says what it holds together", () =>
  withTempDir(async (dir) => {
    const folder = join(dir, "sweep");
    await sweepOf(
      folder,
      pointsOf({ lr: [0.1, 0.2], loss: ["mse", "softmax"] }),
    );
    const written = await writeSweepReport(folder, { by: [], y: "loss" });
    assertEquals([written.cells, written.pooled], [4, []]);
    const page = () => Deno.readTextFile(join(folder, "report.html"));
    const empty = await page();
    assert(!empty.includes("<image "));
    assertStringIncludes(empty, "each cell is a single run");
    const pooling = await writeSweepReport(folder, {
      x: "loss",
      by: [],
      at: { loss: ["mse", "softmax"] },
      overwrite: true,
    });
    assertEquals(pooling.axes, { x: "loss", y: "lr", by: [] });
    const draws = Array.from({ length: 30 }, (_, i) => ({
      lr: (i + 1) / 100,
      seed: 0,
    }));
    await sweepOf(folder, draws);
    const binned = await writeSweepReport(folder, { overwrite: true });
    assertEquals([binned.cells, binned.pooled], [12, ["lr"]]);
    assertStringIncludes(await page(), "Of lr there are so many values");
    assert(!(await page()).includes("--at"));
  }));

Deno.test("maps for files are all panels on a sheet, and lead nowhere", () => {
  const layout = laidOut(grid(FOUR), { x: "lr", y: "weightDecay" });
  const [sheet, ...more] = mapsOf(layout, measure("grokked"), false);
  assertEquals([sheet!.id, more], ["grokked", []]);
  assert(!sheet!.svg.includes("<a "));
  assertStringIncludes(sheet!.svg, "modulus 13, loss stablemax");
  const apart = mapsOf(layout, measure("grokked"), true);
  assertEquals(apart.map(({ id }) => id), [
    ...[1, 2, 3, 4, 5, 6, 7, 8].map((n) => `grokked-${n}`),
  ]);
  const links = apart.flatMap(({ svg }) =>
    [...svg.matchAll(/<a href="#(cell-\d+)"/g)].map(([, id]) => id)
  );
  assertEquals(new Set(links).size, layout.cells.length);
  const pooling = laidOut(grid(FOUR), { by: [] });
  assertStringIncludes(
    mapsOf(pooling, measure("delay"), true)[0]!.svg,
    "Cells pool over loss, weightDecay.",
  );
});

Deno.test("panels' headings say all keys that tell them apart, in lines that fit", () => {
  const layout = laidOut(
    grid({
      lr: [0.1, 0.01],
      loss: ["softmax", "stablemax"],
      perpGrad: [false, true],
      lossPrecision: ["float16", "float32", "float64"],
    }),
    { x: "lr", by: ["loss", "perpGrad", "lossPrecision"] },
  );
  const [sheet] = mapsOf(layout, measure("grokked"), false);
  const lines = [
    ...sheet!.svg.matchAll(
      /<text x="(\d+)" y="(\d+)" font-size="12" font-weight="600"[^>]*>([^<]*)</g,
    ),
  ].map(([, x, y, text]) => ({ x: Number(x), y: Number(y), text: text! }));
  const headings = lines.map(({ x, y, text }) => {
    const below = lines.find((it) => it.x === x && it.y === y + 15);
    return below && `${text} ${below.text}`;
  }).filter((text) => text !== undefined);
  assertEquals(headings, layout.panels.map(({ title }) => title));
  assertEquals(new Set(headings).size, 12);
  // 12 pixels high, 0.62 of it wide, in 332 pixels.
  assert(lines.every(({ text }) => text.length <= 44));
});

Deno.test("chosenCells() are the best, a middle one and the worst, or those that are named", () => {
  const steps = [300, 100, null, null, null];
  const layout = laidOut(
    sweepWith(
      [...steps, 200].flatMap((grokked, lr) =>
        [0, 1].map((seed) =>
          record({ lr, seed }, "done", {
            // The last one grokked with one seed of two.
            grokked: lr === 5 && seed === 1 ? null : grokked,
            accuracy: lr === 3 ? 0.1 : 0.5,
          })
        )
      ),
      ["lr", "seed"],
    ),
  );
  const rates = (cells: ReturnType<typeof chosenCells>) =>
    cells.map(({ records }) => records[0]!.values["lr"]);
  assertEquals(rates(chosenCells(layout, undefined)), [1, 5, 3]);
  assertEquals(rates(chosenCells(layout, [{ lr: 2 }, { lr: 0 }])), [2, 0]);
  assertThrows(() => chosenCells(layout, [{ lr: 7 }]), UsageError, "lr=7");
  assertThrows(
    () => chosenCells(layout, [{ hidden: 7 }]),
    UsageError,
    "hidden",
  );
});

/** Four runs of two rates, the first of which grokked and has metrics. */
async function small(folder: string) {
  const runs = await sweepOf(
    folder,
    [0.001, 0.01].flatMap((lr) => [0, 1].map((seed) => ({ lr, seed }))),
  );
  await writeEnded(
    folder,
    endedOf(runs[0]!.id, "done", { memorised: 10, grokked: 20, accuracy: 1 }),
  );
  await writeEnded(folder, {
    ...endedOf(runs[2]!.id, "diverged"),
    reason: "<script>alert(1)</script>",
  });
  const run = runPath(folder, runs[0]!.id);
  await Deno.mkdir(run, { recursive: true });
  await Deno.writeTextFile(
    join(run, "metrics.jsonl"),
    [0, 10, 20].map((step) =>
      JSON.stringify({
        step,
        train_accuracy: step / 20,
        test_accuracy: step / 40,
      }) + "\n"
    ).join(""),
  );
  await Deno.writeTextFile(join(run, "report.html"), "a report");
  return runs;
}

Deno.test("the page leads from cells to runs, by relative names", () =>
  withTempDir(async (dir) => {
    const folder = join(dir, "a sweep#1");
    const runs = await small(folder);
    await Deno.writeTextFile(
      join(runPath(folder, runs[0]!.id), "labels.json"),
      '{"name":"the best"}',
    );
    const { files, axes, runs: count } = await writeSweepReport(folder);
    assertEquals(files.map(({ path }) => path), [join(folder, "report.html")]);
    assertEquals([axes, count], [{ x: "lr", y: null, by: [] }, 4]);
    const text = await Deno.readTextFile(files[0]!.path);
    assert(!text.includes("<script>alert"));
    const { document } = parseHTML(text) as unknown as { document: Document };
    const refs = [...document.querySelectorAll("details a")].map((a) =>
      a.getAttribute("href")
    );
    const { id } = runs[0]!;
    assertEquals(refs, [`runs/${id}/`, `runs/${id}/report.html`]);
    assertEquals(
      document.querySelector("details a")!.textContent,
      `the best · ${id}`,
    );
    for (const a of document.querySelectorAll("svg a")) {
      const place = document.getElementById(a.getAttribute("href")!.slice(1))!;
      assertEquals(place.querySelectorAll("tbody tr th").length, 2);
    }
    assertEquals(
      document.querySelectorAll("svg a").length,
      2 * MEASURES.length,
    );
    // From elsewhere.
    const out = join(dir, "page.html");
    await writeSweepReport(folder, { out });
    assertStringIncludes(
      await Deno.readTextFile(out),
      `href="a%20sweep%231/runs/${id}/"`,
    );
    // Figures as files.
    const figures = join(dir, "figures");
    const drawn = await writeSweepReport(folder, {
      out: figures,
      formats: ["svg", "png"],
    });
    assertEquals(
      drawn.files.map(({ path }) => path.slice(figures.length + 1)),
      [...MEASURES.map(({ id }) => id), "accuracy"]
        .flatMap((id) => [`${id}.svg`, `${id}.png`]),
    );
  }));

Deno.test("writeSweepReport() says what is damaged, and refuses before it writes", () =>
  withTempDir(async (dir) => {
    const folder = join(dir, "sweep");
    const runs = await small(folder);
    const refused = async (
      options: Parameters<typeof writeSweepReport>[1],
      says: string,
      from = folder,
    ) => {
      const error = await assertRejects(
        () => writeSweepReport(from, options),
        UsageError,
      );
      assertStringIncludes(error.message, says);
    };
    await refused({ out: join(dir, "page.pdf") }, "must end in .html");
    await refused({ out: join(dir, "no/page.html") }, "there is no folder");
    await refused({ x: "modulus" }, "must be a key in which the runs differ");
    await refused({}, "it holds no sweep.json", dir);
    assertEquals([...Deno.readDirSync(dir)].map(({ name }) => name), ["sweep"]);
    await Deno.writeTextFile(
      join(runPath(folder, runs[0]!.id), "metrics.jsonl"),
      "torn\n",
    );
    const { problems } = await writeSweepReport(folder);
    assertEquals(problems.length, 1);
    const page = join(folder, "report.html");
    assertStringIncludes(await Deno.readTextFile(page), runs[0]!.id);
    await refused({}, "the file exists");
    // The second figure cannot be written: the first is not there either.
    const figures = join(dir, "figures");
    const inTheWay = `delay.svg.partial-${Deno.pid}`;
    await Deno.mkdir(join(figures, inTheWay, "full"), { recursive: true });
    await assertRejects(
      () => writeSweepReport(folder, { out: figures, formats: ["svg"] }),
      FileError,
      "Cannot write",
    );
    assertEquals([...Deno.readDirSync(figures)].map(({ name }) => name), [
      inTheWay,
    ]);
    await writeSweepReport(folder, { overwrite: true });
    await Deno.writeTextFile(join(folder, SWEEP.plan), "");
    await refused({ overwrite: true }, "its plan has no runs");
  }));

Deno.test({
  name:
    "the page in a browser: a cell opens its runs, nothing is complained of",
  ignore: chromium === undefined,
  fn: () =>
    withTempDir(async (dir) => {
      const folder = join(dir, "sweep");
      const [run] = await small(folder);
      const { files: [file] } = await writeSweepReport(folder);
      await visit(file!.path, async ({ page, requests, complaints }) => {
        for (const width of [1400, 390]) {
          await page.setViewport({ width, height: 900 });
          assertEquals(
            await page.evaluate(() => document.documentElement.scrollWidth),
            width,
          );
        }
        const open = () =>
          page.$$eval(
            "details",
            (all) => all.map((each) => (each as HTMLDetailsElement).open),
          );
        assertEquals(await open(), [false, false]);
        const click = () =>
          page.$eval("#grokked svg a", (a) =>
            a.dispatchEvent(
              new MouseEvent("click", { bubbles: true, cancelable: true }),
            ));
        await click();
        await page.waitForFunction(`document.querySelector("details").open`);
        assertEquals(await open(), [true, false]);
        // Closed by hand, it opens again.
        await page.$eval("details", (all) => {
          (all as HTMLDetailsElement).open = false;
        });
        await click();
        await page.waitForFunction(`document.querySelector("details").open`);
        const ground = () =>
          page.evaluate(() =>
            getComputedStyle(document.documentElement).backgroundColor
          );
        const light = await ground();
        await page.click("#theme");
        assert(await ground() !== light);
        const link = await page.$eval(
          "details a",
          (a) => (a as HTMLAnchorElement).href,
        );
        assert(link.endsWith(`/sweep/runs/${run!.id}/`));
        assertEquals([requests, complaints], [[], []]);
      });
    }),
});
