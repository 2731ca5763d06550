/**
 * The page of published figures, `docs/reproduction.md`.
 *
 * @module
 */

import type { Figure, Scale } from "../figures/figure.ts";
import { BY_SEED, LEAST_SEEDS } from "../figures/rules.ts";
import { timeText } from "../train/threads/cost.ts";
import { extent, type Outcome, tableText } from "./outcome.ts";

const HEAD = `# Reproduction

_This page is generated: \`deno task reproduce all --publish\` writes it from the
records in \`docs/reproduction/\`, whose sums stand in \`SHA256SUMS\` there; text about a
figure stands in \`lib/figures/\`._

Every figure of _Grokking at the Edge of Numerical Stability_ (arXiv 2501.04697)
is one command, \`deno task reproduce figN\`. Rules of claims stand in the code, and
every run says of which commit it is; "changed" where files differed from it.
Curves are medians over the seeds, bands go from the least to the most.

**Two forms.** At full length a figure is trained as published, with three seeds.
Its quick form has fewer steps, a smaller task or a larger share of the pairs, and
often one seed: minutes, to see the shape. What a claim comes to there is no
answer to the paper.

**Seeds.** A claim holds if its rule is met with every seed asked for, and fails if
with fewer than half of those that say anything, of which ${LEAST_SEEDS} are needed (in the
quick form one). A seed of which a run diverged says nothing.
`;

/** What of a figure is published. */
export interface Published {
  /** What it came to. */
  readonly outcome: Outcome;
  /** Runs of the full length whose records are there, and how many it has. */
  readonly full: { readonly finished: number; readonly of: number };
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

function claimsTables(
  figures: Readonly<Record<string, Figure>>,
  published: ReadonlyMap<string, Published>,
): string {
  const rows = Object.entries(figures).flatMap(([name, { claims }]) =>
    claims.map(({ id, statement }) => {
      const outcome = published.get(name)?.outcome;
      const found = outcome?.claims.find((claim) =>
        claim.id === id && claim.statement === statement
      );
      return {
        id,
        scale: found && outcome!.scale,
        line: `| ${id} | ${statement} | ${name} | ${found?.verdict ?? "–"} |`,
      };
    })
  );
  const number = (id: string) => Number(id.slice(1));
  rows.sort((a, b) => number(a.id) - number(b.id));
  return TABLES.flatMap(([scale, heading]) => {
    const lines = rows.filter((row) => row.scale === scale);
    return lines.length === 0 ? [] : [
      `### ${heading}\n`,
      "| | claim | figure | verdict |",
      "| --- | --- | --- | --- |",
      ...lines.map(({ line }) => line),
      "",
    ];
  }).join("\n");
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
    ...outcome.claims.map(({ id, statement, rule, verdict, why }) =>
      `- **${id}** ${statement} ${verdictText(verdict, scale)}.\n` +
      `  Rule: ${rule.replace(BY_SEED, "").trim()}\n  Measured: ${why}.`
    ),
    ...(outcome.claims.length > 0 ? [""] : []),
    ...(scale === "quick" && full.finished > 0
      ? [
        `Of the full length ${full.finished} of ${full.of} runs are there; ` +
        `\`deno task reproduce ${name} --published --resume\` trains the ` +
        "others.\n",
      ]
      : []),
    ...(remarks[scale] ?? []).map((remark) => `${remark}\n`),
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
