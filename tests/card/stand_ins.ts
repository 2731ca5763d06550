/**
 * Makes stand-ins for CUDA's libraries, for ONNX Runtime's CUDA provider to run over
 * where there is no card: its placement of nodes, its choice of kernels and what it
 * asks of the card are its own then, and are counted; nothing is computed.
 *
 *     deno run -A tests/card/stand_ins.ts FOLDER
 *
 * Then LD_LIBRARY_PATH=FOLDER shows a card to whatever is started, and with
 * STAND_INS_ANSWERS=FOLDER/answers besides commands take it for usable. What can be
 * counted, and what else the environment may say, stands at the head of
 * stand_ins.c. There is an nvidia-smi in the folder, too.
 *
 * @module
 */

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  CUDA_FILES,
  cudaIsInstalled,
  cudaLibraries,
  CUDNN,
  packageFolder,
  providerFolder,
} from "../../lib/onnx/runtime/cuda.ts";
import { answers } from "./answers.ts";

/** The file with the functions that do something. */
const SOURCE = fileURLToPath(new URL("stand_ins.c", import.meta.url));

const provider = () => join(providerFolder(packageFolder()), CUDA_FILES[1]);

/** What is lacking for stand-ins to be made; undefined where nothing is. */
export async function standInsLack(): Promise<string | undefined> {
  if (!await cudaIsInstalled()) return "the CUDA provider is not set up";
  for (const program of ["cc", "nm", "grep"]) {
    try {
      await output(program, "--version");
    } catch {
      return `there is no ${program}`;
    }
  }
}

/** Makes the libraries, in a folder that is there. */
export async function makeStandIns(folder: string): Promise<void> {
  const asked = await askedFor();
  const source = await Deno.readTextFile(SOURCE);
  const there = new Set(
    Array.from(source.matchAll(/^[\w *]+?\b(\w+)\(/gm), ([, name]) => name!),
  );
  const others = [...asked.values()].flat().filter((name) => !there.has(name));
  const at = (name: string) => join(folder, name);
  await Deno.writeTextFile(
    at("others.c"),
    "extern void stand_ins_called(const char *);\n" +
      [...new Set(others)].map(text).join(""),
  );
  const versions = [...asked].filter(([version]) => version !== "")
    .map(([version, names]) =>
      `${version} { global: ${names.join("; ")}; };\n`
    );
  await Deno.writeTextFile(at("versions.map"), versions.join(""));
  const library = "stand_ins.so";
  await output(
    "cc",
    ...["-O2", "-w", "-shared", "-fPIC", `-Wl,-soname,${library}`],
    ...[`-Wl,--version-script=${at("versions.map")}`, "-o", at(library)],
    ...[SOURCE, at("others.c"), "-lpthread"],
  );
  // One library under all the names: the loader sees that they are the same file.
  const names = (await cudaLibraries()).filter((name) => /^libcu/.test(name));
  for (const name of [...names, CUDNN]) await Deno.symlink(library, at(name));
}

/** The functions that the provider asks for, by the version that it wants them of. */
async function askedFor(): Promise<Map<string, string[]>> {
  const asked = new Map<string, string[]>([["", []]]);
  const undefineds = await output("nm", "-D", "--undefined-only", provider());
  const lines = undefineds.matchAll(/ (_*cu[a-zA-Z]\w*)(?:@+(\S+))?$/gm);
  for (const [, name, version = ""] of lines) {
    asked.set(version, [...asked.get(version) ?? [], name!]);
  }
  // cuDNN's are looked up by their names when it is loaded.
  const names = await output(
    "grep",
    "-aoE",
    "cudnn[A-Z][A-Za-z]+(_v[0-9]+)?",
    provider(),
  );
  asked.get("")!.push(...new Set(names.trim().split("\n")));
  return asked;
}

// A function that does nothing and is counted. What makes something puts a handle
// into its first argument.
function text(name: string): string {
  const makes = /^cudnnCreate|^cublasLt.*Create$/.test(name);
  return `int ${name}(void **made) { ${makes ? "*made = &made; " : ""}` +
    `stand_ins_called("${name}"); return 0; }\n`;
}

async function output(program: string, ...args: string[]): Promise<string> {
  const command = new Deno.Command(program, { args, stdin: "null" });
  const { success, stdout, stderr } = await command.output();
  if (success) return new TextDecoder().decode(stdout);
  throw new Error(
    `Cannot make stand-ins: ${program} said ${
      new TextDecoder().decode(stderr)
    }`,
  );
}

// What is asked of it, whatever else is asked: number, name, memory, compute
// capability and driver.
const NVIDIA_SMI = `#!/bin/sh
echo '0, stand-in for a card, 143771 MiB, 9.0, 580.00'
`;

if (import.meta.main) {
  const [folder] = Deno.args;
  const lacking = folder === undefined ? "name a folder" : await standInsLack();
  if (lacking !== undefined) {
    console.error(`Cannot make stand-ins: ${lacking}`);
    Deno.exit(1);
  }
  await Deno.mkdir(folder!, { recursive: true });
  await makeStandIns(folder!);
  await Deno.writeFile(join(folder!, "answers"), await answers());
  const smi = join(folder!, "nvidia-smi");
  await Deno.writeTextFile(smi, NVIDIA_SMI, { mode: 0o755 });
}
