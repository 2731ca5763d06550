/**
 * The page's script, made out of lib/report/live/ when a report is written.
 *
 * @module
 */

import * as esbuild from "esbuild-wasm";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const require = createRequire(import.meta.url);

// Its exports name neither of the files below.
/** The folder of onnxruntime-web's files. */
export const ORT: string = dirname(require.resolve("onnxruntime-web"));

/** The WebAssembly of onnxruntime-web, as large as it is. */
export function runtimeWasm(): Promise<Uint8Array<ArrayBuffer>> {
  return Deno.readFile(join(ORT, "ort-wasm-simd-threaded.wasm"));
}

// esbuild's build for browsers has no files: they are read for it.
const files: esbuild.Plugin = {
  name: "files",
  setup(build) {
    build.onResolve({ filter: /.*/ }, ({ path, importer }) => {
      if (path === "onnxruntime-web/wasm") {
        return { path: join(ORT, "ort.wasm.bundle.min.mjs") };
      }
      return path.startsWith(".")
        ? { path: join(dirname(importer), path) }
        : { path };
    });
    build.onLoad({ filter: /.*/ }, async ({ path }) => ({
      contents: await Deno.readTextFile(path),
      loader: path.endsWith(".ts") ? "ts" : "js",
    }));
  },
};

let started: Promise<void> | undefined;

async function start(): Promise<void> {
  const wasm = join(
    dirname(require.resolve("esbuild-wasm")),
    "../esbuild.wasm",
  );
  const wasmModule = await WebAssembly.compile(await Deno.readFile(wasm));
  await esbuild.initialize({ wasmModule, worker: false });
}

/** What a bundle is made of, beside what all have. */
export type Bundle =
  & Pick<esbuild.BuildOptions, "entryPoints" | "plugins">
  & Partial<Pick<esbuild.BuildOptions, "format" | "banner" | "define">>;

/** What reads files for esbuild. */
export type BundlePlugin = esbuild.Plugin;

/** A script in one piece, by default a module. */
export async function bundled(bundle: Bundle): Promise<string> {
  await (started ??= start());
  const { outputFiles } = await esbuild.build({
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    write: false,
    logLevel: "silent",
    legalComments: "inline",
    ...bundle,
  });
  return outputFiles![0]!.text;
}

/** The script of a page, a module without imports. */
export function pageScript(): Promise<string> {
  const entry = fileURLToPath(new URL("../live/entry.ts", import.meta.url));
  return bundled({ entryPoints: [entry], plugins: [files] });
}
