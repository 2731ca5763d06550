import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { createHash } from "node:crypto";
import { join } from "node:path";
import deno from "../../deno.json" with { type: "json" };
import { mnist } from "../../lib/data/tasks/mnist.ts";
import { randomKey } from "../../lib/numeric/random.ts";
import {
  MNIST_CHECKSUMS,
  MNIST_MIRRORS,
  type MnistSetup,
  removeMnist,
  setupMnist,
} from "../../lib/setup/mnist.ts";
import { files, packed } from "../data/_idx.ts";
import { contentsOf, withTempDir } from "../tasks/_run.ts";

const archives = packed(files());
const checksums = Object.fromEntries(
  Object.entries(archives).map(([name, bytes]) => [
    name,
    createHash("sha256").update(bytes).digest("hex"),
  ]),
);
const nameOf = (url: string) => url.slice(url.lastIndexOf("/") + 1);
const [first, second] = MNIST_MIRRORS;

/** A network on which only some addresses answer. */
function network(
  answers: (url: string) => Uint8Array | undefined,
): Required<Pick<MnistSetup, "get">> & { asked: string[] } {
  const asked: string[] = [];
  const get = (url: string) => {
    asked.push(url);
    const bytes = answers(url);
    return bytes
      ? Promise.resolve(bytes)
      : Promise.reject(new Error(`${url} cannot be reached`));
  };
  return { get, asked };
}

const everything = () => network((url) => archives[nameOf(url)]);

Deno.test("setupMnist() fetches what training reads, once; removeMnist() undoes it", () =>
  withTempDir(async (dir) => {
    const folder = join(dir, "mnist");
    const { get, asked } = everything();
    const result = await setupMnist({ folder, checksums, get });
    assertEquals(result, { folder, fetched: Object.keys(archives) });
    assertEquals(asked, Object.keys(archives).map((name) => first + name));
    const { split } = mnist({ mnist: folder, trainSize: 5 }, randomKey(0));
    assertEquals(split!.test.labels.length, 8);

    const again = await setupMnist({ folder, checksums, get });
    assertEquals(again, { folder, fetched: [] });
    assertEquals(asked.length, 4);

    const removed = await removeMnist({ folder, checksums });
    assertEquals(removed, Object.keys(archives).map((n) => join(folder, n)));
    assertEquals(await contentsOf(dir), {});
    assertEquals(await removeMnist({ folder, checksums }), []);
  }));

Deno.test("setupMnist() goes on to the second mirror", () =>
  withTempDir(async (folder) => {
    const { get, asked } = network((url) => {
      if (url.startsWith(second)) return archives[nameOf(url)];
      // One that does not answer, and one with other contents.
      return url.includes("labels") ? new Uint8Array([1, 2]) : undefined;
    });
    const { fetched } = await setupMnist({ folder, checksums, get });
    assertEquals(fetched.length, 4);
    assertEquals(asked.length, 8);
  }));

Deno.test("setupMnist() leaves nothing of files with a wrong checksum", () =>
  withTempDir(async (dir) => {
    const folder = join(dir, "mnist");
    const { get } = network((url) => {
      const bytes = archives[nameOf(url)]!;
      // The last of the four: the others are good.
      return url.includes("t10k-labels") ? bytes.slice(1) : bytes;
    });
    const error = await assertRejects(
      () => setupMnist({ folder, checksums, get }),
      Error,
      "Cannot fetch t10k-labels-idx1-ubyte.gz",
    );
    for (const mirror of MNIST_MIRRORS) {
      assertStringIncludes(error.message, mirror);
    }
    assertMatch(error.message, /of SHA-256 [0-9a-f]{64}, wanted [0-9a-f]{64}/);
    assertStringIncludes(error.message, "--mnist DIR");
    assertEquals(await contentsOf(dir), {});
  }));

Deno.test("setupMnist() says that there is no network", () =>
  withTempDir(async (dir) => {
    const { get } = network(() => undefined);
    await assertRejects(
      () => setupMnist({ folder: join(dir, "mnist"), checksums, get }),
      Error,
      `${second}train-images-idx3-ubyte.gz cannot be reached`,
    );
    assertEquals(await contentsOf(dir), {});
  }));

Deno.test("setupMnist() that is stopped leaves nothing", () =>
  withTempDir(async (dir) => {
    const stop = new AbortController();
    const { get } = network((url) => {
      if (url.includes("t10k-images")) stop.abort();
      return stop.signal.aborted ? undefined : archives[nameOf(url)];
    });
    const options = { folder: join(dir, "mnist"), checksums, get };
    await assertRejects(
      () => setupMnist({ ...options, signal: stop.signal }),
      Error,
      "Stopped; nothing is left of it",
    );
    assertEquals(await contentsOf(dir), {});
  }));

Deno.test("setupMnist() mends a folder, and touches nothing that is another's", () =>
  withTempDir(async (folder) => {
    const [damaged, kept] = Object.keys(archives) as [string, string];
    await Deno.writeFile(join(folder, damaged), new Uint8Array([1]));
    await Deno.writeFile(join(folder, kept), archives[kept]!);
    await Deno.writeTextFile(join(folder, "notes.txt"), "mine");
    // What a setup left that was killed.
    await Deno.mkdir(join(folder, ".partial-1"));
    const { get } = everything();
    const { fetched } = await setupMnist({ folder, checksums, get });
    assert(fetched.includes(damaged) && !fetched.includes(kept));
    assertEquals(
      [...Deno.readDirSync(folder)].map(({ name }) => name).sort(),
      ["notes.txt", ...Object.keys(archives)].sort(),
    );
    await Deno.writeFile(join(folder, kept), new Uint8Array([7]));
    const removed = await removeMnist({ folder, checksums });
    assertEquals(removed.length, 3);
    assertEquals(await contentsOf(folder), {
      [join(folder, "notes.txt")]: new TextEncoder().encode("mine"),
      [join(folder, kept)]: new Uint8Array([7]),
    });
  }));

Deno.test("setup may speak to the mirrors, a report to this machine, nobody to others", () => {
  const allowed = Object.entries(deno.tasks).flatMap(([name, { command }]) =>
    command.split(" ").filter((word) => word.startsWith("--allow-net"))
      .map((word) => [name, word])
  );
  const hosts = MNIST_MIRRORS.map((mirror) => new URL(mirror).host);
  assertEquals(allowed, [
    ["report", "--allow-net=127.0.0.1"],
    ["play", "--allow-net=127.0.0.1"],
    ["setup", `--allow-net=${hosts.join(",")}`],
    ["test", "--allow-net=127.0.0.1"],
  ]);
  assertEquals(
    Object.keys(MNIST_CHECKSUMS).sort(),
    Object.keys(archives).sort(),
  );
});
