/**
 * ONNX Runtime's CUDA provider: where its files belong, and what they need of
 * the machine.
 *
 * @module
 */

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { quoted, taskLine } from "../../base/shell.ts";
import { readLibrary } from "./elf.ts";

/** The provider's files. `shared` lies between it and the runtime itself. */
export const CUDA_FILES = [
  "libonnxruntime_providers_shared.so",
  "libonnxruntime_providers_cuda.so",
] as const;

/** The driver's own library, which no package but the driver has. */
export const DRIVER = "libcuda.so.1";

// PyPI's packages of the libraries, {cuda} being the major version of CUDA.
const PACKAGES: readonly [library: RegExp, name: string][] = [
  [/^libcublas(Lt)?\.so\.(\d+)$/, "nvidia-cublas"],
  [/^libcudart\.so\.(\d+)$/, "nvidia-cuda-runtime"],
  [/^libcurand\.so\.(\d+)$/, "nvidia-curand"],
  [/^libcufft\.so\.(\d+)$/, "nvidia-cufft"],
  [/^libcudnn\.so\.(\d+)$/, "nvidia-cudnn"],
];

/**
 * cuDNN of the version that goes with ONNX Runtime 1.30. The provider loads it
 * when an operator asks for it, so that it stands in no list of the file; the
 * maxima and minima of every step ask for it.
 */
export const CUDNN = "libcudnn.so.9";

/**
 * The folder of the onnxruntime-node package.
 *
 * @throws {Error} if it is not there: npm may run no scripts everywhere, and then
 * groklab's first command fetches it.
 */
export function packageFolder(): string {
  let entry: string;
  try {
    entry = import.meta.resolve("onnxruntime-node");
  } catch (error) {
    throw new Error(
      "Cannot load ONNX Runtime: it is not installed; to fetch it: " +
        taskLine("doctor"),
      { cause: error },
    );
  }
  return fileURLToPath(new URL("../", entry));
}

/** The version of the onnxruntime-node package in a folder. */
export async function packageVersion(folder: string): Promise<string> {
  const text = await Deno.readTextFile(join(folder, "package.json"));
  return JSON.parse(text).version;
}

/** Where ONNX Runtime looks for its providers: beside its own library. */
export function providerFolder(folder: string): string {
  const { os, arch } = Deno.build;
  const platform = os === "windows" ? "win32" : os;
  const cpu = arch === "x86_64" ? "x64" : "arm64";
  return join(folder, "bin", "napi-v6", platform, cpu);
}

/** Whether ONNX Runtime has a CUDA provider for this system at all. */
export const CUDA_IS_BUILT = Deno.build.os === "linux" &&
  Deno.build.arch === "x86_64";

/** Whether a file is there. */
export async function isThere(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Whether the provider's files lie in their folder. */
export async function cudaIsInstalled(
  folder: string = packageFolder(),
): Promise<boolean> {
  const there = CUDA_FILES.map((name) =>
    isThere(join(providerFolder(folder), name))
  );
  return (await Promise.all(there)).every(Boolean);
}

/** The paths of the provider's files, for a command line. */
export function cudaFiles(folder: string = packageFolder()): string {
  const home = providerFolder(folder);
  return CUDA_FILES.map((name) => quoted(join(home, name))).join(" ");
}

/** The libraries that the installed provider cannot be loaded without. */
export async function cudaLibraries(
  folder: string = packageFolder(),
): Promise<readonly string[]> {
  const file = join(providerFolder(folder), CUDA_FILES[1]);
  return (await readLibrary(file)).needed;
}

/**
 * Whether the system's loader finds a library, asked by loading it: only the
 * loader knows all the places where it looks.
 *
 * @param name The file name, `libcudart.so.13`.
 * @returns Undefined where that may not be asked: only who has all of
 * `--allow-ffi` may load by a bare name.
 */
export function isLoadable(name: string): boolean | undefined {
  try {
    Deno.dlopen(name, {}).close();
    return true;
  } catch (error) {
    return error instanceof Deno.errors.NotCapable ? undefined : false;
  }
}

/**
 * What the loader says of the provider itself, which lies in the package's folder
 * and may be loaded from there: the name of the first library that it lacks.
 *
 * @param folder The folder of the onnxruntime-node package.
 * @returns Undefined where it lacks none.
 */
export function providerLacks(
  folder: string = packageFolder(),
): string | undefined {
  try {
    Deno.dlopen(join(providerFolder(folder), CUDA_FILES[1]), {}).close();
  } catch (error) {
    const said = (error as Error).message;
    return /\b(lib[\w-]+\.so[.\d]*): cannot open/.exec(said)?.[1];
  }
}

/**
 * CUDA's matrix products round float32 to ten bits of fraction unless told
 * otherwise, and onnxruntime-node has no option for it: this is for the
 * libraries to read when they are loaded. Without the permission to set it the
 * look at the device finds the rounding.
 */
export function forbidTf32(): void {
  try {
    Deno.env.set("NVIDIA_TF32_OVERRIDE", "0");
  } catch (error) {
    if (!(error instanceof Deno.errors.NotCapable)) throw error;
  }
}

/**
 * Whether the environment asks for recorded steps: no card has confirmed them, so
 * that nobody gets them who did not.
 */
export function asksForRecording(): boolean {
  try {
    return Deno.env.get("GROKLAB_CUDA_GRAPH") === "1";
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) return false;
    throw error;
  }
}

/**
 * What brings missing libraries.
 *
 * @param missing File names.
 * @param needed All that the provider needs, of which the version of CUDA is
 * read.
 */
export function mendLibraries(
  missing: readonly string[],
  needed: readonly string[],
): string {
  if (missing.includes(DRIVER)) {
    return "install NVIDIA's driver for the card";
  }
  const packages = pipPackages(missing, needed);
  return packages.length > 0
    ? `python3 -m pip install ${packages.join(" ")} && ` + taskLine("doctor")
    : `install ${missing.join(", ")}`;
}

/** PyPI's packages that have the libraries. */
function pipPackages(
  libraries: readonly string[],
  needed: readonly string[],
): string[] {
  const cuda = cudaMajor(needed);
  const found = libraries.flatMap((library) =>
    PACKAGES.filter(([pattern]) => pattern.test(library))
      .map(([, name]) =>
        // From CUDA 13 on the version stands in the version, not in the name.
        name === "nvidia-cudnn" || cuda < 13
          ? `${name}-cu${cuda}`
          : name === "nvidia-cublas" || name === "nvidia-cuda-runtime"
          ? `${name}~=${cuda}.0`
          : name
      )
  );
  return [...new Set(found)];
}

/** The major version of CUDA that a provider was built for. */
export function cudaMajor(needed: readonly string[]): number {
  const runtime = needed.map((name) => /^libcudart\.so\.(\d+)$/.exec(name))
    .find((match) => match !== null);
  return Number(runtime?.[1] ?? 0);
}
