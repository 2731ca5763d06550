/**
 * The folder of a sweep with what schedulers were given.
 *
 * @module
 */

import { join } from "node:path";
import {
  describing,
  makeFolders,
  removeEmpty,
} from "../../../lib/base/files.ts";
import { list } from "../../../lib/runs/layout.ts";
import { SWEEP } from "../../../lib/sweeps/layout.ts";
import type { Engine } from "./engines.ts";

/** A file that was written. */
export interface Submitted {
  /** The file. */
  readonly path: string;
  /** Removes it again: nothing was submitted. */
  drop(): Promise<void>;
}

/** The number of the next submission to a scheduler, counted from 1. */
export async function nextNumber(folder: string, on: Engine): Promise<number> {
  const names = await list(join(folder, SWEEP.submitted)) ?? [];
  const pattern = new RegExp(`^${on}-(\\d{1,9})[.-]`);
  return names.reduce(
    (most, name) => Math.max(most, Number(pattern.exec(name)?.[1] ?? 0)),
    0,
  ) + 1;
}

/**
 * Writes what a scheduler is given, under a number that nobody has.
 *
 * @param folder The sweep's folder.
 * @param on The scheduler.
 * @param suffix What the file's name ends with.
 * @param textOf The text at a number.
 * @throws {FileError} saying what the system said.
 */
export async function writeSubmitted(
  folder: string,
  on: Engine,
  suffix: string,
  textOf: (number: number) => string,
): Promise<Submitted & { readonly text: string }> {
  const place = join(folder, SWEEP.submitted);
  return await describing(`write into ${place}`, async () => {
    const made = await makeFolders(place);
    for (let number = await nextNumber(folder, on);; number++) {
      const path = join(place, `${on}-${number}${suffix}`);
      const text = textOf(number);
      const drop = async () => {
        await Deno.remove(path).catch(() => {});
        removeEmpty(made);
      };
      try {
        // Two that submit at the same moment have a number each.
        await Deno.writeTextFile(path, text, { createNew: true });
      } catch (error) {
        if (error instanceof Deno.errors.AlreadyExists) continue;
        await drop();
        throw error;
      }
      return { path, text, drop };
    }
  });
}
