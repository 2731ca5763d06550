// The worked extensions of docs/extending.md, in a folder outside the clone, as
// they stand there.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { assertRefused, type Output, outputOf } from "../tasks/_run.ts";
import { assertSums } from "../train/_runs.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const text = await Deno.readTextFile(join(ROOT, "docs/extending.md"));
const blocks = [...text.matchAll(/```ts ignore\n(\/\/ (\S+)\n[^]*?)```/g)]
  .map(([, block, name]) => [name!, block!] as const);

const PARTS = "larger.ts hinge.ts bilinear.ts sign.ts lead.ts symmetry.ts";

Deno.test("docs/extending.md has a task, a loss, a model, an optimizer, a metric, a probe", () => {
  const names = blocks.map(([name]) => name);
  assertEquals(
    names.toSorted(),
    [...PARTS.split(" "), "my_first.ts", "my_lab.ts", "my_script.ts"].sort(),
  );
});

function denoIn(cwd: string, ...args: string[]): Promise<Output> {
  return outputOf(
    new Deno.Command(Deno.execPath(), {
      args,
      cwd,
      env: { NO_COLOR: "1", npm_config_user_agent: "", GROKLAB_LAUNCHER: "" },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn(),
  );
}

const PROGRAM = [
  ...["run", "--no-prompt", "--allow-read", "--allow-env", "--allow-run"],
  join(ROOT, "tasks/groklab.ts"),
];

/** Gives work a folder outside the clone that has the files of the page. */
async function withLab(
  work: (
    dir: string,
    groklab: (...words: string[]) => Promise<Output>,
  ) => Promise<void>,
): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    for (const [name, block] of blocks) {
      await Deno.writeTextFile(join(dir, name), block);
    }
    await work(dir, (...words) => denoIn(dir, ...PROGRAM, ...words));
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

function done({ code, stdout, stderr }: Output) {
  assertEquals(code, 0, stderr);
  return stdout;
}

const EVERYTHING = [
  ...["--task", "larger", "--largest", "9", "--model", "bilinear"],
  ...["--factors", "24", "--loss", "hinge", "--hinge-margin", "2"],
  ...["--optimizer", "sign", "--sign-momentum", "0.8", "--metrics", "lead"],
];

Deno.test("the extensions of docs/extending.md train and probe from a folder outside the clone", () =>
  withLab(async (dir, groklab) => {
    const { config, final, interrupted } = JSON.parse(done(
      await groklab(
        ...["train", "--use", "./my_lab.ts", ...EVERYTHING],
        ...["--steps", "60", "--run", "r", "--json"],
      ),
    ));
    assertEquals(interrupted, false);
    assert(final.train_accuracy > 0.9, JSON.stringify(final));
    assertEquals(Object.keys(final).slice(-2), ["train_lead", "test_lead"]);
    assert(final.train_lead > 0);
    assertEquals(
      [config.hingeMargin, config.signMomentum, config.factors, config.largest],
      [2, 0.8, 24, 9],
    );
    // Whose it is, and a copy of every file.
    const [used] = config.use;
    assertEquals(used.module, "my_lab.ts");
    assertEquals(Object.keys(used.imports), PARTS.split(" ").sort());
    await assertSums(join(dir, "r"));
    const manifest = JSON.parse(
      await Deno.readTextFile(join(dir, "r/manifest.json")),
    );
    const [{ path, copy }] = manifest.extensions;
    assertEquals(path, "./my_lab.ts");
    assertEquals(
      await Deno.readTextFile(join(dir, "r", copy)),
      await Deno.readTextFile(join(dir, "my_lab.ts")),
    );
    // Its probe, in two threads, beside one that needs its loss and its task.
    const { probes } = JSON.parse(done(
      await groklab(
        ...["probe", "r", "--use", "./my_lab.ts", "--jobs", "2"],
        ...["--probe", "symmetry,nlm", "--json"],
      ),
    ));
    assertEquals(probes.symmetry, { pairs: 36, same: 36 });
    assert(Number.isFinite(probes.nlm.float64.cos));
  }));

Deno.test("a loss and a task of two files train together, and a script trains with all", () =>
  withLab(async (dir, groklab) => {
    await Deno.writeTextFile(
      join(dir, "wants.ts"),
      'await fetch("http://localhost:8112/");',
    );
    const [wants, two, first, script] = await Promise.all([
      groklab("train", "--use", "wants.ts"),
      groklab(
        ...["train", "--use", "./larger.ts", "--use=./hinge.ts", "--json"],
        ...[
          "--task",
          "larger",
          "--loss",
          "hinge",
          "--steps",
          "3",
          "--run",
          "a",
        ],
        ...["--hidden", "8"],
      ),
      groklab("train", "--use", "my_first.ts", "--help"),
      denoIn(
        dir,
        ...["run", "--no-prompt", "--config", join(ROOT, "deno.json")],
        ...["--allow-read", "--allow-write", "--allow-ffi"],
        ...["--allow-sys=hostname,systemMemoryInfo", "my_script.ts", "b"],
      ),
    ]);
    assertMatch(
      assertRefused(wants, 2),
      /wants\.ts: it requires net access to "localhost:8112", which this task does/,
    );
    const { config } = JSON.parse(done(two));
    assertEquals(
      config.use.map(({ module }: { module: string }) => module),
      ["larger.ts", "hinge.ts"],
    );
    const help = done(first).replaceAll(/\s+/g, " ");
    assertMatch(help, /--below <n> evens: numbers below n \(default: 12\)/);
    assertMatch(help, /--task <name> add, .*, evens \(default: add\)/);
    assertEquals(JSON.parse(done(script)).symmetry.pairs, 36);
    assertEquals(
      JSON.parse(await Deno.readTextFile(join(dir, "b/config.json")))
        .hingeMargin,
      2,
    );
  }));

Deno.test("a run with an extension goes on with that one only, with its copy where it is gone, and is reported without", () =>
  withLab(async (dir, groklab) => {
    const lab = join(dir, "hinge.ts");
    const train = (...words: string[]) => groklab("train", ...words, "--json");
    const words = ["--modulus", "5", "--hidden", "4", "--loss", "hinge"];
    done(
      await train(
        "--use",
        "./hinge.ts",
        ...words,
        "--steps",
        "4",
        "--run",
        "r",
      ),
    );
    // Nothing of a run's is run that is not named.
    for (const flag of ["--resume", "--from", "--config"]) {
      const line = assertRefused(await train(flag, "r", "--steps", "6"), 2);
      assertMatch(
        line,
        /--use must name hinge\.ts, .*its code runs only where/,
      );
    }
    // Another version.
    const source = await Deno.readTextFile(lab);
    const { config } = JSON.parse(
      await Deno.readTextFile(join(dir, "r/summary.json")),
    );
    await Deno.writeTextFile(lab, `${source}\n// another\n`);
    const resume = ["--resume", "r", "--use", "hinge.ts"];
    const line = assertRefused(await train(...resume, "--steps", "6"), 2);
    assertMatch(line, /SHA-256 of hinge\.ts is [0-9a-f]{64}, it was /);
    assert(line.includes(config.use[0].sha256), line);
    const other = await train(...resume, "--steps", "6", "--use-changed");
    assertEquals(JSON.parse(done(other)).steps, 6);
    assertMatch(
      other.stderr,
      /goes on with extensions hinge\.ts \w+ → hinge\.ts/,
    );
    // Gone: the run's copy, of the version that it goes on with.
    await Deno.remove(lab);
    const fresh = await train("--use", "hinge.ts", "--steps", "1");
    assertMatch(assertRefused(fresh, 2), /hinge\.ts: there is no such file/);
    const copy = await train(...resume, "--steps", "8");
    assertEquals(JSON.parse(done(copy)).steps, 8);
    assertMatch(
      copy.stderr,
      /^note: hinge\.ts is not there; the copy that the/,
    );
    await assertSums(join(dir, "r"));
    // Without it: what needs no loss is asked, the page is written.
    const [probed, report] = await Promise.all([
      groklab("probe", "r", "--json"),
      groklab("report", "r", "--out", "r.html", "--json"),
    ]);
    const { probes, skipped } = JSON.parse(done(probed));
    assert("fourier" in probes && "geometry" in probes);
    assertMatch(skipped.nlm, /needs the loss hinge of the extension hinge\.ts/);
    done(report);
    const page = await Deno.readTextFile(join(dir, "r.html"));
    assertMatch(page, /--use hinge\.ts --modulus 5 .*--hinge-margin 1/);
  }));
