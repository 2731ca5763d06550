import { assertEquals, assertMatch } from "@std/assert";
import { outputOf, startTask } from "./_run.ts";

Deno.test("play refuses what it cannot do, in a line", async () => {
  const cases: [string[], RegExp][] = [
    [["--out", "page.txt"], /must be called \*\.html, got .*page\.txt/],
    [["--port", "1"], /--port must come with --serve/],
    [["--serve", "--out", "x.html"], /--out must be left out with --serve/],
    [["--serve", "--port", "70000"], /--port must be at most 65535/],
  ];
  for (const [args, expected] of cases) {
    const { code, stdout, stderr } = await outputOf(startTask("play", args));
    assertEquals([code, stdout], [2, ""], stderr);
    assertMatch(stderr, expected);
  }
});
