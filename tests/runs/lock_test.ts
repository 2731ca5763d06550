/** One process trains in a folder: who is told what. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { UsageError } from "../../lib/base/errors.ts";
import { FileError } from "../../lib/base/files.ts";
import { isLocked, lockRun } from "../../lib/runs/lock.ts";
import { trainReplicas } from "../../lib/train/band/replicas.ts";
import { train } from "../../lib/train/train.ts";
import { contentsOf, withTempDir } from "../tasks/_run.ts";
import { assertSameRun, assertSums, copyRun } from "../train/_runs.ts";

const TINY = { modulus: 5, hidden: [4], threads: 1, steps: 6, evalEvery: 2 };

const names = (folder: string) =>
  [...Deno.readDirSync(folder)].map(({ name }) => name).sort();

/** Has the system know no locks, as on some network file systems. */
async function withoutLocks(work: () => Promise<void>): Promise<void> {
  const { tryLock } = Deno.FsFile.prototype;
  Deno.FsFile.prototype.tryLock = () => Promise.reject(new Error("ENOSYS"));
  try {
    await work();
  } finally {
    Deno.FsFile.prototype.tryLock = tryLock;
  }
}

Deno.test("lockRun() gives a folder to one, and leaves nothing behind", () =>
  withTempDir(async (dir) => {
    const run = join(dir, "new", "run");
    {
      using _lock = await lockRun(run);
      assertEquals(await isLocked(run), true);
      const owner = JSON.parse(await Deno.readTextFile(join(run, "lock")));
      assertEquals([owner.host, owner.pid], [Deno.hostname(), Deno.pid]);
      assert(Math.abs(Date.parse(owner.since) - Date.now()) < 60_000);
      const error = await assertRejects(() => lockRun(run), UsageError);
      assertEquals(
        error.message,
        `Cannot train in ${run}: another process is training this run ` +
          `(process ${Deno.pid} on ${Deno.hostname()}, since ${owner.since}); ` +
          "wait for it, or stop it first",
      );
    }
    assertEquals(names(dir), []);
    await Deno.mkdir(run, { recursive: true });
    await Deno.writeTextFile(join(run, "mine"), "");
    (await lockRun(run))[Symbol.dispose]();
    assertEquals(await isLocked(run), false);
    assertEquals(names(run), ["mine"]);
  }));

const owner = (host: string | null) =>
  JSON.stringify({ host, pid: 4711, since: "2026-01-02T03:04:05.678Z" }) + "\n";

Deno.test("a lock that a killed process of this machine left is taken over", () =>
  withTempDir(async (dir) => {
    for (
      const text of [owner(Deno.hostname()), owner(null), "", '{"ho', "[]"]
    ) {
      await Deno.writeTextFile(join(dir, "lock"), text);
      assertEquals(await isLocked(dir), false, text);
      (await lockRun(dir))[Symbol.dispose]();
      assertEquals(names(dir), [], text);
    }
  }));

Deno.test("a lock that says nothing of its owner is one of nobody", () =>
  withTempDir(async (dir) => {
    for (const text of ['{"host":5,"pid":3}', '{"host":"far","pid":"3"}']) {
      await Deno.writeTextFile(join(dir, "lock"), text);
      (await lockRun(dir))[Symbol.dispose]();
      assertEquals(names(dir), [], text);
    }
  }));

Deno.test("a training whose folder is moved or replaced writes into no other", async (t) => {
  await withTempDir(async (dir) => {
    const whole = join(dir, "whole");
    await train(TINY, { run: whole });
    const namedBytes = async (folder: string) =>
      Object.fromEntries(
        Object.entries(await contentsOf(folder))
          .map(([path, bytes]) => [path.slice(folder.length), bytes]),
      );
    const other = await namedBytes(whole);
    const moves: Record<string, (run: string, to: string) => void> = {
      "moved, another run in its place": (run, to) => {
        Deno.renameSync(run, to);
        Deno.renameSync(`${run}-other`, run);
      },
      "removed, another run in its place": (run) => {
        Deno.removeSync(run, { recursive: true });
        Deno.renameSync(`${run}-other`, run);
      },
      "moved": (run, to) => Deno.renameSync(run, to),
    };
    for (const [i, [what, move]] of Object.entries(moves).entries()) {
      await t.step(what, async () => {
        const [run, to] = [join(dir, `${i}`), join(dir, `${i}-moved`)];
        await copyRun(whole, `${run}-other`);
        let moved = false;
        const error = await assertRejects(
          () =>
            train({ ...TINY, evalEvery: 1 }, {
              run,
              onProgress: () => {
                if (!moved) move(run, to);
                moved = true;
              },
            }),
          FileError,
          `Cannot write into the run ${run}: its folder was moved, removed`,
        );
        assert(error.message.includes("--resume"), error.message);
        if (what !== "moved") assertEquals(await namedBytes(run), other);
        else assert(!names(dir).includes(`${i}`));
        if (what.startsWith("moved")) {
          await Deno.remove(join(to, "lock")).catch(() => {});
          await train({ ...TINY, evalEvery: 1 }, { run: to, resume: true });
          await assertSums(to);
        }
      });
    }
  });
});

Deno.test("a lock of another machine says whose it is, and what to do", () =>
  withTempDir(async (dir) => {
    const file = join(dir, "lock");
    const text = owner("elsewhere");
    await Deno.writeTextFile(file, text);
    const refused = async () => {
      assertEquals(await isLocked(dir), true);
      const error = await assertRejects(() => lockRun(dir), UsageError);
      assertEquals(
        error.message,
        `Cannot train in ${dir}: another process is training this run, or was ` +
          "killed (process 4711 on elsewhere, since 2026-01-02T03:04:05.678Z), " +
          `which cannot be seen from here; if it has ended, remove ${file}`,
      );
      assertEquals(await Deno.readTextFile(file), text);
    };
    await refused();
    await withoutLocks(refused);
    await Deno.remove(file);
    (await lockRun(dir))[Symbol.dispose]();
  }));

Deno.test("where the system has no locks, the file alone keeps others away", () =>
  withTempDir((dir) =>
    withoutLocks(async () => {
      {
        using _lock = await lockRun(dir);
        await assertRejects(() => lockRun(dir), UsageError, "remove ");
      }
      await Deno.writeTextFile(join(dir, "lock"), "");
      await assertRejects(() => lockRun(dir), UsageError, "was killed, which");
      assertEquals(await isLocked(dir), true);
      await Deno.remove(join(dir, "lock"));
      const both = await Promise.allSettled([lockRun(dir), lockRun(dir)]);
      const taken = both.filter(({ status }) => status === "fulfilled");
      assertEquals(taken.length, 1);
      for (const one of taken) {
        (one as PromiseFulfilledResult<Disposable>).value[Symbol.dispose]();
      }
      assertEquals(names(dir), []);
    })
  ));

Deno.test("a lock is given back to the folder that it was taken in", () =>
  withTempDir(async (dir) => {
    const run = join(dir, "run");
    const lock = await lockRun(run);
    await Deno.rename(run, join(dir, "before"));
    await Deno.mkdir(run);
    await Deno.writeTextFile(join(run, "lock"), owner("elsewhere"));
    lock[Symbol.dispose]();
    assertEquals(
      await Deno.readTextFile(join(run, "lock")),
      owner("elsewhere"),
    );
  }));

Deno.test("--overwrite leaves a run in training as it is, replicas too", () =>
  withTempDir(async (dir) => {
    const [one, band] = [join(dir, "one"), join(dir, "band")];
    await train(TINY, { run: one });
    await trainReplicas(TINY, { replicas: 2 }, { run: band });
    using locks = new DisposableStack();
    for (const run of [one, join(band, "replica-1")]) {
      locks.use(await lockRun(run));
    }
    const before = await contentsOf(dir);
    const busy = "another process is training this run";
    const again = { ...TINY, seed: 5 };
    for (const options of [{ overwrite: true }, { resume: true, steps: 9 }]) {
      const { steps = 6, ...rest } = { steps: 6, ...options };
      await assertRejects(
        () =>
          train({ ...(rest.resume ? TINY : again), steps }, {
            run: one,
            ...rest,
          }),
        UsageError,
        busy,
      );
      await assertRejects(
        () =>
          trainReplicas({ ...TINY, steps }, { replicas: 2 }, {
            run: band,
            ...rest,
          }),
        UsageError,
        busy,
      );
    }
    assertEquals(await contentsOf(dir), before);
  }));

Deno.test("of two train() into one new folder the loser is told so", () =>
  withTempDir(async (dir) => {
    const whole = join(dir, "whole");
    await train(TINY, { run: whole });
    for (const mode of [{}, { overwrite: true }, { resume: true }]) {
      const run = join(dir, `both-${JSON.stringify(mode)}`);
      const config = { ...TINY };
      const both = await Promise.allSettled([
        train(config, { run, ...mode }),
        train(config, { run, ...mode }),
      ]);
      const errors = both.flatMap((end) =>
        end.status === "rejected" ? [end.reason] : []
      );
      assertEquals(errors.length, 1);
      assert(errors[0] instanceof UsageError);
      assert(
        /another process is training|a run already/.test(errors[0].message),
      );
      await assertSameRun(run, whole);
    }
    const band = join(dir, "band");
    const all = await Promise.allSettled([
      trainReplicas(TINY, { replicas: 2 }, { run: band }),
      trainReplicas(TINY, { replicas: 2 }, { run: band, overwrite: true }),
      train(TINY, { run: band }),
    ]);
    const done = all.filter(({ status }) => status === "fulfilled");
    assertEquals(done.length, 1);
    for (const run of names(band).includes("manifest.json") ? [band] : [0, 1]) {
      await assertSums(
        typeof run === "string" ? run : join(band, `replica-${run}`),
      );
    }
  }));

Deno.test("who comes when another has trained the new run does not begin again", () =>
  withTempDir(async (dir) => {
    const run = join(dir, "run");
    // The other is there between the first look and the lock.
    const { open } = Deno;
    let other: Promise<unknown> | undefined;
    Deno.open = async (path, options) => {
      if (!other && path === join(run, "lock")) {
        Deno.open = open;
        other = train(TINY, { run });
        await other;
      }
      return await open(path, options);
    };
    try {
      const result = await train(TINY, { run, resume: true });
      assertEquals(await other, result);
    } finally {
      Deno.open = open;
    }
  }));

Deno.test("replicas have the locks of their folders, and of the one around them", () =>
  withTempDir(async (dir) => {
    const seen: string[][] = [];
    await trainReplicas(TINY, { replicas: 2 }, {
      run: dir,
      onProgress: () =>
        seen.push([dir, join(dir, "replica-0"), join(dir, "replica-1")]
          .map((folder) =>
            names(folder).find((name) => name === "lock") ?? ""
          )),
    });
    assertEquals(seen[0], ["lock", "lock", "lock"]);
    assertEquals(names(dir), ["replica-0", "replica-1"]);
  }));
