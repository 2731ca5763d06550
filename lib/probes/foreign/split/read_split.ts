/**
 * Which rows another tool's file was trained on: a run's `split.json`, or a CSV
 * file.
 *
 * @module
 */

import { UsageError } from "../../../base/errors.ts";
import { describing } from "../../../base/files.ts";
import { verifiedText } from "../../../base/verified.ts";
import type { Examples } from "../../../data/dataset.ts";

/** The rows that somebody names. */
export interface ForeignSplit {
  /** Those trained on. */
  readonly train: Examples;
  /** Those tested; undefined where only the others are named. */
  readonly test?: Examples;
}

/**
 * Reads the rows that a file names.
 *
 * A `.json` file is as runs have it: `train` and `test` with `inputs` and `labels`.
 * Any other is CSV: numbers with commas, semicolons or tabs between, a row a line.
 * A first line of words is the head. The class is the column `label` (`y`, `class`,
 * `target`), or the last. A column `split` (`set`, `part`) says `train` or `test`;
 * where there is none, all rows are those trained on.
 *
 * @param path The file.
 * @throws {FileError} if it cannot be read.
 * @throws {SyntaxError} if it is neither, naming file and line.
 */
export async function readSplitFile(path: string): Promise<ForeignSplit> {
  const text = await describing(
    `read the rows ${path}`,
    () => verifiedText(path),
  );
  const plain = text.replace(/^\ufeff/, "");
  const rows = /\.json$/i.test(path) || plain.trimStart().startsWith("{")
    ? ofJson(plain, path)
    : ofCsv(plain, path);
  return checkedSplit(rows, path);
}

/**
 * Rows as they must be: of one length, all of finite numbers, each of a class.
 *
 * @param rows The rows.
 * @param source What to call them in messages.
 * @throws {UsageError} if they are not.
 */
export function checkedSplit(rows: ForeignSplit, source: string): ForeignSplit {
  const { train, test } = rows;
  const width = train?.inputs?.[0]?.length ?? 0;
  if (width === 0) {
    throw new UsageError(`Cannot read the rows ${source}: it has no train row`);
  }
  for (const [name, part] of Object.entries({ train, ...(test && { test }) })) {
    const { inputs, labels } = part;
    if (inputs.length !== labels.length) {
      throw new UsageError(
        `Cannot read the rows ${source}: ${name} has ${inputs.length} inputs and ` +
          `${labels.length} labels`,
      );
    }
    inputs.forEach((row, i) => {
      const label = labels[i];
      if (row.length !== width || !row.every(Number.isFinite)) {
        throw new UsageError(
          `Cannot read the rows ${source}: ${name} row ${
            i + 1
          } must be ${width} ` +
            `numbers, got ${JSON.stringify(row)}`,
        );
      }
      if (!(Number.isSafeInteger(label) && label! >= 0)) {
        throw new UsageError(
          `Cannot read the rows ${source}: the label of ${name} row ${
            i + 1
          } must ` +
            `be a class, 0 or more, got ${label}`,
        );
      }
    });
  }
  return rows;
}

function ofJson(text: string, path: string): ForeignSplit {
  let json: Record<string, unknown>;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new SyntaxError(
      `Cannot read the rows ${path}: it is no JSON: ${
        (error as Error).message
      }`,
      { cause: error },
    );
  }
  const part = (name: string): Examples => {
    const { inputs, labels } = (json?.[name] ?? {}) as Partial<Examples>;
    const whole = Array.isArray(labels) && Array.isArray(inputs) &&
      inputs.every((row) => Array.isArray(row));
    if (whole) return { inputs, labels };
    throw new SyntaxError(
      `Cannot read the rows ${path}: wanted ${name}.inputs, a list of rows, and ` +
        `${name}.labels, as split.json of a run has them` +
        (Array.isArray(labels)
          ? "; its inputs lie in another file: write them as CSV"
          : ""),
    );
  };
  return {
    train: part("train"),
    ...("test" in json && { test: part("test") }),
  };
}

const LABEL = /^(label|labels|y|class|target)$/i;
const SPLIT = /^(split|set|part|subset)$/i;

function ofCsv(text: string, path: string): ForeignSplit {
  const lines = text.split(/\r\n|\n|\r/)
    .map((line, i) => ({ line: i + 1, text: line.trim() }))
    .filter(({ text }) => text !== "");
  const separator = [",", ";", "\t"].find((mark) =>
    lines[0]?.text.includes(mark)
  );
  const cells = lines.map(({ line, text }) => ({
    line,
    values: (separator === undefined ? [text] : text.split(separator))
      .map((cell) => cell.trim().replace(/^"(.*)"$/, "$1")),
  }));
  const [first] = cells;
  const isPart = (cell: string) => /^(train|test)$/i.test(cell);
  // One word among numbers is a mistake, not a head.
  const isHead = first !== undefined &&
    (first.values.some((cell) => LABEL.test(cell) || SPLIT.test(cell)) ||
      first.values.every((cell) => !isNumber(cell)));
  const head = isHead ? first.values : [];
  const width = first?.values.length ?? 0;
  const named = head.findIndex((name) => SPLIT.test(name));
  const [row] = isHead ? cells.slice(1) : cells;
  const said = named >= 0 ? named : row?.values.findIndex(isPart) ?? -1;
  const labelled = head.findIndex((name) => LABEL.test(name));
  // The last column, but for that of the parts.
  const last = said === width - 1 ? width - 2 : width - 1;
  const at = labelled >= 0 ? labelled : last;
  const parts = { train: empty(), test: empty() };
  for (const { line, values } of isHead ? cells.slice(1) : cells) {
    const wrong = (what: string) =>
      new SyntaxError(`Cannot read the rows ${path}: line ${line}: ${what}`);
    if (values.length !== width || width < 2) {
      throw wrong(
        width < 2
          ? `wanted inputs and a label with commas between, got ${values.join()}`
          : `wanted ${width} columns as in the first, got ${values.length}`,
      );
    }
    const name = said < 0 ? "train" : values[said]!.toLowerCase();
    if (name !== "train" && name !== "test") {
      throw wrong(`the split must be train or test, got ${values[said]}`);
    }
    const numbers = values.map((cell, i) => {
      if (i === said || isNumber(cell)) return Number(cell);
      throw wrong(`wanted a number, got ${JSON.stringify(cell)}`);
    });
    parts[name].inputs.push(numbers.filter((_, i) => i !== at && i !== said));
    parts[name].labels.push(numbers[at]!);
  }
  const { train, test } = parts;
  return { train, ...(said >= 0 && test.labels.length > 0 && { test }) };
}

const empty = () => ({ inputs: [] as number[][], labels: [] as number[] });

const isNumber = (cell: string) => cell !== "" && Number.isFinite(Number(cell));
