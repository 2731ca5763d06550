/** `deno task runs` as a user runs it: what it prints, and what it refuses. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import { makeRun } from "../../store/_runs.ts";
import type { ListedRun } from "../../../lib/store/list.ts";
import { listText } from "../../../tasks/runs/text.ts";
import { assertRefused, contentsOf, withTempDir } from "../_run.ts";
import { taskAt } from "./_at.ts";

function two(dir: string): void {
  makeRun(join(dir, "runs", "a"), { loss: "softmax", lr: 0.001, seed: 3 }, {
    started: "2026-01-01T10:20:30.000Z",
    grokked_at: 300,
    final: { test_accuracy: 0.99996 },
  });
  makeRun(join(dir, "runs", "b"), { seed: 4, perpGrad: false }, {
    started: "2026-01-02T00:00:00.000Z",
    grokked_at: null,
    final: { test_accuracy: 0.25 },
  });
}

Deno.test("runs lists as a table, JSON and CSV", () =>
  withTempDir(async (dir) => {
    const none = await taskAt(dir, "runs");
    assertEquals([none.code, none.stdout], [0, ""]);
    assertMatch(
      none.stderr,
      /^no runs in runs; make one with deno task train$/m,
    );
    const sweep = join(dir, "s");
    await Deno.mkdir(sweep);
    await Deno.writeTextFile(join(sweep, "sweep.json"), "{}");
    const planned = await taskAt(dir, "runs", "s");
    assertMatch(
      planned.stderr,
      /^no runs in s; make them with deno task sweep run s$/m,
    );
    const header = await taskAt(dir, "runs", "--csv", "--columns", "lr,run");
    assertEquals([header.stdout, header.stderr], ["lr,run\r\n", ""]);
    two(dir);
    const list = await taskAt(dir, "runs");
    assertEquals([list.code, list.stderr], [0, ""]);
    assertEquals(list.stdout.split("\n").map((line) => line.trimEnd()), [
      "name  task  model  loss       optimizer  seed  memorised  grokked  test" +
      "     when              state",
      "b     add   mlp    stablemax  adamw      4     1          –        25.0 %" +
      "   2026-01-02 00:00  done",
      "a     add   mlp    softmax    ⊥adamw     3     1          300      99.99 %" +
      "  2026-01-01 10:20  done",
      "",
    ]);
    const untagged = await taskAt(dir, "runs", "--tag", "x", "--where", "lr<1");
    assertEquals(
      [untagged.code, untagged.stdout, untagged.stderr.trim()],
      [0, "", "no run in runs is so: lr<1, with the tag x"],
    );
    const zero = await taskAt(dir, "runs", "--limit", "0");
    assertEquals(zero.stderr.trim(), "no run is listed: --limit is 0");
    const where = "loss='softmax' and lr<0.01 and grokked_at<500";
    const json = await taskAt(dir, "runs", "--json", "--where", where);
    assertEquals([json.code, json.stderr], [0, ""]);
    const [run, ...others] = JSON.parse(json.stdout);
    assertEquals(others, []);
    assertEquals([run.run, run.name, run.seed], [join("runs", "a"), null, 3]);
    await taskAt(dir, "runs", "note", "a", 'one, "two"\nthree');
    const csv = await taskAt(
      ...[dir, "runs", "--csv", "--columns", "folder,lr,note,hidden"] as const,
      ...["--sort", "-lr"],
    );
    assertEquals(
      csv.stdout,
      "folder,lr,note,hidden\r\n" +
        'b,0.01,,"[200,200]"\r\n' +
        'a,0.001,"one, ""two""\nthree","[200,200]"\r\n',
    );
  }));

Deno.test("runs names, tags, compares, and others take the name", () =>
  withTempDir(async (dir) => {
    two(dir);
    const ok = async (...args: string[]) => {
      const { code, stdout, stderr } = await taskAt(dir, "runs", ...args);
      assertEquals([code, stderr], [0, ""], args.join(" "));
      return stdout;
    };
    const a = join("runs", "a");
    assertEquals(await ok("name", "a", "the first"), `${a}: the first\n`);
    assertEquals(
      await ok("tag", "the f", "x", "y"),
      `the first · ${a}: x, y\n`,
    );
    assertEquals(await ok("tag", a, "y", "--remove"), `the first · ${a}: x\n`);
    assertEquals(await ok("note", a, "so so"), `the first · ${a}: so so\n`);
    assertEquals(
      await ok("note", a, "--remove"),
      `the first · ${a}: no note\n`,
    );
    assertEquals(
      await ok("--tag", "x", "--columns", "name,tags"),
      "name       tags\nthe first  x\n",
    );
    const shown = await ok("show", "the first");
    assertMatch(shown, /^the first · runs\/a\nstate: done\ntags: x\n/);
    assertMatch(shown, /^ {2}lr +0\.001 +\(default: 0\.01\)$/m);
    assertMatch(shown, /^ {2}grokked_at +300$/m);
    const compared = await ok("compare", "the first", "b");
    assertMatch(compared, /^ +the first +runs\/b$/m);
    assertMatch(compared, /^perpGrad +true +false$/m);
    assert(!/^weightDecay/m.test(compared));
    const json = JSON.parse(await ok("compare", "a", "b", "--json"));
    assertEquals(json.config.seed, [3, 4]);
    assertEquals(json.names, ["the first", null]);
    // In another folder of runs a run may have the same name.
    const other = makeRun(join(dir, "others", "c"));
    await ok("name", other, "the first");
    assertMatch(
      await ok("compare", "a", other),
      /^ +the first · runs\/a +the first · .*others\/c$/m,
    );
    assertEquals(await ok("name", "b", "--remove"), `runs/b: no name\n`);
    // What takes a run takes its name: this one has no checkpoints.
    const probed = await taskAt(dir, "probe", "the first");
    const line = assertRefused(probed, 1);
    assertMatch(line, /^error: Cannot read the run runs\/a: it has no checkp/);
    // A path that is there comes first.
    Deno.writeTextFileSync(join(dir, "the first"), "no model");
    const file = assertRefused(await taskAt(dir, "probe", "the first"), 1);
    assertMatch(file, /^error: Cannot read the first: /);
    const unknown = assertRefused(await taskAt(dir, "probe", "the f"), 1);
    assertMatch(unknown, /^error: Cannot read the f: No such file/);
  }));

Deno.test("runs removes only what is agreed to, and gives it back", () =>
  withTempDir(async (dir) => {
    two(dir);
    const runs = (...args: string[]) => taskAt(dir, "runs", ...args);
    assertMatch(
      assertRefused(await runs("remove", "a"), 2),
      /Move 1 run to the trash\? Nobody can be asked here: --yes says so$/,
    );
    // All, or none.
    Deno.symlinkSync(join(dir, "runs", "b"), join(dir, "runs", "link"));
    const link = await runs("remove", "a", "runs/link", "--yes");
    assertMatch(
      assertRefused(link, 2),
      /Cannot remove the run runs\/link: it is/,
    );
    assertEquals(Deno.statSync(join(dir, "runs", "a")).isDirectory, true);
    Deno.removeSync(join(dir, "runs", "link"));
    await runs("name", "a", "the first");
    const removed = await runs("remove", "--where", "seed=3", "--yes");
    assertMatch(removed.stdout, /^the first · runs\/a → trash 20\S+\n$/);
    const left = await runs("--columns", "folder");
    assertEquals(left.stdout, "folder\nb\n");
    assertMatch(
      (await runs("trash")).stdout,
      /^trash +run +removed\n20\S+ +the first · a /,
    );
    assertEquals((await runs("restore", "the first")).stdout, "runs/a\n");
    await runs("remove", "a", "b", "--yes");
    // Replicas as a whole.
    makeRun(join(dir, "runs", "band", "replica-0"));
    const band = await runs("remove", "band", "--yes");
    assertMatch(band.stdout, /^runs\/band → trash 20\S+\n$/);
    assertRefused(await runs("empty-trash"), 2);
    const emptied = await runs("empty-trash", "--yes");
    assertEquals(emptied.stdout, "deleted 3 runs\n");
    assertEquals([...Deno.readDirSync(join(dir, "runs"))], []);
  }));

const WRONG: readonly [args: readonly string[], says: RegExp][] = [
  [["--where", "lr<"], /Cannot use the condition "lr<": .*syntax error/],
  [["--where", "lr<1; drop table runs"], /it has a ; in it/],
  [["--where", "loss=softmax"], /there is no column "softmax".*single quotes/],
  [["--sort", "grokked"], /--sort: .*\(did you mean grokked_at\?\)/],
  [["--columns", "name,nmae"], /--columns: .*\(did you mean name\?\)/],
  [["--limit", "-1"], /--limit/],
  [["--csv", "--json"], /--csv must be left out with --json/],
  [["none"], /Cannot list the runs in none: there is no such folder/],
  [["file"], /Cannot list the runs in file: it is a file, no folder/],
  [["show", "c"], /Cannot find the run "c"/],
  [["show"], /missing required argument/],
  [["compare", "a"], /Cannot compare runs\/a with nothing: name another run/],
  [["name", "a", "x/y"], /Cannot name a run "x\/y": it is a path/],
  [["name", "a", "b"], /Cannot name a run "b": the run runs\/b is called so/],
  [["name", "a"], /a name is missing; --remove takes it away/],
  [["name", "a", "x", "--remove"], /--remove must be left out with a name/],
  [["tag", "a", "x,y"], /it has a comma in it/],
  [["note", "a", "\x1b[2J"], /it has control characters/],
  [["remove", "--yes"], /none is named/],
  [["remove", "a", "--where", "true", "--yes"], /not both/],
  [["remove", "a", "gone", "--yes"], /Cannot find the run "gone"/],
  [["restore", "a"], /it is none of the 0 in runs\/.trash/],
  [["--wher", "lr<1"], /unknown option '--wher' \(did you mean --where\?\)/],
];

Deno.test("what runs cannot mean is one line, and changes nothing", () =>
  withTempDir(async (dir) => {
    two(dir);
    Deno.writeTextFileSync(join(dir, "file"), "");
    const before = await contentsOf(dir);
    for (const [args, says] of WRONG) {
      const line = assertRefused(await taskAt(dir, "runs", ...args), 2);
      assertMatch(line, says, args.join(" "));
    }
    assertEquals(await contentsOf(dir), before);
  }));

Deno.test("a damaged run is listed, with why on stderr", () =>
  withTempDir(async (dir) => {
    two(dir);
    Deno.writeTextFileSync(join(dir, "runs", "a", "summary.json"), "{");
    const { code, stdout, stderr } = await taskAt(dir, "runs");
    assertEquals(code, 0);
    assertMatch(stdout, /^a .* damaged$/m);
    assertMatch(
      stderr,
      /^note: runs\/a: Cannot read runs\/a\/summary\.json: it/,
    );
  }));

Deno.test("runs says what is wrong with a run whatever columns it shows, and shows no control characters", () =>
  withTempDir(async (dir) => {
    const folder = "c\x1b[31m\nd";
    makeRun(join(dir, "runs", folder));
    const labels = join(dir, "runs", folder, "labels.json");
    Deno.writeTextFileSync(labels, "{");
    const list = await taskAt(dir, "runs", "--columns", "state");
    assertEquals(list.stdout, "state\ndone\n");
    const name = "runs/c\\x1b[31m\\x0ad";
    const [said] = list.stderr.split(" is no JSON");
    assertEquals(
      said,
      `note: ${name}: Cannot read ${name}/labels.json: line 1`,
    );
    Deno.writeTextFileSync(labels, '{"name":"mine"}');
    Deno.writeTextFileSync(join(dir, "runs", folder, "config.json"), "{");
    const named = await taskAt(dir, "runs", "--columns", "state");
    assertEquals(named.stderr.split(": ")[1], `mine · ${name}`);
    makeRun(join(dir, "runs", folder));
    Deno.removeSync(labels);
    const { stdout } = await taskAt(dir, "runs", "show", folder);
    assertEquals(stdout.split("\n").slice(0, 2), [name, "state: done"]);
  }));

Deno.test("a table wider than the terminal has what all runs say above it, and days", () => {
  const run = (name: string, loss: string): ListedRun => ({
    ...{ run: name, folder: name, name, task: "add", model: "mlp", loss },
    ...{ optimizer: "adamw", perpGrad: false, seed: 3, memorised_at: 100 },
    ...{ grokked_at: null, test_accuracy: 0.25, state: "done" },
    started: "2026-01-01T10:20:00.000Z",
  });
  const long = "2026-01-01T10-20-00-a";
  const runs = [run(long, "softmax"), run("b", "stablemax")];
  const lines = (width?: number) =>
    listText(runs, undefined, width).split("\n");
  const widest = lines();
  const width = Math.max(widest[0]!.length, widest[1]!.length);
  assertEquals(lines(width), widest);
  assertEquals(lines(width - 1)[0], "all: task add");
  const same = "all: task add, model mlp, optimizer adamw, seed 3, state done";
  const head = "name                   loss       memorised  grokked  test    ";
  const row = "2026-01-01T10-20-00-a  softmax    100        –        25.0 %  ";
  const last = "b                      stablemax  100        –        25.0 %  ";
  assertEquals(lines(80), [
    same,
    `${head}when`,
    `${row}2026-01-01 10:20`,
    `${last}2026-01-01 10:20`,
  ]);
  assertEquals(lines(75), [
    same,
    `${head}when`,
    `${row}2026-01-01`,
    `${last}2026-01-01`,
  ]);
});
