/**
 * The right to train a run of a sweep: one process has it at a time, on whatever
 * machines, that see the folder only.
 *
 * Who takes a run that nobody has makes `claims/ID`. Who takes over from a process
 * that died, or that gave the run back in the middle, makes `claims/ID.1`; the next
 * one `claims/ID.2`. The last of these files is the claim. They are made
 * exclusively: of several that want the same run one makes the next file, and the
 * others do not have it. Nothing else decides, and no file goes before the run has
 * ended, so whatever a slow taker has seen before, it can only try to make a file
 * that is there already:
 *
 * - Two find the same claim left: both make the same next file, one of them can.
 * - One is slow, and another has taken over and ended meanwhile: the files are gone,
 *   so it makes one of them anew, and sees that the run has ended; who has made a
 *   claim looks at that again.
 * - Who ends a run writes so first, and removes its claims first to last: as long as
 *   one is there, the last one is.
 * - Who was away for so long that another took over (a machine asleep, a network
 *   apart) sees the next file when it touches its own, and before it writes how the
 *   run ended, and lets go. What it still writes of the run goes nowhere, since the
 *   run's folder was replaced by a copy.
 *
 * A claim of a process of this machine is left when the system's lock on it is free,
 * which it is as soon as the process has ended; that of another machine when it has
 * not been touched for a while, by the clock of the file system: machines' own
 * clocks differ.
 *
 * @module
 */

import { join } from "node:path";
import { describing } from "../../base/files.ts";
import { list } from "../../runs/layout.ts";
import { SWEEP } from "../layout.ts";
import { noting } from "../obstacles.ts";
import {
  BYTES,
  claimNamed,
  clock,
  fileOf,
  type Found,
  lookAt,
  type Owner,
  STALE_MS,
  thisProcess,
} from "./owner.ts";

// Several touches may fail before that.
const BEAT_MS = 15_000;
/** A run that this process has. */
export interface Claim {
  /** The run. */
  readonly id: string;
  /** How often it was begun, this time too. */
  readonly attempts: number;
  /** How many processes have died over it. */
  readonly deaths: number;
  /** This machine's name; empty where it may not be asked. */
  readonly host: string;
  /** Whose it was, where it was left by another machine. */
  readonly from: Owner | undefined;
  /** Called once it is seen that another process has taken it. */
  onLost: () => void;
  /** Whether nobody else has taken it. */
  isOurs(): Promise<boolean>;
  /** Gives it back in the middle of the run. */
  release(): Promise<void>;
  /** Lets go of it, once another process has it. */
  letGo(): void;
  /** Removes it, once it is written how the run ended. */
  end(): Promise<void>;
}

/** The claims of a sweep, as a process takes them. */
export class Claims implements Disposable {
  readonly #folder: string;
  readonly #stale: number;
  readonly #held = new Set<HeldClaim>();
  readonly #timer: ReturnType<typeof setInterval>;

  private constructor(folder: string, stale: number) {
    this.#folder = folder;
    this.#stale = stale;
    this.#timer = setInterval(() => {
      for (const claim of this.#held) void claim.touch();
    }, Math.min(BEAT_MS, stale / 4));
  }

  /**
   * Opens the claims of a sweep.
   *
   * @param folder The sweep's.
   * @param stale After how many milliseconds another machine's claim is left.
   * @throws {FileError} if the folder cannot be written.
   */
  static async open(folder: string, stale = STALE_MS): Promise<Claims> {
    await describing(
      `run the sweep ${folder}`,
      () => Deno.mkdir(join(folder, SWEEP.claims), { recursive: true }),
    );
    await clock(folder); // Whether it can be written.
    return new Claims(folder, stale);
  }

  /**
   * Takes a run.
   *
   * @param id The run.
   * @param attempts How often it was begun before it ended without success.
   * @returns Undefined where another process has it.
   * @throws {ObstacleError} if what lies where its claim belongs is no file.
   * @throws {FileError} if the folder cannot be written.
   */
  async take(id: string, attempts = 0): Promise<Claim | undefined> {
    let before: Found | undefined;
    for (let number = 0;;) {
      const path = fileOf(this.#folder, id, number);
      const owner: Owner = {
        ...thisProcess(),
        since: new Date().toISOString(),
        attempts: (before ? before.owner?.attempts ?? number : attempts) + 1,
        deaths: (before?.owner?.deaths ?? 0) +
          (before?.state === "left" ? 1 : 0),
        released: false,
      };
      const file = await describing(`claim ${path}`, () => created(path));
      if (file) {
        const from = before?.state === "left" && before.foreign
          ? before.owner
          : undefined;
        const claim = new HeldClaim(
          { folder: this.#folder, id, number, file, owner, from },
          this.#stale,
          () => this.#held.delete(claim),
        );
        await describing(`claim ${path}`, () => claim.begin());
        this.#held.add(claim);
        return claim;
      }
      const found = await lookAt(this.#folder, path, {
        stale: this.#stale,
      });
      // Unless another has taken it over from one that was away, and does not know.
      if (
        found?.state === "held" && !await isThere(this.#folder, id, number + 1)
      ) {
        return undefined;
      }
      // Where it is gone, the run has ended meanwhile: its claims are all gone.
      [number, before] = found ? [number + 1, found] : [0, undefined];
    }
  }

  /**
   * Removes what processes have left that were killed between noting an end and
   * removing their claim.
   *
   * @param isOver Whether a run has ended for good.
   */
  async tidy(isOver: (id: string) => boolean): Promise<void> {
    const path = join(this.#folder, SWEEP.claims);
    for (const name of await list(path) ?? []) {
      const id = claimNamed(name)?.id;
      if (id === undefined || !isOver(id)) continue;
      const file = join(path, name);
      const found = await noting(
        lookAt(this.#folder, file, { stale: this.#stale }),
      );
      if (found?.state === "left") await Deno.remove(file).catch(() => {});
    }
  }

  /** Stops touching; what is still held is left. */
  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    for (const claim of [...this.#held]) claim.letGo();
  }
}

const isThere = (folder: string, id: string, number: number) =>
  Deno.stat(fileOf(folder, id, number)).then(() => true, () => false);

async function created(path: string): Promise<Deno.FsFile | undefined> {
  try {
    return await Deno.open(path, { read: true, write: true, createNew: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
  }
}

interface Parts {
  readonly folder: string;
  readonly id: string;
  readonly number: number;
  readonly file: Deno.FsFile;
  readonly owner: Owner;
  readonly from: Owner | undefined;
}

class HeldClaim implements Claim {
  readonly id: string;
  readonly attempts: number;
  readonly deaths: number;
  readonly host: string;
  readonly from: Owner | undefined;
  onLost: () => void = () => {};
  readonly #parts: Parts;
  readonly #stale: number;
  readonly #onDrop: () => void;
  #touched = Date.now();
  #lost = false;
  #closed = false;
  #writing: Promise<unknown> = Promise.resolve();

  constructor(parts: Parts, stale: number, onDrop: () => void) {
    this.id = parts.id;
    this.attempts = parts.owner.attempts;
    this.deaths = parts.owner.deaths;
    this.host = parts.owner.host ?? "";
    this.from = parts.from;
    this.#parts = parts;
    this.#stale = stale;
    this.#onDrop = onDrop;
  }

  // Locked before it says whose it is: who reads that may rely upon the lock.
  async begin(): Promise<void> {
    try {
      await this.#parts.file.tryLock(true).catch(() => undefined);
      // On a shared disk others see it at the first touch, if not before.
      await this.#write(this.#parts.owner, false);
    } catch (error) {
      // Of a full disk: an empty claim would be in everybody's way for a while.
      const { folder, id, number } = this.#parts;
      this.letGo();
      await Deno.remove(fileOf(folder, id, number)).catch(() => {});
      throw error;
    }
  }

  /** Says that it is held: the same again, which the file system notes the time of. */
  async touch(): Promise<void> {
    try {
      await this.#write(this.#parts.owner);
      this.#touched = Date.now();
    } catch {
      // On a disk that is not there for a while.
    }
    if (!await this.isOurs()) this.onLost();
  }

  async isOurs(): Promise<boolean> {
    if (this.#closed) return true;
    const { folder, id, number } = this.#parts;
    this.#lost ||= Date.now() - this.#touched > this.#stale ||
      await isThere(folder, id, number + 1);
    return !this.#lost;
  }

  async release(): Promise<void> {
    await this.#write({ ...this.#parts.owner, released: true })
      .catch(() => {}); // Then it is left.
    this.letGo();
  }

  async end(): Promise<void> {
    const { folder, id, number } = this.#parts;
    if (this.#closed) return;
    this.#onDrop();
    for (let i = 0; i <= number; i++) {
      await Deno.remove(fileOf(folder, id, i)).catch(() => {});
    }
    // Held until it is gone: nobody takes it for one that was left.
    this.letGo();
  }

  letGo(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#onDrop();
    this.#parts.file.close();
  }

  // One at a time: of two writers at once one could write what the other has
  // written over.
  #write(owner: Owner, sync = true): Promise<void> {
    const turn = this.#writing.then(async () => {
      const { file } = this.#parts;
      if (this.#closed) return;
      await file.seek(0, Deno.SeekMode.Start);
      const text = `${JSON.stringify(owner).padEnd(BYTES - 1)}\n`;
      await file.write(new TextEncoder().encode(text));
      if (sync) await file.syncData();
    });
    this.#writing = turn.catch(() => {});
    return turn;
  }
}
