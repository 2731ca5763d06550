import {
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertThrows,
} from "@std/assert";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { UsageError } from "../../lib/base/errors.ts";
import { resolveConfig } from "../../lib/config/config.ts";
import { parseIdx } from "../../lib/data/tasks/idx.ts";
import { mnist } from "../../lib/data/tasks/mnist.ts";
import { randomKey } from "../../lib/numeric/random.ts";
import { splitOf } from "../../lib/experiment/split.ts";
import { defaults } from "../../lib/config/config.ts";
import { makeManifest } from "../../lib/runs/manifest.ts";
import { RunWriter } from "../../lib/runs/run_folder.ts";
import { withTempDir } from "../tasks/_run.ts";
import {
  files,
  idx,
  IMAGES,
  images,
  labelOf,
  LABELS,
  labels,
  packed,
  pixel,
  writeAll,
} from "./_idx.ts";

const load = (folder: string, trainSize = 12, seed = 0) =>
  mnist({ mnist: folder, trainSize }, randomKey(seed));

Deno.test("mnist() draws training images and takes all to test with", () =>
  withTempDir(async (dir) => {
    await writeAll(dir, files());
    const { split, classes, inputs, labels } = load(dir);
    const { train, test } = split!;
    assertEquals(classes, 10);
    assertEquals(new Set(train.source!.rows).size, 12);
    assertEquals(test.source!.rows, [0, 1, 2, 3, 4, 5, 6, 7]);
    for (const part of [train, test]) {
      assertEquals(part.inputs.length, part.source!.rows.length);
      part.source!.rows.forEach((row, i) => {
        assertEquals(part.labels[i], labelOf(row));
        assertEquals(
          part.inputs[i],
          Array.from({ length: 784 }, (_, j) => pixel(row, j) / 255),
        );
      });
    }
    assertEquals(inputs, [...train.inputs, ...test.inputs]);
    assertEquals(labels, [...train.labels, ...test.labels]);

    assertEquals(load(dir).split, split);
    assertNotEquals(load(dir, 12, 1).split!.train.source, train.source);
    // All of them, in an order of their own.
    const all = load(dir, 30).split!.train.source!.rows;
    assertEquals(all.toSorted((a, b) => a - b), [...Array(30).keys()]);
  }));

Deno.test("mnist() reads packed files as it reads others", () =>
  withTempDir(async (dir) => {
    const plain = join(dir, "plain");
    const zipped = join(dir, "zipped");
    await writeAll(plain, files());
    await writeAll(zipped, packed(files()));
    assertEquals(load(zipped), load(plain));
    // Packed, but not called so.
    const misnamed = Object.entries(packed(files()))
      .map(([name, bytes]) => [name.replace(".gz", ""), bytes]);
    await writeAll(plain, Object.fromEntries(misnamed));
    assertEquals(load(plain), load(zipped));
  }));

const cut = (bytes: Uint8Array, by: number) => bytes.slice(0, -by);
const flipped = (bytes: Uint8Array) =>
  bytes.map((x, i) => i === bytes.length - 6 ? x ^ 1 : x);

const TRAIN_IMAGES = "train-images-idx3-ubyte";
const TRAIN_LABELS = "train-labels-idx1-ubyte";
const TEST_IMAGES = "t10k-images-idx3-ubyte";
const TEST_LABELS = "t10k-labels-idx1-ubyte";

const damaged: [what: string, file: string, Uint8Array, says: RegExp][] = [
  ["an empty file", TRAIN_IMAGES, new Uint8Array(), /0 bytes, its header .*16/],
  ["half a header", TEST_IMAGES, images(8).slice(0, 9), /9 bytes, its header/],
  [
    "images cut short",
    TRAIN_IMAGES,
    cut(images(30), 1),
    /23519 elements, its header says 30 × 28 × 28 = 23520/,
  ],
  [
    "labels cut short",
    TEST_LABELS,
    cut(labels(8), 3),
    /5 elements, its header says 8$/,
  ],
  [
    "more than the header says",
    TRAIN_LABELS,
    idx(LABELS, [30], Array(31).fill(0)),
    /31 elements, its header says 30/,
  ],
  [
    "labels in place of images",
    TRAIN_IMAGES,
    labels(30),
    /magic number is 0x00000801, wanted 0x00000803, unsigned bytes along 3/,
  ],
  [
    "images in place of labels",
    TEST_LABELS,
    images(8),
    /magic number is 0x00000803, wanted 0x00000801, unsigned bytes along one/,
  ],
  [
    "floating-point elements",
    TRAIN_LABELS,
    idx(0x00000d01, [30], Array(120).fill(0)),
    /magic number is 0x00000d01/,
  ],
  [
    "the bytes the other way round",
    TRAIN_LABELS,
    idx(0x01080000, [30], Array(30).fill(0)),
    /magic number is 0x01080000/,
  ],
  [
    "images of another size",
    TEST_IMAGES,
    idx(IMAGES, [8, 14, 14], Array(8 * 196).fill(0)),
    /14 × 14 pixels, wanted 28 × 28/,
  ],
  ["no image", TEST_IMAGES, images(0), /has no image/],
  [
    "fewer labels than images",
    TRAIN_LABELS,
    labels(29),
    /29 labels, and .*train-images-idx3-ubyte has 30 images/,
  ],
  [
    "a label that is no digit",
    TEST_LABELS,
    idx(LABELS, [8], [0, 1, 2, 10, 4, 5, 6, 7]),
    /its label 3 is 10, wanted 0\.\.9/,
  ],
  [
    "a packed file cut short",
    TRAIN_IMAGES,
    cut(Object.values(packed({ x: images(30) }))[0]!, 10),
    /cut short or damaged/,
  ],
  [
    // Its last eight bytes are the checksum and the length.
    "a packed file with a wrong checksum",
    TRAIN_IMAGES,
    flipped(Object.values(packed({ x: images(30) }))[0]!),
    /cut short or damaged/,
  ],
];

for (const [what, file, bytes, says] of damaged) {
  Deno.test(`mnist() refuses ${what}`, () =>
    withTempDir(async (dir) => {
      await writeAll(dir, { ...files(), [file]: bytes });
      const error = assertThrows(() => load(dir), SyntaxError, file);
      assertMatch(error.message, says);
    }));
}

Deno.test("mnist() names the files that are missing", () =>
  withTempDir(async (dir) => {
    const { [TEST_LABELS]: _, ...some } = files();
    await writeAll(dir, some);
    const one = assertThrows(() => load(dir), UsageError);
    assertMatch(one.message, /^--mnist .* lacks t10k-labels-idx1-ubyte$/);
    const none = assertThrows(() => load(join(dir, "no-folder")), UsageError);
    assertMatch(none.message, /no-folder lacks train-images.*, t10k-labels/);
    const file = join(dir, TRAIN_IMAGES);
    assertThrows(() => load(file), UsageError, "lacks train-images");
  }));

Deno.test("mnist() refuses more training images than there are", () =>
  withTempDir(async (dir) => {
    await writeAll(dir, files());
    const error = assertThrows(() => load(dir, 31), UsageError);
    assertMatch(error.message, /^--train-size must be at most 30,.* got 31$/);
  }));

Deno.test("parseIdx() reads arrays inside larger buffers", () => {
  const whole = Uint8Array.of(
    9,
    9,
    9,
    ...idx(IMAGES, [2, 1, 3], [1, 2, 3, 4, 5, 6]),
  );
  const { shape, data } = parseIdx(whole.subarray(3), 3, "x");
  assertEquals(shape, [2, 1, 3]);
  assertEquals([...data], [1, 2, 3, 4, 5, 6]);
});

Deno.test("split.json says where images lie, and what their labels are", () =>
  withTempDir(async (dir) => {
    await writeAll(dir, files());
    const config = resolveConfig({
      task: "mnist",
      mnist: dir,
      trainSize: 10,
      labelNoise: 0.5,
    });
    const split = splitOf(config);
    const run = await RunWriter.create(join(dir, "run"), {
      config: defaults,
      manifest: await makeManifest("none"),
      split,
    });
    const written = JSON.parse(
      await Deno.readTextFile(join(run.path, "split.json")),
    );
    const sha256 = (name: string) =>
      createHash("sha256").update(files()[name]!).digest("hex");
    const { rows } = split.train.source!;
    assertEquals(written, {
      train: {
        labels: split.train.labels,
        source: { file: TRAIN_IMAGES, sha256: sha256(TRAIN_IMAGES), rows },
      },
      test: {
        labels: Array.from({ length: 8 }, (_, i) => labelOf(i)),
        source: {
          file: TEST_IMAGES,
          sha256: sha256(TEST_IMAGES),
          rows: [...Array(8).keys()],
        },
      },
    });
    const wrong = rows.filter((row, i) =>
      split.train.labels[i] !== labelOf(row)
    );
    assertEquals(wrong.length, 5);
  }));
