/**
 * What an installed groklab needs beside what npm brings. Runs in Node as well.
 *
 * @module
 */

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, sep } from "node:path";
import process from "node:process";

/** Whether this is a package that npm installed, and no clone. */
export function isInstalled(home: string): boolean {
  return home.includes(`${sep}node_modules${sep}`);
}

/** The Deno that npm installed beside groklab. */
export function denoOfPackage(): string {
  const require = createRequire(import.meta.url);
  const folder = dirname(require.resolve("deno/package.json"));
  const name = process.platform === "win32" ? "deno.exe" : "deno";
  const placed = join(folder, name);
  // Its install script puts it there, where scripts may run.
  return existsSync(placed)
    ? placed
    : require("deno/install_api.cjs").runInstall();
}

/**
 * Fetches ONNX Runtime and what the commands need from the registry, unless they
 * are there. Under npm ONNX Runtime's install script would fetch CUDA's parts
 * besides, for everybody, from elsewhere; Deno runs no such scripts, and holds
 * what comes to the sums of a lock file.
 *
 * @param home The folder of deno.json.
 * @param deno The path of Deno.
 * @throws {Error} if it cannot be fetched.
 */
export async function fetchRuntime(home: string, deno: string): Promise<void> {
  if (existsSync(join(home, "node_modules", "onnxruntime-node"))) return;
  console.error("fetching ONNX Runtime …");
  const code = await new Promise<number | null>((resolve, reject) => {
    const child = spawn(deno, ["install", "--quiet", "--config=runtime.json"], {
      cwd: home,
      stdio: ["ignore", 2, 2],
      // npm's package.json is not Deno's to install.
      env: { ...process.env, DENO_NO_PACKAGE_JSON: "1" },
    });
    child.on("error", reject);
    child.on("close", resolve);
  });
  if (code === 0) return;
  throw new Error(
    `Cannot fetch ONNX Runtime into ${home}: Deno ended with code ${code}; ` +
      "is the registry within reach, and may you write there?",
  );
}
