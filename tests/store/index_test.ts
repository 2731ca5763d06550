/** The index: the folders are the truth, whatever lies in its file. */

import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { FILES } from "../../lib/runs/layout.ts";
import { lockRun } from "../../lib/runs/lock.ts";
import { INDEX, RunIndex } from "../../lib/store/index_file.ts";
import { listRuns } from "../../lib/store/list.ts";
import { nameRun } from "../../lib/store/labelling.ts";
import { sealed } from "../../lib/store/sealed.ts";
import { openInMemory } from "../../lib/store/sqlite.ts";
import { outputOf, startDeno, withTempDir } from "../tasks/_run.ts";
import { age, makeRun } from "./_runs.ts";

const COUNT = 20;

/** More runs than are listed without an index, as if written long ago. */
function many(runs: string): void {
  for (let i = 0; i < COUNT; i++) {
    makeRun(join(runs, `r${i}`), { seed: i }, { grokked_at: 100 + i });
  }
  age(runs);
}

/** How many runs are read by a list. */
async function readBy(runs: string): Promise<number> {
  let read = 0;
  await listRuns(runs, { onRead: (done) => read = done });
  return read;
}

const seeds = async (runs: string, where = "true") =>
  (await listRuns(runs, { where, sort: "seed" })).map(({ seed }) => seed);

const all = Array.from({ length: COUNT }, (_, i) => i);

Deno.test("what has not changed is not read again", () =>
  withTempDir(async (runs) => {
    many(runs);
    assertEquals(await readBy(runs), COUNT);
    assert(Deno.statSync(join(runs, INDEX)).isFile);
    assertEquals(await readBy(runs), 0);
    assertEquals(await seeds(runs), all);
  }));

Deno.test("what changed is read: another summary, a label, a run that came, one that went", () =>
  withTempDir(async (runs) => {
    many(runs);
    await listRuns(runs);
    // In place, which the folder's own time does not tell.
    const path = join(runs, "r3", FILES.summary);
    Deno.writeTextFileSync(path, Deno.readTextFileSync(path) + "\n");
    assertEquals(await readBy(runs), 1);
    assertEquals(
      (await listRuns(runs, { where: "state='damaged'" })).length,
      1,
    );
    await nameRun(join(runs, "r4"), "four");
    assertEquals(await seeds(runs, "name='four'"), [4]);
    await Deno.remove(join(runs, "r5"), { recursive: true });
    makeRun(join(runs, "new"), { seed: 77 });
    assertEquals(
      await seeds(runs),
      [...all.filter((seed) => seed !== 5), 77],
    );
    Deno.renameSync(join(runs, "r6"), join(runs, "moved"));
    const [moved] = await listRuns(runs, { where: "seed=6" });
    assertEquals(moved!["run"], join(runs, "moved"));
  }));

Deno.test("what may still change unseen is read again", () =>
  withTempDir(async (runs) => {
    many(runs);
    const now = new Date();
    const path = join(runs, "r3", FILES.summary);
    await Deno.utime(path, now, now);
    assertEquals([await readBy(runs), await readBy(runs)], [COUNT, 1]);
    // Of the same size, and within the same tick of a clock.
    const text = Deno.readTextFileSync(path).replace("103", "999");
    Deno.writeTextFileSync(path, text);
    Deno.removeSync(join(runs, "r3", FILES.sums));
    await Deno.utime(path, now, now);
    assertEquals(await seeds(runs, "grokked_at=999"), [3]);
  }));

Deno.test("without a summary, rows that grow are read", () =>
  withTempDir(async (runs) => {
    many(runs);
    const run = join(runs, "r0");
    await Deno.remove(join(run, FILES.summary));
    const row = (step: number) => `${JSON.stringify({ step })}\n`;
    await Deno.remove(join(run, FILES.sums));
    Deno.writeTextFileSync(join(run, FILES.metrics), row(0));
    age(run);
    const steps = () => seeds(runs, "seed=0 and step=0");
    assertEquals(await steps(), [0]);
    // What is appended does not tell on the folder.
    Deno.writeTextFileSync(join(run, FILES.metrics), row(5), { append: true });
    assertEquals(await steps(), []);
  }));

Deno.test("whether a lock is held is seen, though no file changes", () =>
  withTempDir(async (runs) => {
    many(runs);
    const run = makeRun(join(runs, "r0"), {}, { killed: [{ step: 0 }] });
    await Deno.remove(join(run, FILES.summary));
    const taken = await lockRun(run);
    const lock = Deno.readTextFileSync(join(run, "lock"));
    age(run);
    const states = async () =>
      (await listRuns(runs, { where: "seed=0" })).map(({ state }) => state);
    assertEquals([await states(), await readBy(runs)], [["training"], 0]);
    taken[Symbol.dispose]();
    // As a kill leaves it.
    Deno.writeTextFileSync(join(run, "lock"), lock);
    age(run);
    await listRuns(runs);
    assertEquals([await states(), await readBy(runs)], [["stopped"], 0]);
    using _ = await lockRun(run);
    age(run);
    assertEquals([await states(), await readBy(runs)], [["training"], 0]);
  }));

const damages: readonly [what: string, damage: (file: string) => void][] = [
  ["torn", (file) => Deno.truncateSync(file, 10_000)],
  ["empty", (file) => Deno.truncateSync(file)],
  ["another's", (file) => Deno.writeTextFileSync(file, "no database")],
  ["flipped in a bit", (file) => {
    const bytes = Deno.readFileSync(file);
    bytes[bytes.length - 5000]! ^= 1;
    Deno.writeFileSync(file, bytes);
  }],
  ["another version's", (file) => {
    const database = openInMemory();
    database.exec("create table about(format); insert into about values(0)");
    Deno.writeFileSync(file, sealed(database.serialize()));
  }],
  ["gone", (file) => Deno.removeSync(file)],
];
const pipes: typeof damages = [["a pipe", (file) => {
  Deno.removeSync(file);
  new Deno.Command("mkfifo", { args: [file] }).outputSync();
}]];
const onUnix = Deno.build.os === "windows" ? [] : pipes;

for (const [what, damage] of [...damages, ...onUnix]) {
  Deno.test(`an index that is ${what} is made again`, () =>
    withTempDir(async (runs) => {
      many(runs);
      await listRuns(runs);
      damage(join(runs, INDEX));
      assertEquals(await readBy(runs), COUNT);
      assertEquals([await readBy(runs), await seeds(runs)], [0, all]);
    }));
}

Deno.test("an index of another format is made again", () =>
  withTempDir(async (runs) => {
    many(runs);
    const { database } = await RunIndex.open(runs);
    database.exec("update about set format = format + 1");
    Deno.writeFileSync(join(runs, INDEX), sealed(database.serialize()));
    assertEquals(await readBy(runs), COUNT);
  }));

Deno.test("the index is a database that other tools read, wherever its folder is moved", () =>
  withTempDir(async (dir) => {
    const runs = join(dir, "runs");
    many(runs);
    await listRuns(runs);
    const moved = join(dir, "moved");
    await Deno.rename(runs, moved);
    assertEquals(await readBy(moved), 0);
    const [run] = await listRuns(moved, {
      where: "seed=7",
      columns: ["run", "checkpoint"],
    });
    assertEquals(run, {
      run: join(moved, "r7"),
      checkpoint: join(moved, "r7", "checkpoints", "step-00000005.onnx"),
    });
  }));

Deno.test("few runs, and those of one training, have no index", () =>
  withTempDir(async (dir) => {
    makeRun(join(dir, "runs", "a"));
    for (let i = 0; i < COUNT; i++) {
      makeRun(join(dir, "runs", "band", `replica-${i}`), { seed: i });
    }
    age(dir);
    const band = join(dir, "runs", "band");
    assertEquals((await listRuns(band)).length, COUNT);
    assertEquals([...Deno.readDirSync(band)].length, COUNT);
    makeRun(join(dir, "few", "a"));
    assertEquals((await listRuns(join(dir, "few"))).length, 1);
    assertEquals([...Deno.readDirSync(join(dir, "few"))].length, 1);
  }));

Deno.test("a folder that cannot be written is listed without", () =>
  withTempDir(async (dir) => {
    const runs = join(dir, "runs");
    many(runs);
    const script = join(dir, "list.ts");
    const list = new URL("../../lib/store/list.ts", import.meta.url).href;
    Deno.writeTextFileSync(
      script,
      `import { listRuns } from ${JSON.stringify(list)};
      console.log((await listRuns(Deno.args[0])).length);`,
    );
    const { code, stdout, stderr } = await outputOf(startDeno([
      ...["run", "--no-prompt", "--no-check", "--config", "deno.json"],
      ...["--allow-read", script, runs],
    ]));
    assertEquals([code, stdout], [0, `${COUNT}\n`], stderr);
    assertEquals([...Deno.readDirSync(runs)].length, COUNT);
  }));

Deno.test("what a kill left of an index goes with the next one", () =>
  withTempDir(async (runs) => {
    many(runs);
    const [old, young] = ["partial-1", "partial-2"].map((end) =>
      join(runs, `${INDEX}.${end}`)
    ) as [string, string];
    for (const path of [old, young]) Deno.writeTextFileSync(path, "");
    Deno.utimeSync(old, 0, 0);
    await listRuns(runs);
    const left = [...Deno.readDirSync(runs)].map(({ name }) => name)
      .filter((name) => name.startsWith(INDEX)).sort();
    assertEquals(left, [INDEX, `${INDEX}.partial-2`]);
  }));

Deno.test("lists side by side leave one whole index", () =>
  withTempDir(async (runs) => {
    many(runs);
    const lists = await Promise.all(
      Array.from({ length: 4 }, () => seeds(runs)),
    );
    assertEquals(lists, [all, all, all, all]);
    assertEquals([await readBy(runs), await seeds(runs)], [0, all]);
    const odd = [...Deno.readDirSync(runs)]
      .filter(({ name }) => !/^r\d+$/.test(name)).map(({ name }) => name);
    assertEquals(odd, [INDEX]);
  }));
