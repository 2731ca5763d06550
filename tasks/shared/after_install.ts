/**
 * What npm runs once it has installed groklab: fetches ONNX Runtime, for scripts
 * that import groklab. Where npm may run nothing, the first command of groklab
 * does it.
 *
 * @module
 */

import process from "node:process";
import { fileURLToPath } from "node:url";
import { denoOfPackage, fetchRuntime } from "./runtime.ts";

const home = fileURLToPath(new URL("../../", import.meta.url));
try {
  await fetchRuntime(home, denoOfPackage());
} catch (error) {
  // The installation stands; who needs it is told again.
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 0;
}
