/** Listing figures of which something was edited or torn. */

import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { join } from "node:path";
import { listFigures } from "../../lib/reproduce/list.ts";
import { readPublished } from "../../lib/reproduce/published.ts";
import { publish } from "../../lib/reproduce/publish.ts";
import { reproduce } from "../../lib/reproduce/reproduce.ts";
import { withTempDir } from "../tasks/_run.ts";
import { figures, placesIn } from "./_tiny.ts";
import { ALL, edit, RECORDS, withPublished } from "./_published.ts";

Deno.test("a verdict that is edited, or torn, is not listed", () =>
  withPublished(async (places) => {
    const path = join(places.published, "tiny/verdict.json");
    const whole = await Deno.readTextFile(path);
    const list = async () => {
      const said: string[] = [];
      const [one] = await listFigures(places, figures, (p) => said.push(p));
      return { last: one!.last, said };
    };
    assert((await list()).last !== null);
    await Deno.writeTextFile(
      path,
      whole.replace(/"verdict": "\w+"/, '"verdict": "holds" '),
    );
    const edited = await list();
    assertEquals(edited.last, null);
    assertMatch(
      edited.said.join("|"),
      /^\S+verdict\.json is not as it was [^|]*$/,
    );
    // Without sums nothing can be compared; what is torn is still named.
    await Deno.remove(join(places.published, "SHA256SUMS"));
    await Deno.writeTextFile(path, whole.slice(0, 300));
    const torn = await list();
    assertEquals(torn.last, null);
    assertMatch(
      torn.said.join("|"),
      /^Cannot read \S+verdict\.json: line \d+ is no JSON [^|]*$/,
    );
    await assertRejects(
      () => publish(["tiny"], { figures, places }),
      Error,
      "Cannot publish: Cannot read ",
    );
    await Deno.writeTextFile(path, '{ "scale": "full" }');
    assertMatch(
      (await list()).said.join("|"),
      /^Cannot read .* wanted what a fig/,
    );
    // Meant so: what was published is published anew, with new sums.
    await Deno.remove(path);
    const [outcome] = await publish(["tiny"], { figures, places });
    assertEquals(outcome!.runs, { finished: 4, of: 4 });
    assertEquals((await list()).said, []);
  }));

Deno.test("without sums a record that is none is named by file and by what lacks", () =>
  withPublished(async (places) => {
    await Deno.remove(join(places.published, "SHA256SUMS"));
    const path = join(places.published, RECORDS, "softmax-seed0.json");
    const whole = JSON.parse(await Deno.readTextFile(path));
    const cases: [unknown, RegExp][] = [
      [
        [1],
        /softmax-seed0\.json: line 1 has a list; wanted a record of a run$/,
      ],
      [{ ...whole, arm: 3 }, /has the name of an arm$/],
      [{ ...whole, seed: "0" }, /has numbers as seed, steps and ms_per_step$/],
      [
        { ...whole, columns: { step: [1], train_accuracy: [] } },
        /of one length$/,
      ],
      [{ ...whole, columns: {} }, /of one length$/],
      [{ ...whole, measures: null }, /has measures$/],
    ];
    for (const [record, says] of cases) {
      await Deno.writeTextFile(path, JSON.stringify(record));
      const said: string[] = [];
      const records = await readPublished(
        places,
        "tiny",
        "quick",
        (problem) => said.push(problem),
      );
      assertEquals([...records.keys()], ALL.slice(1));
      assertMatch(said.join("|"), says);
    }
  }));

Deno.test("a run here that is torn is named, and the list goes on", () =>
  withTempDir(async (folder) => {
    const places = placesIn(folder);
    await reproduce(["tiny"], { figures, places, scale: "quick", seeds: 1 });
    for (const file of ["verdict.json", "quick/softmax-seed0/manifest.json"]) {
      await edit(join(places.here, "tiny", file), (text) => text.slice(0, 200));
    }
    const said: string[] = [];
    const warn = console.warn;
    console.warn = (line: string) => said.push(line);
    try {
      const listed = await listFigures(places, figures, (p) => said.push(p));
      assertEquals(listed.map(({ name, last }) => ({ name, last })), [
        { name: "tiny", last: null },
      ]);
    } finally {
      console.warn = warn;
    }
    assert(said.some((one) => one.includes("softmax-seed0")), said.join("|"));
    assert(said.some((one) => one.includes("verdict.json")), said.join("|"));
  }));
