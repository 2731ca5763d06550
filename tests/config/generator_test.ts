/**
 * Which generator an experiment has: its own, that of its time, or none.
 *
 * @module
 */

import { assertEquals, assertThrows } from "@std/assert";
import {
  type Config,
  ConfigError,
  type ConfigInput,
  idleKeys,
  resolveConfig,
  toBeChanged,
} from "../../lib/config/config.ts";
import { randomnessOf, stepKey } from "../../lib/experiment/experiment.ts";
import { randomKey, wordsOf } from "../../lib/numeric/random.ts";
import { squaresKey } from "../../lib/numeric/squares.ts";

const DRAWING: readonly ConfigInput[] = [
  { batchSize: 64 },
  { dropout: 0.1 },
  { model: "encoder" },
  { model: "transformer", dropout: 0.2 },
  { hidden: [], batchSize: 64 },
];

const STILL: readonly ConfigInput[] = [
  {},
  { dropout: 0 },
  { hidden: [], dropout: 0.1 },
  { model: "encoder", dropout: 0 },
  { model: "transformer" },
];

// As a version wrote it that had no choice.
const written = (config: Config): ConfigInput => {
  const { generator: _, ...rest } = JSON.parse(JSON.stringify(config));
  return rest;
};

for (const input of DRAWING) {
  Deno.test(`random bits of ${JSON.stringify(input)} are of squares, once recorded of Threefry`, () => {
    const config = resolveConfig(input);
    assertEquals(config.generator, "squares");
    assertEquals(resolveConfig(JSON.parse(JSON.stringify(config))), config);
    assertEquals(idleKeys(config).includes("generator"), false);
    const old = resolveConfig(written(config));
    assertEquals(old, { ...config, generator: "threefry" });
    assertEquals(resolveConfig(JSON.parse(JSON.stringify(old))), old);
    assertEquals(resolveConfig({ ...input, generator: "threefry" }), old);
  });
}

for (const input of STILL) {
  Deno.test(`the config of ${JSON.stringify(input)} is written without a generator`, () => {
    const config = resolveConfig(input);
    assertEquals("generator" in config, false);
    assertEquals(resolveConfig({ ...input, generator: "threefry" }), config);
    assertEquals(resolveConfig(written(config)), config);
    assertEquals(idleKeys(config).includes("generator"), true);
  });
}

Deno.test("a file of what drew nothing, and draws by a change, has today's generator", () => {
  const still = resolveConfig({});
  const file = toBeChanged(written(still));
  assertEquals(resolveConfig({ ...file, batchSize: 9 }).generator, "squares");
  const old = toBeChanged(written(resolveConfig({ dropout: 0.1 })));
  assertEquals(resolveConfig({ ...old, batchSize: 9 }).generator, "threefry");
  // As it is, it is a run's of whatever version.
  const spread = resolveConfig({ ...still, dropout: 0.1 });
  assertEquals(spread.generator, "threefry");
  // What cannot be resolved is refused with the change.
  const wrong = { ...written(still), modulus: 1 };
  assertEquals(toBeChanged(wrong), wrong);
});

Deno.test("--generator is one of two", () => {
  assertThrows(
    () => resolveConfig({ dropout: 0.1, generator: "philox" }),
    ConfigError,
    '--generator must be squares or threefry, got "philox"',
  );
});

Deno.test("each generator has a key as it wants it", () => {
  const squares = resolveConfig({ dropout: 0.1, seed: 4 });
  const threefry = resolveConfig({ ...squares, generator: "threefry" });
  assertEquals(stepKey(squares), squaresKey(randomKey(4)("steps")));
  assertEquals(stepKey(threefry), wordsOf("4:steps"));
  assertEquals(randomnessOf(threefry).generator, "threefry");
  // Nothing is drawn, so that this one is as it was.
  assertEquals(stepKey(resolveConfig({ seed: 4 })), wordsOf("4:steps"));
});
