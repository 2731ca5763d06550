/** Who has a run of a sweep. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { FileError } from "../../lib/base/files.ts";
import { list } from "../../lib/runs/layout.ts";
import { SWEEP } from "../../lib/sweeps/layout.ts";
import { Claims } from "../../lib/sweeps/running/claims.ts";
import {
  claimNamed,
  lookAt,
  type Owner,
} from "../../lib/sweeps/running/owner.ts";
import { withTempDir } from "../tasks/_run.ts";

const ID = "0123456789abcdef";
const claimIn = (dir: string, number = 0) =>
  join(dir, SWEEP.claims, number === 0 ? ID : `${ID}.${number}`);
const files = async (dir: string) =>
  (await list(join(dir, SWEEP.claims)))!.filter((name) => name !== "clock")
    .sort();

// A claim as another machine writes it, not touched since so many seconds.
async function foreignClaim(
  dir: string,
  seconds: number,
  owner: Partial<Owner> = {},
  number = 0,
): Promise<void> {
  await Deno.mkdir(join(dir, SWEEP.claims), { recursive: true });
  const path = claimIn(dir, number);
  await Deno.writeTextFile(
    path,
    JSON.stringify({
      host: "elsewhere",
      booted: 1,
      pid: 1,
      since: "2026-01-01T00:00:00.000Z",
      attempts: 1,
      deaths: 0,
      released: false,
      ...owner,
    }),
  );
  await age(path, seconds);
}

async function age(path: string, seconds: number): Promise<void> {
  const then = (await Deno.stat(path)).mtime!.getTime() - 1000 * seconds;
  await Deno.utime(path, new Date(then), new Date(then));
}

Deno.test("a run is one process's, until it ends or is given back", () =>
  withTempDir(async (dir) => {
    using claims = await Claims.open(dir);
    using others = await Claims.open(dir);
    const claim = (await claims.take(ID))!;
    assertEquals([claim.attempts, claim.deaths], [1, 0]);
    assertEquals(await others.take(ID), undefined);
    assertEquals(await claims.take(ID), undefined);
    assert(await claim.isOurs());
    await claim.release();
    const next = (await others.take(ID))!;
    assertEquals([next.attempts, next.deaths, next.from], [2, 0, undefined]);
    assertEquals(await files(dir), [ID, `${ID}.1`]);
    assertEquals(await claims.take(ID), undefined);
    await next.end();
    assertEquals(await files(dir), []);
    // Of one that failed: counted on from there.
    assertEquals((await claims.take(ID, 2))!.attempts, 3);
  }));

Deno.test("what a process of this machine has left is taken at once, and the death counted", () =>
  withTempDir(async (dir) => {
    {
      using claims = await Claims.open(dir);
      await claims.take(ID);
    } // Its lock is free, as if it had been killed.
    assertEquals((await lookAt(dir, claimIn(dir)))!.state, "left");
    {
      using claims = await Claims.open(dir);
      const claim = (await claims.take(ID))!;
      assertEquals([claim.attempts, claim.deaths], [2, 1]);
      assertEquals(claim.from, undefined);
      assertEquals((await lookAt(dir, claimIn(dir, 1)))!.state, "held");
      await claim.release();
    }
    using claims = await Claims.open(dir);
    const claim = (await claims.take(ID))!;
    assertEquals([claim.attempts, claim.deaths], [3, 1]);
  }));

Deno.test("another machine's claim is taken when it is old by the file system's clock", () =>
  withTempDir(async (dir) => {
    using claims = await Claims.open(dir);
    await foreignClaim(dir, 100, { deaths: 1, attempts: 4 });
    assertEquals(await claims.take(ID), undefined);
    const { now } = Date;
    try {
      // A machine whose own clock is ahead.
      Date.now = () => now() + 3_600_000;
      assertEquals(await claims.take(ID), undefined);
    } finally {
      Date.now = now;
    }
    await foreignClaim(dir, 130, { deaths: 1, attempts: 4 });
    const claim = (await claims.take(ID))!;
    assertEquals([claim.attempts, claim.deaths], [5, 2]);
    assertEquals(claim.from!.host, "elsewhere");
  }));

Deno.test("a claim from long after now is left: the clock was set back", () =>
  withTempDir(async (dir) => {
    using claims = await Claims.open(dir);
    await foreignClaim(dir, -100);
    assertEquals(await claims.take(ID), undefined);
    await foreignClaim(dir, -130);
    assertEquals((await claims.take(ID))!.from!.host, "elsewhere");
  }));

Deno.test("a claim of this machine's name, but of another start of it, is another machine's", () =>
  withTempDir(async (dir) => {
    using claims = await Claims.open(dir);
    const host = Deno.hostname();
    const booted = Math.round(Date.now() / 1000 - Deno.osUptime());
    await foreignClaim(dir, 10, { host, booted: booted - 1000 });
    assertEquals(await claims.take(ID), undefined);
    await foreignClaim(dir, 10, { host, booted: booted + 1 });
    assertEquals((await claims.take(ID))!.from, undefined);
  }));

Deno.test("a torn claim is somebody's while it is young", () =>
  withTempDir(async (dir) => {
    using claims = await Claims.open(dir);
    for (const text of ["", '{"host":"a","pid', "null\n", '{"pid":1}']) {
      await Deno.writeTextFile(claimIn(dir), text);
      assertEquals(await claims.take(ID), undefined, text);
      await age(claimIn(dir), 121);
      const claim = (await claims.take(ID))!;
      assertEquals([claim.attempts, claim.deaths], [2, 1], text);
      await claim.end();
    }
  }));

Deno.test("of many that want the same run one has it", () =>
  withTempDir(async (dir) => {
    using opened = new DisposableStack();
    const all: Claims[] = [];
    for (let i = 0; i < 12; i++) all.push(opened.use(await Claims.open(dir)));
    const take = async () =>
      (await Promise.all(all.map((claims) => claims.take(ID))))
        .filter((claim) => claim !== undefined);
    for (const left of ["none", "old", "released"]) {
      if (left === "old") await foreignClaim(dir, 200);
      if (left === "released") await foreignClaim(dir, 0, { released: true });
      const winners = await take();
      assertEquals(winners.length, 1, left);
      assertEquals(await take(), [], left);
      await winners[0]!.end();
      assertEquals(await files(dir), []);
    }
  }));

Deno.test("who was away sees that another has taken over", () =>
  withTempDir(async (dir) => {
    using claims = await Claims.open(dir, 200);
    const claim = (await claims.take(ID))!;
    const lost = new Promise<void>((resolve) => claim.onLost = resolve);
    const path = claimIn(dir);
    const before = (await Deno.stat(path)).mtime!.getTime();
    while ((await Deno.stat(path)).mtime!.getTime() === before) {
      await new Promise((resolve) => setTimeout(resolve, 5)); // Touched.
    }
    assert(await claim.isOurs());
    const text = await Deno.readTextFile(path);
    assertEquals([text.length, JSON.parse(text).pid], [512, Deno.pid]);
    await foreignClaim(dir, 0, {}, 1);
    assertEquals(await claim.isOurs(), false);
    await lost;
    await Deno.remove(claimIn(dir, 1));
    assertEquals(await claim.isOurs(), false, "for good");
  }));

Deno.test("claimNamed() knows claims by their names", () => {
  assertEquals(claimNamed(ID), { id: ID, number: 0 });
  assertEquals(claimNamed(`${ID}.12`), { id: ID, number: 12 });
  for (const name of ["clock", `${ID}.0`, `${ID}.`, `${ID}.partial-1`]) {
    assertEquals(claimNamed(name), undefined);
  }
});

Deno.test("Claims.open() says what the system said", () =>
  withTempDir(async (dir) => {
    await Deno.writeTextFile(join(dir, SWEEP.claims), "");
    await assertRejects(
      () => Claims.open(dir),
      FileError,
      `Cannot run the sweep ${dir}: `,
    );
  }));
