/**
 * Sizes that are read in one go: files, folders and functions of the code are no
 * longer than CONTRIBUTING.md says, or say why. What the formatter makes of the
 * text is relied on: a function ends where its own column is reached again.
 */

import { assertEquals } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const FOLDERS = ["lib", "models", "tasks", "bench"];
const MOST = { file: 300, folder: 18, function: 60 };

// " * Long: why" in the comment at the head of a file, of a folder's mod.ts for
// the folder; "// Long: why" in front of a function.
const REASON = /^(?:\/\/| \*) Long: \S/;

/** How many lines a function has, which stand from `line` on, 1 the first. */
interface Length {
  readonly line: number;
  readonly lines: number;
  readonly reason: boolean;
}

const columnOf = (line: string) => line.search(/\S/);

// The keywords in front of a brace that is no function's.
const BLOCK = /^(?:\} )?(?:if|for|while|switch|else|catch)\b/;
const HEADER =
  /\bfunction\b|^(?:(?:static|async|override|get|set|private) )*[*#]?[\w$]+(?:<.*>)?\(/;
// How the line ends on which a body begins.
const BODY = /(?:\)(?:: .+)?|^\s*\}>) \{$/;
const ARROW = /=>(?: [[({]+)?$/;

/** The line on which a function begins of which line `at` begins the body. */
function beginOf(lines: readonly string[], at: number): number | undefined {
  const line = lines[at]!;
  if (!BODY.test(line) && !ARROW.test(line)) return undefined;
  const column = columnOf(line);
  let begin = at;
  // Parameters, or what it gives, stand between, a line each.
  if (/^\s*(?:\)(?:: .+)?|\}>) (?:=>|\{)/.test(line)) {
    do begin -= 1; while (
      begin > 0 &&
      (columnOf(lines[begin]!) !== column || /^\s*[)}]/.test(lines[begin]!))
    );
  }
  const header = lines[begin]!.trimStart();
  return ARROW.test(line) || !BLOCK.test(header) && HEADER.test(header)
    ? begin
    : undefined;
}

/** The line on which a body ends that begins at the end of line `at`. */
function endOf(lines: readonly string[], at: number): number {
  const column = columnOf(lines[at]!);
  if (lines[at]!.endsWith(" {")) {
    // Of what is written in a template lines may stand further left.
    return lines.findIndex((line, i) =>
      i > at && columnOf(line) <= column && line.trimStart().startsWith("}")
    );
  }
  const next = lines.findIndex((line, i) =>
    i > at && line !== "" && columnOf(line) <= column
  );
  return /[\])}]/.test(lines[next]?.[column] ?? "") ? next : next - 1;
}

// A comment in front, its `//` and `/** */` parts alike.
function hasReason(lines: readonly string[], begin: number): boolean {
  for (let at = begin - 1; at >= 0; at--) {
    const text = lines[at]!.trimStart();
    if (!/^(?:\/\/|\/?\*)/.test(text)) return false;
    if (/^\/\/ Long: \S/.test(text)) return true;
  }
  return false;
}

function functionsOf(text: string): Length[] {
  const lines = text.split("\n");
  return lines.flatMap((_, at) => {
    const begin = beginOf(lines, at);
    if (begin === undefined) return [];
    return [{
      line: begin + 1,
      lines: endOf(lines, at) - begin + 1,
      reason: hasReason(lines, begin),
    }];
  });
}

const headOf = (text: string) => text.split(/^ \*\/$/m, 1)[0]!.split("\n");

const saysWhy = (text: string) =>
  text.startsWith("/**") && headOf(text).some((line) => REASON.test(line));

const countOf = (text: string) => text.split("\n").length - 1;

function tooLong(path: string, text: string): string[] {
  const lines = countOf(text);
  const file = lines > MOST.file && !saysWhy(text)
    ? [`${path} has ${lines} lines`]
    : [];
  const functions = functionsOf(text)
    .filter(({ lines, reason }) => lines > MOST.function && !reason)
    .map(({ line, lines }) => `${path}:${line} is a function of ${lines}`);
  return [...file, ...functions];
}

async function tooLongIn(folder: string): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(join(ROOT, folder)));
  const read = (name: string) => Deno.readTextFile(join(ROOT, folder, name));
  const own = entries.filter(({ isFile }) => isFile);
  const found = await Promise.all(entries.map(async ({ name, isDirectory }) => {
    if (isDirectory) return await tooLongIn(`${folder}/${name}`);
    return /\.tsx?$/.test(name)
      ? tooLong(`${folder}/${name}`, await read(name))
      : [];
  }));
  const reason = own.some(({ name }) => name === "mod.ts") &&
    saysWhy(await read("mod.ts"));
  const crowded = own.length > MOST.folder && !reason
    ? [`${folder} has ${own.length} files`]
    : [];
  return [...crowded, ...found.flat()];
}

Deno.test("files, folders and functions are short, or say why they are not", async () => {
  const found = await Promise.all(FOLDERS.map(tooLongIn));
  assertEquals(found.flat().sort(), []);
});

Deno.test("what is too long would be found, and its reason read", () => {
  const body = (count: number) => "  x();\n".repeat(count);
  const long = body(MOST.function);
  const lengths = (text: string) =>
    functionsOf(text).filter(({ lines }) => lines > MOST.function)
      .map(({ line, lines, reason }) => [line, lines, reason]);
  assertEquals(lengths(`function f() {\n${long}}\n`), [[1, 62, false]]);
  assertEquals(lengths(`function f() {\n${body(58)}}\n`), []);
  assertEquals(
    lengths(
      `// Long: a table.\n/** F. */\nexport async function f(\n  a: A,\n` +
        `): Promise<B> {\n${long}}\n`,
    ),
    [[3, 64, true]],
  );
  assertEquals(
    lengths(`// Long: of g.\ng();\nconst f = ({ a }) => {\n${long}};\n`),
    [[3, 62, false]],
  );
  const indented = long.replaceAll("  x", "    x");
  assertEquals(
    lengths(`class C {\n  async #f(a: A): Promise<B> {\n${indented}  }\n}\n`),
    [[2, 62, false]],
  );
  assertEquals(
    lengths(
      `task\n  .action(async (a, b) => {\n${indented}  });\n`,
    ),
    [[2, 62, false]],
  );
  // Neither an interface, nor a block, nor a table is a function.
  for (
    const other of ["interface I {", "if (a) {", "const t = {", "class C {"]
  ) {
    assertEquals(lengths(`${other}\n${long}}\n`), []);
  }
  const file = (head: string) => tooLong("a.ts", head + "x();\n".repeat(300));
  assertEquals(file("/**\n * A.\n */\n"), ["a.ts has 303 lines"]);
  assertEquals(file("/**\n * A.\n *\n * Long: one table.\n */\n"), []);
  assertEquals(file("/**\n * A.\n *\n * Long:\n */\n").length, 1);
  assertEquals(file("").length, 0);
});
