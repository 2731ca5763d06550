/**
 * The page of the record table, `docs/records.md`.
 *
 * @module
 */

import { percent } from "../base/terminal.ts";
import { stepText } from "./standing.ts";
import { isRun, type Listed, ranked, type Run } from "./table.ts";
import { DELAY, HELD, SEEDS } from "./task.ts";
import { trackNames, tracks } from "./tracks.ts";

const HEAD = `# Records

_This page is generated: \`deno task record publish\` writes it from the recipes and
results in \`docs/records/\`; its text stands in \`lib/records/\`._

How soon does a network grok? One task for all: addition mod 113, 40 % of the pairs to
train on, the other 60 % to be tested on, ${SEEDS} seeds, each with weights and a split of
its own. Steps are counted, for they are the same on every machine; seconds stand beside
them. Who has a faster recipe, or one of another kind, is welcome. (a, b) and (b, a) are
two pairs, of which one may be in either part.

## What is measured

- **A seed has grokked** at the step of the first of ${HELD} evaluations one after the other
  with 99 % test accuracy or more. Networks touch 99 % and lose it again; and the last
  1 % scatters: 100 % would be a record of luck. Memorising is the same of the train
  pairs. A step is an update of the weights.
- **The entry** is the median of ${SEEDS} seeds, the lower one of the middle two: a step
  that a seed has. A seed that does not grok in the recipe's steps, or diverges, comes
  after all that do; where most do not the median is "never", and it says nothing of what
  more steps would bring.
- **Its interval** is the bootstrap's, 95 %: ${SEEDS} seeds drawn from the ${SEEDS} with
  replacement, 10,000 times (seed 0), percentiles of their medians. The share that
  grokked has Wilson's.
- **Evaluations** are made every step. A recipe may have a longer interval k where it has
  2,000 evaluations or more all the same (k at most a 2,000th of its steps): what is
  crossed between two evaluations is then seen up to k − 1 steps late, a dip between two
  is not seen at all, and the ten of them last 9k steps, not 9. With k = 1 nothing is
  missed. The table says k where it is not 1.
- **Arithmetic** is disclosed: precision of the model and of the loss, engine, versions,
  machine, commit. Runs are made a thread each: on the same kind of machine the same
  recipe gives the same steps to the last one, on another the last bits differ and with
  them single seeds.
- **Seconds** are milliseconds a step times the median step: training alone, without
  start and evaluations. The milliseconds are the median of five trials of a second and a
  half on one thread and of five on two, taken in turn, one run at a time. "Load" is how
  many processes ran or waited when they began: above 0.5 something else ran, and they
  are too long.

## Entering

A recipe is one file:

\`\`\`json
{
  "name": "my-recipe",
  "title": "AdamW, larger rate",
  "who": "your name",
  "link": "https://example.org/where-more-stands",
  "tracks": ["unregularised"],
  "settings": { "loss": "stablemax", "perpGrad": false, "lr": 0.02, "steps": 400 },
  "states": { "median": 150 }
}
\`\`\`

\`settings\` are keys of \`config.json\`, what is left out is groklab's default; \`steps\` must
be there. Task, modulus and share are the table's, seeds and the place to compute too.
\`tracks\`, \`link\`, \`remark\` and \`states\` may be left out. With losses, optimizers or
models of your own (docs/extending.md) \`"use": { "module": "./mine.ts", "sha256": "…" }\`
names the file and its bytes. How a recipe was found is nobody's business, on these
seeds or on others: a median of 64 is hard to be lucky with. What is unknown, what
nothing reads, what breaks a track's rule is refused before anything is trained.

\`\`\`sh
deno task record check my-recipe.json    # trains 64 seeds; does what it states hold?
deno task record run my-recipe.json --seeds 8 --jobs 2   # a first look
deno task record list
\`\`\`

Runs lie in \`record-runs/NAME\`, a sweep as any other (docs/sweeps.md), and the same
command goes on where it was stopped. What a recipe states holds if the interval of the
median begins at or below it and the rules of its tracks are met. To publish an entry,
put the recipe into \`docs/records/NAME/recipe.json\`, run it from a clean commit, and
commit what \`deno task record publish docs/records/NAME/recipe.json\` writes.
`;

const none = "–";

/**
 * The page.
 *
 * @param entries All published recipes.
 */
export function pageText(entries: readonly Listed[]): string {
  return [
    HEAD,
    ...trackNames.map((name) => {
      const { title, rule } = tracks[name];
      const rows = ranked(entries, name);
      return `## ${title}\n\n${rule}\n\n` +
        (rows.length === 0 ? "No entry yet.\n" : tableOf(rows));
    }),
    "## The entries\n",
    ...entries.map(about),
  ].join("\n");
}

const COLUMNS = [
  "",
  "recipe",
  "99 % held from step (95 %)",
  "grokked (95 %)",
  "memorised at",
  "seconds on one core",
  "on two",
  "model, loss in",
];

function tableOf(rows: readonly Run[]): string {
  return [
    line(COLUMNS),
    line(COLUMNS.map(() => "---")),
    ...rows.map((row, i) => line([String(i + 1), ...cellsOf(row)])),
    "",
  ].join("\n");
}

const line = (cells: readonly string[]) =>
  `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;

function cellsOf({ recipe, result, standing }: Run): string[] {
  const { median, interval, grokked, seeds, share, memorised } = standing;
  const { config, timing } = result;
  const { evalEvery, precision, lossPrecision } = config;
  const [low, high] = interval;
  const seconds = (ms: number | undefined): string =>
    ms === undefined || median === null
      ? none
      : secondsText(ms * median / 1000);
  return [
    `[${recipe.title}](#${recipe.name}), ${recipe.who}`,
    `**${stepText(median)}** (${stepText(low)} to ${stepText(high)})` +
    (evalEvery > 1 ? `, every ${evalEvery}` : ""),
    `${grokked} of ${seeds} (${percent(share[0], 0)} to ${
      percent(share[1], 0)
    })`,
    stepText(memorised),
    seconds(timing?.one),
    seconds(timing?.two),
    `${precision}, ${lossPrecision}`,
  ];
}

const secondsText = (s: number) => s < 100 ? s.toPrecision(2) : s.toFixed(0);

// All about an entry.
function about(entry: Listed): string {
  const { recipe } = entry;
  const { name, title, who, link, use, settings, remark, states } = recipe;
  const path = `docs/records/${name}/recipe.json`;
  return [
    `### ${name}\n`,
    `${title}; ${who}${link === undefined ? "" : `, <${link}>`}.` +
    (use ? ` With a module of its own.` : "") +
    (states ? ` States: ${stepText(states.median)}.` : "") +
    (remark === undefined ? "" : ` ${remark}`),
    "",
    "```json",
    JSON.stringify(settings),
    "```",
    "",
    isRun(entry) ? ranText(entry) : "Not run yet.",
    "",
    `\`deno task record ${states ? "check" : "run"} ${path}\``,
    "",
  ].join("\n");
}

function ranText(entry: Run): string {
  const { recipe, result, standing } = entry;
  const { diverged, timing, config, made } = result;
  const { seeds, delayed } = standing;
  const said: string[] = [];
  if (seeds < SEEDS) {
    said.push(
      `**${seeds} of ${SEEDS} seeds so far**; the command trains the others.`,
    );
  }
  if (diverged.length > 0) said.push(`Diverged: seeds ${diverged.join(", ")}.`);
  said.push(
    `${config.steps} steps a seed; in ${delayed} of ${seeds} seeds grokking came at ` +
      `${DELAY} times the step of memorising or later.`,
  );
  for (const name of recipe.tracks) {
    const why = tracks[name].fails?.(standing);
    if (why !== undefined) said.push(`Not in the track ${name}: ${why}.`);
  }
  said.push(
    timing
      ? `A step takes ${timing.one} ms on one core, ${timing.two} ms on two ` +
        `(${timing.at.slice(0, 10)}, ` +
        (timing.load === null
          ? "load not known"
          : `load ${timing.load.toFixed(1)}`) +
        ")."
      : "Not timed yet: `deno task record time` does it, on a machine that rests.",
  );
  said.push(`Made with ${made.map((each) => madeText(each)).join("; ")}.`);
  return said.join(" ");
}

function madeText(made: unknown): string {
  return Object.entries(made as Record<string, unknown>)
    .map(([key, value]) => key === "changed" ? key : `${key} ${value}`)
    .join(", ");
}
