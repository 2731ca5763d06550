/** Reproducing a figure with an extension in use: its threads load it, its runs keep it. */

import { assertEquals } from "@std/assert";
import { join } from "node:path";
import type { Figure } from "../../lib/figures/figure.ts";
import { loadExtension } from "../../lib/extensions/load.ts";
import { reproduce } from "../../lib/reproduce/reproduce.ts";
import { withTempDir } from "../tasks/_run.ts";
import { placesIn, tiny } from "./_tiny.ts";

Deno.test("reproduce() trains with a loss of an extension, and its runs keep a copy", () =>
  withTempDir(async (dir) => {
    const lab = join(dir, "lab.ts");
    await Deno.writeTextFile(
      lab,
      'import { defineExtension, losses } from "@groklab/groklab";\n' +
        "const own = losses.softmax;\n" +
        "export default defineExtension({ losses: { own } });",
    );
    await loadExtension(lab);
    const [softmax, stablemax] = tiny.arms;
    const figure: Figure = {
      ...tiny,
      arms: [
        softmax!,
        {
          ...stablemax!,
          config: { ...stablemax!.config, loss: "own" as "mse" },
        },
      ],
    };
    const { outcomes, failures } = await reproduce(["tiny"], {
      figures: { tiny: figure },
      places: placesIn(dir),
      scale: "quick",
    });
    assertEquals(failures, []);
    assertEquals(outcomes[0]!.runs, { finished: 2, of: 2 });
    const runs = join(dir, "here/tiny/quick");
    const read = (run: string, file: string) =>
      Deno.readTextFile(join(runs, run, file));
    const { loss, use } = JSON.parse(
      await read("stablemax-seed0", "config.json"),
    );
    assertEquals([loss, use[0].module], ["own", "lab.ts"]);
    const { extensions } = JSON.parse(
      await read("stablemax-seed0", "manifest.json"),
    );
    assertEquals(
      await read("stablemax-seed0", extensions[0].copy),
      await Deno.readTextFile(lab),
    );
    // The numbers of the loss under its own name; times are their own.
    const rows = async (run: string) =>
      (await read(run, "metrics.jsonl"))
        .replaceAll(/"ms_per_step":[^,}]*/g, "");
    assertEquals(await rows("stablemax-seed0"), await rows("softmax-seed0"));
  }));
