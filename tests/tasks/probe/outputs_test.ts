/** `deno task probe` of other tools' files, as a user runs it. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import { assertRefused, outputOf, startProgram, withTempDir } from "../_run.ts";

const at = (name: string) =>
  new URL(`../../golden/${name}`, import.meta.url).pathname;
const FILE = at("told/foreign_perceptron.onnx");
const ROWS = ["--modulus", "7", "--split", at("told/foreign_options.csv")];

const probe = (...args: string[]) => outputOf(startProgram("probe", args));

Deno.test("rows, loss and names are told, and the answer begins with sentences", async () => {
  const { code, stdout, stderr } = await probe(
    ...[FILE, ...ROWS, "--loss", "softmax", "--map", "auto"],
  );
  assertEquals(code, 0, stderr);
  const [source, map, ...lines] = stdout.split("\n");
  assertEquals(source, FILE);
  assertEquals(
    map,
    "  --map W_E=table.weight,layers.0.W=one.weight," +
      "layers.1.W=onnx::MatMul_16,layers.2.W=three.weight," +
      "layers.0.hook_post=/Mul_output_0,layers.1.hook_post=/Tanh_output_0",
  );
  const sentences = lines.slice(0, lines.indexOf(""));
  assert(sentences.length === 5 || sentences.length === 6, stdout);
  for (const line of sentences) assertMatch(line, /^ {2}[A-Z0-9].*\.$/);
  for (const name of ["margin", "nlm", "neural-collapse"]) {
    assert(lines.includes(name), name);
  }
});

Deno.test("a folder of files with steps in their names is asked step by step", () =>
  withTempDir(async (dir) => {
    for (const step of [5, 10]) {
      await Deno.copyFile(FILE, join(dir, `net_${step}.onnx`));
    }
    const whole = await probe(
      ...[dir, ...ROWS, "--all-checkpoints", "--probe", "margin,trajectory"],
      "--json",
    );
    assertEquals(whole.code, 0, whole.stderr);
    const { steps, series, probes } = JSON.parse(whole.stdout);
    assertEquals(steps, [5, 10]);
    assertEquals(series.margin[0].result, series.margin[1].result);
    assertEquals(probes.trajectory.points[1].moved, 0);
    const one = await probe(dir, "--step", "5", "--probe", "geometry");
    assertEquals(one.code, 0, one.stderr);
    assert(one.stdout.startsWith(join(dir, "net_5.onnx")));
    const none = await probe(dir, "--step", "6");
    assertMatch(assertRefused(none, 2), /step 6 in .* it has steps 5, 10$/);
  }));

Deno.test("what is told and cannot be meant is refused in a line", () =>
  withTempDir(async (dir) => {
    const bad = join(dir, "bad.csv");
    await Deno.writeTextFile(bad, "a,b,label\n0,1,1\n1,2\n");
    const cases: [args: string[], code: number, says: RegExp][] = [
      [["--modulus", "7", "--loss", "hinge"], 2, /--loss/],
      [["--modulus", "7", "--split", join(dir, "no.csv")], 1, /no\.csv/],
      [["--modulus", "7", "--split", bad], 1, /bad\.csv: line 3: wanted 3/],
      [["--modulus", "5", ...ROWS.slice(2)], 2, /residues mod 5, got/],
      [["--loss", "softmax"], 2, /--modulus must come with --loss/],
      [["--map", "auto"], 2, /--modulus must come with --map/],
    ];
    for (const [args, code, says] of cases) {
      assertMatch(assertRefused(await probe(FILE, ...args), code), says);
    }
  }));
