/**
 * A package without a provider, to set one up in.
 *
 * @module
 */

import { join } from "node:path";
import { CUDA_FILES } from "../../lib/onnx/runtime/cuda.ts";
import { withTempDir } from "../tasks/_run.ts";
import { fakePackage, sumsOf } from "./_fakes.ts";

export const [SHARED, CUDA] = CUDA_FILES;

export const sums = sumsOf();

/** Gives work a package without a provider, and a way to write a wheel. */
export function withPackage(
  work: (at: {
    dir: string;
    folder: string;
    home: string;
    put(contents: Uint8Array): Promise<string>;
  }) => Promise<void>,
): Promise<void> {
  return withTempDir(async (dir) => {
    const at = await fakePackage(dir);
    const put = async (contents: Uint8Array) => {
      const path = join(dir, "given.whl");
      await Deno.writeFile(path, contents);
      return path;
    };
    await work({ dir, ...at, put });
  });
}
