/**
 * The page of published figures, `docs/reproduction.md`.
 *
 * @module
 */

import type { Figure, Scale } from "../figures/figure.ts";
import { BY_SEED } from "../figures/rules.ts";
import { LEAST_SEEDS } from "../figures/seeds.ts";
import { NOT_RUN } from "../figures/readings.ts";
import { timeText } from "../train/threads/cost.ts";
import {
  seedsText,
  shareText,
  stepsText,
  tallyText,
  wordedText,
} from "./claim_text.ts";
import {
  type ClaimOutcome,
  extent,
  type Outcome,
  rowsText,
  tableText,
} from "./outcome.ts";

const HEAD = `# Reproduction

_This page is generated: \`deno task reproduce all --publish\` writes it from the
records in \`docs/reproduction/\`, whose sums stand in \`SHA256SUMS\` there; text about a
figure stands in \`lib/figures/\`._

Every figure of _Grokking at the Edge of Numerical Stability_ (arXiv 2501.04697)
is one command, \`deno task reproduce figN\`. Rules of claims stand in the code, and
every run says of which commit it is; "changed" where files differed from it.
Curves are medians over the seeds, bands go from the least to the most.

**Two forms.** At full length a figure is trained as published.
Its quick form has fewer steps, a smaller task or a larger share of the pairs, and
often one seed: minutes, to see the shape. What a claim comes to there is no
answer to the paper.

**Verdicts.** A claim holds if its rule is met with every seed that is there, and fails
if with fewer than half of those that say anything, of which ${LEAST_SEEDS} are needed (in the
quick form one). A seed of which a run diverged says nothing.

**Seeds.** There are to be 10 of a run that takes less than a minute on one thread, 5 of
one that takes less than ten minutes, 3 of others; "3 of 5" says how many are there.
Those missing are trained by \`deno task reproduce figN --published --resume\`. Seeds
from the fourth on were trained beside other work, at the lowest priority, and their
times say little of what a run costs.

**What three seeds can miss.** The verdict is strict: what is so with nine in ten of all
seeds holds with three of three in 73 of 100 cases, and is called inconclusive, or once
in 36 cases failed, in the others; with five of five it holds in 59 cases, with ten of
ten in 35, so that more seeds take a verdict back more often than they give one. And
three are little: what is so with half of all seeds holds by three of three once in
eight. So beside each verdict stands the share of seeds
with which the claim is so, of those that say anything, with Wilson's interval of 95 %:
from 44 % on for three of three, from 57 % for five of five, from 72 % for ten of ten.

**Steps.** Where a claim is decided by steps, their medians over the seeds have the
bootstrap's interval of 95 %, by percentiles of 10,000 draws; never comes after every
step. Of three and of five seeds it goes from the least to the most, which holds the
median of all seeds with 75 and 94 %, not with 95; only more seeds narrow it.

**Where claims come from.** No statement is a quotation. "The paper" worded what its
text or a figure says in other words; "users of its code" what they report; "us" what
this project asks of its own accord. Numbers in rules are ours unless they stand under
Published. A rule was written "before" if it was committed as it stands before a run at
full length that decides it was recorded, else "after". Runs that nobody recorded leave
no trace: on 27 November 2026 settings of quick forms were tried and changed, with the
rules there already. What seeds come to (above) was last changed on 28 November 2026,
before most runs at full length, and on 1 December to count those that are there.
`;

/** What of a figure is published. */
export interface Published {
  /** What it came to. */
  readonly outcome: Outcome;
  /** What the records of the full length come to, which may be a part of it. */
  readonly full: Outcome;
}

/**
 * The page.
 *
 * @param figures All figures.
 * @param published What those that are published came to.
 */
export function pageText(
  figures: Readonly<Record<string, Figure>>,
  published: ReadonlyMap<string, Published>,
): string {
  return [
    HEAD,
    "## Claims\n",
    claimsTables(figures, published),
    ...Object.entries(figures).map(([name, figure]) =>
      section(name, figure, published.get(name))
    ),
  ].join("\n");
}

const verdictText = (verdict: string, scale: Scale) =>
  `**${verdict}**` + (scale === "quick" ? " in the quick form" : "");

const TABLES: readonly [scale: Scale | undefined, heading: string][] = [
  ["full", "At full length, as published"],
  [
    "quick",
    "In the quick form: other settings, no answer to the paper",
  ],
  [undefined, "Not run yet"],
];

// Claims of a full length that all of their arms have runs of, though others of the
// figure may have none yet.
const decided = ({ claims }: Outcome) =>
  claims.filter(({ tally }) => tally !== undefined && tally.there > 0);

function claimsTables(
  figures: Readonly<Record<string, Figure>>,
  published: ReadonlyMap<string, Published>,
): string {
  const rows = Object.entries(figures).flatMap(([name, { claims }]) =>
    claims.map(({ id, statement, provenance }) => {
      const { outcome, full } = published.get(name) ?? {};
      const known = [...full ? decided(full) : [], ...outcome?.claims ?? []];
      const found = known.find((claim) =>
        claim.id === id && claim.statement === statement
      );
      const isFull = found && full && decided(full).includes(found);
      return {
        id,
        scale: isFull ? "full" : found && outcome!.scale,
        line: "| " + [
          id,
          statement,
          name,
          found?.verdict ?? "–",
          found?.tally ? seedsText(found.tally) : "–",
          found?.tally ? shareText(found.tally) : "–",
          provenance ? wordedText(provenance) : "–",
          provenance?.written ?? "–",
        ].join(" | ") + " |",
      };
    })
  );
  const number = (id: string) => Number(id.slice(1));
  rows.sort((a, b) => number(a.id) - number(b.id));
  return TABLES.flatMap(([scale, heading]) => {
    const lines = rows.filter((row) => row.scale === scale);
    return lines.length === 0 ? [] : [
      `### ${heading}\n`,
      "| | claim | figure | verdict | seeds | so with | worded by | rule |",
      "| --- | --- | --- | --- | --- | --- | --- | --- |",
      ...lines.map(({ line }) => line),
      "",
    ];
  }).join("\n");
}

// A claim in the section of its figure.
function claimText(claim: ClaimOutcome, scale: Scale): string {
  const { id, statement, rule, verdict, why, tally, steps = [] } = claim;
  const { provenance } = claim;
  return [
    `- **${id}** ${statement} ${verdictText(verdict, scale)}.`,
    ...(provenance
      ? [
        `Worded by ${wordedText(provenance)}; rule written ` +
        `${provenance.written}: ${provenance.told}`,
      ]
      : []),
    `Rule: ${rule.replace(BY_SEED, "").trim()}`,
    ...(tally ? [`Seeds: ${tallyText(tally)}.`] : []),
    ...(steps.length > 0
      ? [`Steps, medians of the seeds: ${stepsText(steps)}.`]
      : []),
    `Measured: ${why}.`,
  ].join("\n  ");
}

function section(
  name: string,
  { title, shows, settings, published, remarks = {} }: Figure,
  done: Published | undefined,
): string {
  const head = [
    `## ${title}\n`,
    `Shows ${shows}.\n`,
    `**Setting.** ${settings}\n`,
    `**Published.** ${published}\n`,
  ];
  if (!done) {
    return [...head, `Not run yet: \`deno task reproduce ${name}\`.\n`].join(
      "\n",
    );
  }
  const { outcome, full } = done;
  const { cost, scale, made } = outcome;
  return [
    ...head,
    `**Measured** (${extent(outcome)}; \`deno task reproduce ${name}` +
    `${scale === "quick" ? " --quick" : ""}\`).\n`,
    `![${title}](reproduction/${name}/figure.svg)\n`,
    tableText(outcome),
    ...outcome.claims.map((claim) => claimText(claim, scale)),
    ...(outcome.claims.length > 0 ? [""] : []),
    ...(remarks[scale] ?? []).map((remark) => `${remark}\n`),
    ...(scale === "quick" && full.runs.finished > 0
      ? [
        `Of the full length ${full.runs.finished} of ${full.runs.of} runs are ` +
        `there; \`deno task reproduce ${name} --published --resume\` trains ` +
        "the others. So far:\n",
        rowsText(full.rows.filter(({ measured }) => measured !== NOT_RUN)),
        ...decided(full).map((claim) =>
          claimText(claim, "full").replace("**.", "** at full length.")
        ),
        ...(decided(full).length > 0 ? [""] : []),
        ...(remarks.full ?? []).map((remark) => `${remark}\n`),
      ]
      : []),
    ...(cost.ms_per_step === null ? [] : [
      `About ${timeText(1000 * cost.seconds)} of one thread, ` +
      `${
        cost.ms_per_step.map((ms) => Number(ms.toPrecision(3))).join(" to ")
      } ms a step; made with ` +
      made.map((one) =>
        Object.entries(one as Record<string, unknown>)
          .map(([key, value]) => key === "changed" ? key : `${key} ${value}`)
          .join(", ")
      ).join("; ") + ".\n",
    ]),
  ].join("\n");
}
