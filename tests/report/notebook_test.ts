/**
 * docs/notebook.ipynb, run from top to bottom.
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { shown } from "../../lib/report/notebook.ts";
import { withTempDir } from "../tasks/_run.ts";

const path = fileURLToPath(
  new URL("../../docs/notebook.ipynb", import.meta.url),
);
const root = fileURLToPath(new URL("../../", import.meta.url));

interface Cell {
  readonly cell_type: string;
  readonly source: readonly string[];
  readonly outputs?: readonly {
    readonly output_type: string;
    readonly data?: Readonly<Record<string, unknown>>;
  }[];
}

const cellsOf = (text: string): Cell[] => JSON.parse(text).cells;

/** Whether a program can be started. */
async function has(...command: string[]): Promise<boolean> {
  try {
    const [program, ...args] = command;
    const { success } = await new Deno.Command(program!, {
      args,
      stdout: "null",
      stderr: "null",
    }).output();
    return success;
  } catch {
    return false;
  }
}

Deno.test("shown() gives Jupyter a drawing and words", () => {
  const figure = {
    id: "x",
    title: "A <chart>",
    caption: "of & for",
    svg: "<svg/>",
    data: { columns: [], rows: [] },
  };
  const display = (value: unknown) =>
    (value as Record<symbol, () => Record<string, string>>)[
      Symbol.for("Jupyter.display")
    ]!();
  assertEquals(display(shown(figure)), {
    "text/plain": "A <chart>. of & for",
    "text/html": "<figure><svg/><figcaption>of &amp; for</figcaption></figure>",
    "image/svg+xml": "<svg/>",
  });
  const two = display(shown([figure, figure]));
  assertEquals(Object.keys(two), ["text/plain", "text/html"]);
  assertEquals(two["text/html"]!.split("<svg/>").length, 3);
});

Deno.test("the notebook's cells run as one script, and say what they should", () =>
  withTempDir(async (dir) => {
    const code = cellsOf(await Deno.readTextFile(path))
      .filter(({ cell_type }) => cell_type === "code")
      .map(({ source }) => source.join(""));
    const script = join(root, `.notebook-${Deno.pid}.ts`);
    const found = join(dir, "found.json");
    await Deno.writeTextFile(
      script,
      code.join("\n;\n") + `
      await Deno.writeTextFile(${JSON.stringify(found)}, JSON.stringify({
        grokked: result.grokked_at,
        keys: key_frequencies,
        all: full.loss,
        waves: restricted.loss,
        without: excluded!.loss,
      }));\n`,
    );
    try {
      const { success, stderr } = await new Deno.Command(Deno.execPath(), {
        args: [
          ...["run", "--no-prompt", "--allow-read", "--allow-write"],
          ...["--allow-ffi", script],
        ],
        cwd: root,
        env: { NO_COLOR: "1" },
      }).output();
      assert(success, new TextDecoder().decode(stderr));
    } finally {
      await Deno.remove(script);
    }
    const { grokked, keys, all, waves, without } = JSON.parse(
      await Deno.readTextFile(found),
    );
    // What the text between the cells says.
    assert(grokked !== null, "it groks");
    assert(keys.length > 0 && keys.length < 15, `${keys} of 1 to 15`);
    assert(waves < without && all < without, `${[all, waves, without]}`);
  }));

const jupyter = await has("jupyter", "nbconvert", "--version");
if (!jupyter) {
  console.error(
    "tests/report: there is no jupyter nbconvert here, the notebook is run as a " +
      "script only",
  );
}

Deno.test({
  name: "Jupyter executes the notebook, and gets pictures",
  ignore: !jupyter,
  fn: () =>
    withTempDir(async (dir) => {
      // Deno's kernel, for this test alone.
      const kernel = join(dir, "data", "kernels", "deno");
      await Deno.mkdir(kernel, { recursive: true });
      await Deno.writeTextFile(
        join(kernel, "kernel.json"),
        JSON.stringify({
          argv: [
            ...[Deno.execPath(), "jupyter", "--kernel"],
            ...["--conn", "{connection_file}"],
          ],
          display_name: "Deno",
          language: "typescript",
        }),
      );
      const { success, stderr } = await new Deno.Command("jupyter", {
        args: [
          ...["nbconvert", "--to", "notebook", "--execute", path],
          ...["--output-dir", dir, "--output", "executed"],
        ],
        cwd: root,
        env: { JUPYTER_PATH: join(dir, "data") },
      }).output();
      assert(success, new TextDecoder().decode(stderr));
      const cells = cellsOf(
        await Deno.readTextFile(join(dir, "executed.ipynb")),
      ).filter(({ cell_type }) => cell_type === "code");
      const kinds = cells.map(({ outputs = [] }) =>
        outputs.flatMap(({ data = {} }) => Object.keys(data))
      );
      for (const [i, { source }] of cells.entries()) {
        if (!/shown\(/.test(source.join(""))) continue;
        assertMatch(kinds[i]!.join(), /text\/html|image\/svg/, `cell ${i}`);
      }
    }),
});
