/** What brings missing libraries, by the version of CUDA; and what is moved when. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import {
  CUDA_FILES,
  cudaMajor,
  mendLibraries,
} from "../../lib/onnx/runtime/cuda.ts";
import { setupCuda } from "../../lib/setup/cuda/cuda.ts";
import { traced } from "../runs/_traced.ts";
import { withTempDir } from "../tasks/_run.ts";
import { fakePackage, sumsOf, wheel } from "./_fakes.ts";

const NEEDED = (cuda: number) => [
  "libc.so.6",
  `libcublas.so.${cuda}`,
  `libcudart.so.${cuda}`,
];

Deno.test("cudaMajor() is read of the runtime that is needed", () => {
  assertEquals([12, 13].map((cuda) => cudaMajor(NEEDED(cuda))), [12, 13]);
  assertEquals(cudaMajor(["libcublas.so.13", "libcudart.so"]), 0);
});

Deno.test("mendLibraries() names pip's packages as each version of CUDA has them", () => {
  const packages = (cuda: number, ...missing: string[]) =>
    /pip install (.*?) &&/.exec(mendLibraries(missing, NEEDED(cuda)))?.[1];
  // From 13 on the version stands in the version; cuDNN has it in its name.
  assertEquals(
    packages(13, "libcublas.so.13", "libcublasLt.so.13", "libcudart.so.13"),
    "nvidia-cublas~=13.0 nvidia-cuda-runtime~=13.0",
  );
  assertEquals(packages(13, "libcurand.so.10"), "nvidia-curand");
  assertEquals(packages(13, "libcudnn.so.9"), "nvidia-cudnn-cu13");
  assertEquals(
    packages(12, "libcublas.so.12", "libcudnn.so.9", "libcufft.so.11"),
    "nvidia-cublas-cu12 nvidia-cudnn-cu12 nvidia-cufft-cu12",
  );
  assertEquals(
    mendLibraries(["libodd.so.1"], NEEDED(13)),
    "install libodd.so.1",
  );
  // Without the driver nothing else is of use.
  assertStringIncludes(
    mendLibraries(["libcudart.so.13", "libcuda.so.1"], NEEDED(13)),
    "NVIDIA's driver",
  );
});

Deno.test("setup cuda moves its record into place first, the provider itself last", () =>
  withTempDir(async (dir) => {
    const { folder } = await fakePackage(dir);
    const fromWheel = join(dir, "given.whl");
    await Deno.writeFile(fromWheel, wheel());
    const log = await traced(() =>
      setupCuda({ folder, sums: sumsOf(), fromWheel })
    );
    const names = ["groklab-cuda.json", ...CUDA_FILES];
    assertEquals(
      log.filter((line) => line.startsWith("move")).slice(-3),
      names.map((name) => `move ${name} to ${name}`),
    );
  }));
