/**
 * What the claims of docs/settled.md come to.
 *
 *     deno run --allow-read docs/settled/settled.ts                  # by docs/settled/data
 *     deno run --allow-read --allow-write docs/settled/settled.ts read sweeps
 *     deno run --allow-read docs/settled/settled.ts choose           # a plan of the best points
 *
 * `read` takes the sweeps settled-NAME of a folder into docs/settled/data/NAME.json,
 * as far as their runs have ended.
 *
 * @module
 */

import { readEnded, readPlan } from "../../lib/sweeps/mod.ts";
import { chosen, CLAIMS, COMPARISONS } from "./claims.ts";
import { armOf, type Arms, type Outcome, outcomeOf } from "./outcomes.ts";

const NAMES = [
  "figure1a",
  "figure6b",
  "fork",
  "grid",
  "best",
  "figure15a",
  "figure2a",
];
const data = (name: string) => new URL(`./data/${name}.json`, import.meta.url);

/** A file of a sweep's outcomes: by arm seed, train, test, full, held and half. */
interface Data {
  readonly arms: Readonly<Record<string, readonly (number | null)[][]>>;
}

/** The outcomes of a sweep's runs that have ended. */
async function outcomes(folder: string): Promise<Record<string, Outcome[]>> {
  const arms: Record<string, Outcome[]> = {};
  for (const { id, config } of await readPlan(folder)) {
    const ended = await readEnded(folder, id);
    if (!ended || ended.state === "failed") continue;
    const rows = (await Deno.readTextFile(`${folder}/runs/${id}/metrics.jsonl`))
      .trimEnd().split("\n").map((line) => JSON.parse(line));
    (arms[armOf(config)] ??= []).push(outcomeOf(config.seed, rows));
  }
  return arms;
}

async function isThere(path: string | URL): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

async function take(parent: string): Promise<void> {
  await Deno.mkdir(new URL("./data", import.meta.url), { recursive: true });
  for (const name of NAMES) {
    const folder = `${parent}/settled-${name}`;
    if (!await isThere(folder)) continue;
    const lines = Object.entries(await outcomes(folder)).map(([arm, runs]) => {
      const rows = runs.map((
        run,
      ) => [run.seed, run.train, run.test, run.full, run.held, run.half]);
      return `${JSON.stringify(arm)}: ${JSON.stringify(rows)}`;
    });
    if (lines.length === 0) continue;
    await Deno.writeTextFile(
      data(name),
      `{"arms": {\n${lines.join(",\n")}\n}}\n`,
    );
  }
}

/** What data/NAME.json has; nothing where it is not there. */
export async function readArms(name: string): Promise<Arms> {
  if (!await isThere(data(name))) return {};
  const { arms }: Data = JSON.parse(await Deno.readTextFile(data(name)));
  return Object.fromEntries(
    Object.entries(arms).map(([arm, rows]) => [
      arm,
      rows.map((
        [
          seed,
          train = null,
          test = null,
          full = null,
          held = null,
          half = null,
        ],
      ) => (
        { seed: seed!, train, test, full, held, half }
      )),
    ]),
  );
}

/** The table of claims, as it stands in the page. */
export async function table(): Promise<string> {
  const [grid, best] = [await readArms("grid"), await readArms("best")];
  const rows = [
    ...await Promise.all(
      CLAIMS.map(async ({ id, text, sweep, judge }) => ({
        id,
        text,
        sweep,
        ...judge(await readArms(sweep)),
      })),
    ),
    ...COMPARISONS.map(({ id, text, judge }) => ({
      id,
      text,
      sweep: "grid, best",
      ...judge(grid, best),
    })),
  ].toSorted((a, b) => Number(a.id.slice(1)) - Number(b.id.slice(1)));
  return [
    "| | claim | sweep | verdict | found |",
    "| --- | --- | --- | --- | --- |",
    ...rows.map(({ id, text, sweep, verdict, found }) =>
      `| ${id} | ${text} | ${sweep} | ${verdict} | ${found} |`
    ),
  ].join("\n");
}

/** A plan of the best points with 64 seeds: the grid's settings, evaluated every step. */
async function plan(): Promise<string | undefined> {
  const arms = chosen(await readArms("grid"));
  if (!arms) return undefined;
  const { set } = JSON.parse(
    await Deno.readTextFile(new URL("./grid.json", import.meta.url)),
  );
  const parts = arms.map((arm) => {
    const [, lr, decay] = /lr (\S+) wd (\S+) β₂/.exec(arm)!;
    const muon = arm.startsWith("muon");
    return {
      set: {
        optimizer: muon ? "muon" : "adamw",
        beta1: muon ? 0.95 : 0.9,
        eps: muon ? 1e-8 : 1e-25,
        perpGrad: arm.startsWith("⊥"),
        embedding: arm.includes(", embedding ") ? 100 : null,
        lr: Number(lr),
        weightDecay: Number(decay),
      },
    };
  });
  return JSON.stringify(
    {
      name: "settled-best",
      set: { ...set, evalEvery: 1 },
      seeds: "0..63",
      parts,
    },
    null,
    2,
  );
}

if (import.meta.main) {
  const [what, parent = "sweeps"] = Deno.args;
  if (what === "read") await take(parent);
  if (what !== "choose") console.log(await table());
  else {
    const text = await plan();
    if (text === undefined) {
      console.error(
        "The grid is not complete: run settled-grid on, then read it.",
      );
      Deno.exit(1);
    }
    console.log(text);
  }
}
