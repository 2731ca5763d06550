/** The pages that a server makes of runs as they go on. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { serveReport } from "../../lib/report/serve.ts";
import { withTempDir } from "../tasks/_run.ts";
import { writeSums } from "../train/_runs.ts";
import { TINY } from "./_made.ts";
import { runIn } from "./_runs.ts";

Deno.test("a page that could not be made is made again when it is loaded again", () =>
  withTempDir(async (dir) => {
    const run = await runIn(dir, "run", TINY);
    const checkpoints = join(run, "checkpoints");
    const names = [...Deno.readDirSync(checkpoints)].map(({ name }) => name);
    const last = names.sort().at(-1)!;
    // As it was before its last checkpoint.
    await Deno.rename(join(checkpoints, last), join(dir, last));
    await writeSums(run);

    const stop = new AbortController();
    const { promise: listening, resolve: onListen } = Promise.withResolvers<
      string
    >();
    let looked = 0;
    const ended = serveReport([run], {
      port: 0,
      probes: ["fourier"],
      threads: 1,
      signal: stop.signal,
      onListen,
      onStage(stage) {
        if (stage.startsWith("looking inside")) looked++;
        if (looked === 2) throw new Error("there was no memory left");
      },
    });
    const url = await Promise.race([listening, ended]) as string;
    const page = async () => {
      const answer = await fetch(url);
      return { status: answer.status, text: await answer.text() };
    };
    try {
      assertEquals([(await page()).status, looked], [200, 1]);
      await Deno.rename(join(dir, last), join(checkpoints, last));
      await writeSums(run);
      const failed = { status: 500, text: "there was no memory left" };
      assertEquals([await page(), looked], [failed, 2]);
      assertEquals([(await page()).status, looked], [200, 3]);
    } finally {
      stop.abort();
      await ended;
    }
  }));

Deno.test("a server whose first page cannot be made says why, and never listens", () =>
  withTempDir(async (dir) => {
    const run = await runIn(dir, "run", TINY);
    let listened = false;
    const refused = await assertRejects(() =>
      serveReport([run], {
        port: 0,
        probes: ["fourier"],
        threads: 1,
        onListen: () => listened = true,
        onStage() {
          throw new Error("there was no memory left");
        },
      })
    );
    assertEquals((refused as Error).message, "there was no memory left");
    assert(!listened);
  }));
