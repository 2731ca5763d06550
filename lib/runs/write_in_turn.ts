/**
 * Writing several files whole, one after the other.
 *
 * @module
 */

import { type Contents, type Written, writtenAside } from "../base/files.ts";

/**
 * Writes files whole: each is in place before the next one is. Where all have been
 * written, the disk is waited for once, not for one after the other.
 *
 * @param files Paths and contents, in the order in which they are to appear.
 * @param ready What has to be done before the first of them is in place.
 * @param onPlaced Called with each path that is in place.
 * @throws {FileError} saying what the system said; those before are in place then,
 * those behind are not.
 */
export async function writeInTurn(
  files: readonly (readonly [path: string, contents: Contents])[],
  ready: Promise<unknown> = Promise.resolve(),
  onPlaced: (path: string) => void = () => {},
): Promise<void> {
  ready.catch(() => {}); // Told in its turn, as are the others.
  const asides: Written[] = [];
  let failure: { readonly error: unknown } | undefined;
  for (const [path, contents] of files) {
    try {
      asides.push(await writtenAside(path, contents));
    } catch (error) {
      failure = { error };
      break;
    }
  }
  const synced = asides.map((aside) => aside.sync());
  for (const one of synced) one.catch(() => {});
  let next = 0;
  try {
    await ready;
    for (; next < asides.length; next++) {
      await synced[next];
      await asides[next]!.place();
      onPlaced(files[next]![0]);
    }
  } catch (error) {
    failure = { error };
    await Promise.allSettled(synced);
    for (const aside of asides.slice(next)) await aside.drop();
  }
  if (failure) throw failure.error;
}
