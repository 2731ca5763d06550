/** docs/probes.md has a section for every probe. */

import { assertEquals } from "@std/assert";
import { probeNames } from "../../lib/probes/mod.ts";

Deno.test("docs/probes.md has every probe once, and no other", async () => {
  const text = await Deno.readTextFile(
    new URL("../../docs/probes.md", import.meta.url),
  );
  const sections = [...text.matchAll(/^## `([\w-]+)`/gm)].map(([, name]) =>
    name
  );
  assertEquals(sections.toSorted(), probeNames.toSorted() as string[]);
});
