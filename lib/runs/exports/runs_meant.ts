/**
 * Runs by the folders that users name.
 *
 * @module
 */

import { join } from "node:path";
import { describing, FileError } from "../../base/files.ts";
import { FILES, list, replicasIn } from "../layout.ts";

/**
 * The runs that folders hold: a run itself, or its replicas in their order.
 *
 * @param folders Run folders, and folders of replicas.
 * @throws {FileError} if one is not there.
 */
export async function runsMeant(folders: readonly string[]): Promise<string[]> {
  const runs: string[] = [];
  for (const given of folders) {
    const folder = given.replace(/(?<=[^/\\])[/\\]+$/, "");
    const names = await describing(
      `read the run ${folder}`,
      () => list(folder),
    );
    if (names === undefined) {
      throw new FileError(
        `Cannot read the run ${folder}: there is no such folder`,
      );
    }
    const replicas = names.includes(FILES.manifest)
      ? []
      : (await replicasIn(folder)).sort((a, b) => numberOf(a) - numberOf(b));
    if (replicas.length === 0) runs.push(folder);
    for (const name of replicas) runs.push(join(folder, name));
  }
  return runs;
}

const numberOf = (replica: string) => Number(replica.slice("replica-".length));
