/**
 * The npm packages behind the optional backends of TensorFlow.js, each fetched by
 * itself: what they depend on and use is the project's own tfjs-core.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { join } from "node:path";
import { writeWhole } from "../../base/files.ts";
import type { OptionalBackend } from "../../devices/tfjs/backends.ts";
import { type Run, SetupError } from "./commands.ts";

/** A package of npm, as a lock file would name it. */
export interface Package {
  readonly name: string;
  readonly version: string;
  /** Hash of its tarball, as npm states it. */
  readonly integrity: string;
}

/** The package with tfjs-node's kernels and the source of its addon. */
export const tfjsNode: Package = {
  name: "@tensorflow/tfjs-node",
  version: "4.22.0",
  integrity:
    "sha512-uHrXeUlfgkMxTZqHkESSV7zSdKdV0LlsBeblqkuKU9nnfxB1pC6DtoyYVaLx" +
    "znzZy7WQSegjcohxxCjAf6Dc7w==",
};

/** What tfjs-node loads as it starts. */
export const protobuf: Package = {
  name: "google-protobuf",
  version: "3.21.4",
  integrity:
    "sha512-MnG7N936zcKTco4Jd2PX2U96Kf9PxygAPKBug+74LHzmHXmceN16MmRcdgZv" +
    "+DGef/S9YvQAfRsNCn4cjf9yyQ==",
};

/** The headers of the interface between a runtime and its addons. */
export const nodeApi: Package = {
  name: "node-api-headers",
  version: "1.9.0",
  integrity:
    "sha512-2oNILP4jXwRB4ywnYKjVk1YyJ96n2D4EOVJO6S3oYZ5PtbJrw3Yt9TpAuX3n" +
    "BLMuzn74rnfGQrv13pS9vC+YiA==",
};

/** The packages of each backend. */
export const packagesOf: {
  readonly [backend in OptionalBackend]: readonly Package[];
} = {
  "wasm": [{
    name: "@tensorflow/tfjs-backend-wasm",
    version: "4.22.0",
    integrity: "sha512-/IYhReRIp4jg/wYW0OwbbJZG8ON87mbz0PgkiP3CdcACRSvUN0h8r" +
      "vC0O3YcDtkTQtFWF/tcXq/KlVDyV49wmA==",
  }],
  "webgpu": [{
    name: "@tensorflow/tfjs-backend-webgpu",
    version: "4.22.0",
    integrity: "sha512-lvIc7Af4Tl2BCdYp43iQmSCRq3asaKT0q2xaErphXiUZ+jqeB0bQa" +
      "0ZvQys1Xatvto0U4/c90DVsHPfvkn5ftg==",
  }],
  "node": [tfjsNode, protobuf, nodeApi],
  "node-gpu": [tfjsNode, protobuf, nodeApi],
};

/**
 * Fetches packages and unpacks them.
 *
 * @param folder Where: they come into its `node_modules`.
 * @throws {SetupError} if one cannot be fetched, or is not the one meant.
 */
export async function fetchPackages(
  packages: readonly Package[],
  folder: string,
  run: Run,
): Promise<void> {
  const tarballs = join(folder, "tarballs");
  await Deno.mkdir(tarballs, { recursive: true });
  await run(
    "fetch the packages from npm",
    "npm",
    [
      "pack",
      "--loglevel=error",
      `--pack-destination=${tarballs}`,
      ...packages.map(({ name, version }) => `${name}@${version}`),
    ],
    { cwd: tarballs, mend: "try again where npm reaches its registry" },
  );
  for (const { name, version, integrity } of packages) {
    const file = `${name.replace("@", "").replace("/", "-")}-${version}.tgz`;
    const bytes = await Deno.readFile(join(tarballs, file));
    const hash = createHash("sha512").update(bytes).digest("base64");
    if (`sha512-${hash}` !== integrity) {
      throw new SetupError(
        `Cannot use ${name} ${version}: npm gave another package than the one ` +
          `that is meant, of sha512-${hash} instead of ${integrity}`,
      );
    }
    const target = join(folder, "node_modules", name);
    await Deno.mkdir(target, { recursive: true });
    await run(`unpack ${name}`, "tar", [
      ...["-x", "-z", "-f", join(tarballs, file)],
      ...["-C", target, "--strip-components=1"],
    ]);
  }
  await Deno.remove(tarballs, { recursive: true });
}

/**
 * Stands in for `@tensorflow/tfjs`, of which tfjs-node's kernels use nothing but
 * the core: the project's, so that there is one.
 */
export async function standInForTfjs(folder: string): Promise<void> {
  const target = join(folder, "node_modules", "@tensorflow", "tfjs");
  await writeWhole(
    join(target, "package.json"),
    JSON.stringify({ name: "@tensorflow/tfjs", main: "index.js" }),
  );
  await writeWhole(
    join(target, "index.js"),
    'module.exports = require("@tensorflow/tfjs-core");\n',
  );
}
