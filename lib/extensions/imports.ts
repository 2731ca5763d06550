/**
 * What a module imports, as it stands in its text.
 *
 * @module
 */

/** An import that is carried out when a module runs: types alone are erased. */
export interface Import {
  /** What it names; undefined where that is computed. */
  readonly specifier: string | undefined;
  /** The line on which it stands, from 1. */
  readonly line: number;
}

interface Token {
  readonly kind: "word" | "text" | "sign" | "source";
  readonly value: string;
  readonly at: number;
}

// Behind these words a slash begins a regular expression, as behind most signs.
const BEFORE_VALUE = new Set(
  ("return typeof case in of delete void throw new else do await yield " +
    "instanceof").split(" "),
);

const TOKEN = new RegExp(
  [
    /(?<blank>\s+|\/\/.*|\/\*[^]*?\*\/)/,
    /(?<word>[\p{ID_Start}$_#][\p{ID_Continue}$]*|\d[\w.]*)/u,
    // A text that is not closed ends with its line: JSX has such.
    /(?<text>"(?:[^"\\\n]|\\[^])*"?|'(?:[^'\\\n]|\\[^])*'?)/,
    /(?<sign>[^])/,
  ].map(({ source }) => source).join("|"),
  "uy",
);
const REGEXP = /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/uy;
const TEMPLATE = /(?:[^`\\$]|\\[^]|\$(?!\{))*(?<end>`|\$\{|$)/uy;

/**
 * The imports of a module that are carried out when it runs: `import`, `export …
 * from` and `import()`, of JSX its `@jsxImportSource`.
 *
 * @param text TypeScript or JavaScript. What does not parse may have any.
 */
export function importsIn(text: string): Import[] {
  const tokens = tokensOf(text);
  return tokens.flatMap((token, i) => {
    const found = token.kind === "source" ? token : importAt(tokens, i);
    if (!found) return [];
    const { kind, value, at } = found;
    const isKnown = kind !== "sign" && !value.includes("\\");
    return [{
      specifier: isKnown ? value : undefined,
      line: text.slice(0, at).split("\n").length,
    }];
  });
}

// What the word at a place imports: its text, or the sign of what is computed.
function importAt(tokens: readonly Token[], i: number): Token | undefined {
  const is = (at: number, value: string) =>
    tokens[at]?.value === value && tokens[at].kind !== "text";
  const isText = (at: number) => tokens[at]?.kind === "text";
  const isImport = is(i, "import");
  if (!isImport && !is(i, "export") || is(i - 1, ".") && !is(i - 2, ".")) {
    return undefined;
  }
  let at = i + 1;
  if (isImport) {
    if (isText(at)) return tokens[at];
    // import.defer("…"), not import.meta
    if (is(at, ".") && is(at + 2, "(")) at += 2;
    if (is(at, "(")) {
      const ends = is(at + 2, ")") || is(at + 2, ",");
      return isText(at + 1) && ends ? tokens[at + 1] : tokens[at];
    }
  }
  if (is(at, "type") && !is(at + 1, ",")) {
    // The name of a default import may be "type", too.
    if (!is(at + 1, "from") || is(at + 2, "from")) return undefined;
  }
  if (!isImport && !is(at, "*") && !is(at, "{")) return undefined;
  for (; at < tokens.length && !/^[;(=]$/.test(tokens[at]!.value); at++) {
    if (is(at, "from") && isText(at + 1)) return tokens[at + 1];
    // export { a }, and no more.
    if (is(at, "}") && !is(at + 1, "from")) return undefined;
  }
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  // Braces that are open: of a template's ${ or others.
  const open: boolean[] = [];
  let at = 0;
  const read = (pattern: RegExp) => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match) at = pattern.lastIndex;
    return match;
  };
  const template = (start: number) => {
    const [part, end] = read(TEMPLATE)!;
    if (end === "${") open.push(true);
    const isWhole = end === "`" && text[start] === "`";
    const value = part.slice(0, -1);
    tokens.push({
      kind: isWhole ? "text" : "sign",
      value: isWhole ? value : "`",
      at: start,
    });
  };
  while (at < text.length) {
    const start = at;
    if (
      text[at] === "/" && beginsValue(tokens.at(-1)) && !isComment(text, at)
    ) {
      if (read(REGEXP)) {
        tokens.push({ kind: "word", value: "/", at: start });
        continue;
      }
    }
    const { blank, word, text: quoted, sign } = read(TOKEN)!.groups!;
    if (blank !== undefined) {
      const [, source] = /@jsxImportSource\s+(\S+)/.exec(blank) ?? [];
      if (source) tokens.push({ kind: "source", value: source, at: start });
    } else if (word !== undefined) {
      tokens.push({ kind: "word", value: word, at: start });
    } else if (quoted !== undefined) {
      tokens.push({ kind: "text", value: quoted.slice(1, -1), at: start });
    } else if (sign === "`" || sign === "}" && open.at(-1) === true) {
      if (sign === "}") open.pop();
      template(start);
    } else {
      if (sign === "{") open.push(false);
      if (sign === "}") open.pop();
      tokens.push({ kind: "sign", value: sign!, at: start });
    }
  }
  return tokens;
}

const isComment = (text: string, at: number) => /[/*]/.test(text[at + 1] ?? "");

function beginsValue(before: Token | undefined): boolean {
  if (!before) return true;
  if (before.kind === "word") return BEFORE_VALUE.has(before.value);
  return before.kind === "sign" && !/^[)\]}`]$/.test(before.value);
}
