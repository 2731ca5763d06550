/**
 * The page of published figures, `docs/reproduction.md`.
 *
 * @module
 */

import type { Figure } from "../figures/figure.ts";
import { timeText } from "./cost.ts";
import { extent, type Outcome, tableText } from "./outcome.ts";

const HEAD = `# Reproduction

_This page is generated: \`deno task reproduce all --publish\` writes it from the
records in \`docs/reproduction/\`; text about a figure stands in \`lib/figures/\`._

Every figure of _Grokking at the Edge of Numerical Stability_ (arXiv 2501.04697)
is one command, \`deno task reproduce figN\`. Rules of claims stand in the code, and
every run says of which commit it is; "changed" where files differed from it.
Curves are medians over the seeds, bands go from the least
to the most. A figure in its quick form has fewer steps or a smaller task: its
verdicts are about that, not about the published setting.
`;

/**
 * The page.
 *
 * @param figures All figures.
 * @param published What those that are published came to.
 */
export function pageText(
  figures: Readonly<Record<string, Figure>>,
  published: ReadonlyMap<string, Outcome>,
): string {
  return [
    HEAD,
    "## Claims\n",
    claimsTable(figures, published),
    ...Object.entries(figures).map(([name, figure]) =>
      section(name, figure, published.get(name))
    ),
  ].join("\n");
}

const verdictText = (verdict: string, scale: string) =>
  `**${verdict}**` + (scale === "quick" ? " (quick form)" : "");

function claimsTable(
  figures: Readonly<Record<string, Figure>>,
  published: ReadonlyMap<string, Outcome>,
): string {
  const rows = Object.entries(figures).flatMap(([name, { claims }]) =>
    claims.map(({ id, statement }) => {
      const outcome = published.get(name);
      const found = outcome?.claims.find((claim) =>
        claim.id === id && claim.statement === statement
      );
      const text = found
        ? verdictText(found.verdict, outcome!.scale)
        : "not run yet";
      return { id, line: `| ${id} | ${statement} | ${name} | ${text} |` };
    })
  );
  const number = (id: string) => Number(id.slice(1));
  rows.sort((a, b) => number(a.id) - number(b.id));
  return [
    "| | claim | figure | verdict |",
    "| --- | --- | --- | --- |",
    ...rows.map(({ line }) => line),
    "",
  ].join("\n");
}

function section(
  name: string,
  { title, shows, settings, published, remarks = {} }: Figure,
  outcome: Outcome | undefined,
): string {
  const head = [
    `## ${title}\n`,
    `Shows ${shows}.\n`,
    `**Setting.** ${settings}\n`,
    `**Published.** ${published}\n`,
  ];
  if (!outcome) {
    return [...head, `Not run yet: \`deno task reproduce ${name}\`.\n`].join(
      "\n",
    );
  }
  const { cost, scale, made } = outcome;
  return [
    ...head,
    `**Measured** (${extent(outcome)}; \`deno task reproduce ${name}` +
    `${scale === "quick" ? " --quick" : ""}\`).\n`,
    `![${title}](reproduction/${name}/figure.svg)\n`,
    tableText(outcome),
    ...outcome.claims.map(({ id, statement, rule, verdict, why }) =>
      `- **${id}** ${statement} ${verdictText(verdict, scale)}.\n` +
      `  Rule: ${rule}\n  Measured: ${why}.`
    ),
    ...(outcome.claims.length > 0 ? [""] : []),
    ...(remarks[scale] ?? []).map((remark) => `${remark}\n`),
    ...(cost.ms_per_step === null ? [] : [
      `About ${timeText(1000 * cost.seconds)} of one thread, ` +
      `${cost.ms_per_step.join(" to ")} ms a step; made with ` +
      made.map((one) =>
        Object.entries(one as Record<string, unknown>)
          .map(([key, value]) => key === "changed" ? key : `${key} ${value}`)
          .join(", ")
      ).join("; ") + ".\n",
    ]),
  ].join("\n");
}
