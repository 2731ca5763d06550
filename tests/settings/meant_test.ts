/** Hints for what newcomers call settings and their values. */

import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import {
  configKeys,
  configSettings,
  flagOf,
  resolveConfig,
} from "../../lib/config/config.ts";
import { flagWords } from "../../lib/settings/flag_words.ts";
import { settingGroups } from "../../lib/config/groups.ts";
import {
  flagsMeant,
  keysMeant,
  valuesMeant,
} from "../../lib/settings/meant.ts";
import type { Setting } from "../../lib/settings/setting.ts";
import { valueWords } from "../../lib/settings/value_words.ts";
import { didYouMean, meant, plain, synonyms } from "../../lib/base/nearest.ts";

const settings = configSettings as Readonly<Record<string, Setting>>;
const flags = configKeys.map((key) => flagOf(key));
const namesOf = (key: string) => settings[key]!.names!;

const STEPS =
  "--steps (updates; an epoch is one, unless --batch-size is given)";

const FLAGS: Readonly<Record<string, string | string[]>> = {
  "--wd": "--weight-decay",
  "--epochs": STEPS,
  "--n_steps": STEPS,
  "--learning-rate": "--lr",
  "--learningRate": "--lr",
  "--LR": "--lr",
  "-lr": "--lr",
  "--op": "--task",
  "--operation": "--task",
  "--batch": "--batch-size",
  "--bs": "--batch-size",
  "--optim": "--optimizer",
  "--opt": "--optimizer",
  "--dropout-rate": "--dropout",
  "--p": "--modulus",
  "--mod": "--modulus",
  "--prime": "--modulus",
  "--frac": "--train-fraction",
  "--frac_train": "--train-fraction",
  "--trainFraction": "--train-fraction",
  "--weight_decay": "--weight-decay",
  "--epsilon": "--eps",
  "--betas": ["--beta1", "--beta2"],
  "--b1": "--beta1",
  "--num-layers": ["--hidden", "--layers"],
  "--width": "--hidden",
  "--num-heads": "--heads",
  "--criterion": "--loss",
  "--arch": "--model",
  "--scheduler": "--schedule",
  "--warmup-steps": "--warmup",
  "--grad-clip": "--clip-norm",
  "--log-every": "--eval-every",
  "--save-every": "--checkpoint-every",
  "--random-seed": "--seed",
  "--gpu": "--device cuda",
  "--cpu": "--device cpu",
  "--fp16": "--loss-precision float16",
  "--double": "--precision float64",
  "--dtype": ["--precision", "--loss-precision"],
  "--num-threads": "--threads",
  "--orthograd": "--perp-grad",
  "--bn": "--batch-norm",
  "--modulos": "--modulus",
  "--optimiser": "--optimizer",
  "--tempreature": "--temperature",
  "--stpes": "--steps",
  // Nothing that one could mean.
  "--zzz": [],
  "--": [],
  "--constructor": [],
  "--toString": [],
};

const VALUES: readonly [
  key: string,
  value: string,
  meant: string | string[],
][] = [
  ["task", "addition", "add"],
  ["task", "sum", "add"],
  ["task", "+", "add"],
  ["task", "subtraction", "subtract"],
  ["task", "minus", "subtract"],
  ["task", "multiplication", "product"],
  ["task", "x*y", "product"],
  ["task", "division", "divide"],
  ["task", "div", "divide"],
  ["task", "/", "divide"],
  ["task", "sparse_parity", "parity"],
  ["task", "MNIST", "mnist"],
  ["task", "imagenet", []],
  ["model", "MLP", "mlp"],
  ["model", "Transformer", "transformer"],
  ["model", "resnet", []],
  ["loss", "cross-entropy", "softmax"],
  ["loss", "CrossEntropyLoss", "softmax"],
  ["loss", "CE", "softmax"],
  ["loss", "StableMax", "stablemax"],
  ["loss", "stable_max", "stablemax"],
  ["loss", "MSELoss", "mse"],
  ["loss", "mce", "mse"],
  ["loss", "softmax_exact", "softmax-exact"],
  ["optimizer", "AdamW", "adamw"],
  ["optimizer", "Adam", "adam"],
  ["optimizer", "SGD", "sgd"],
  ["optimizer", "RMSprop", "rmsprop"],
  ["optimizer", "⊥AdamW", "adamw (with --perp-grad)"],
  ["optimizer", "lbfgs", []],
  ["precision", "fp32", "float32"],
  ["precision", "f64", "float64"],
  ["precision", "double", "float64"],
  ["precision", "torch.float64", "float64"],
  ["precision", "fp16", []],
  ["lossPrecision", "half", "float16"],
  ["lossPrecision", "bfloat16", []],
  ["device", "gpu", "cuda"],
  ["device", "GPU", "cuda"],
  ["device", "cuda:0", "cuda --device-id 0"],
  ["device", "cuda:12", "cuda --device-id 12"],
  ["device", "mps", "webgpu"],
  ["device", "tpu", []],
  ["engine", "tensorflow", "tfjs"],
  ["engine", "ORT", "onnx"],
  ["runtime", "wasm", "web"],
  ["backend", "gpu", "node-gpu"],
  ["schedule", "cosine_annealing", "cosine"],
  ["init", "xavier", "xavier-uniform"],
  ["init", "kaiming_normal", "he-normal"],
  ["norm", "layernorm", ["pre", "post"]],
  ["norm", "pre-ln", "pre"],
  ["encoding", "one-hot", "two-hot"],
  ["metrics", "Tensors", "tensors"],
  ["metrics", "effective_rank", "effective-rank"],
  ["device", "__proto__", []],
];

Deno.test("flagsMeant() knows what newcomers call flags", () => {
  for (const [flag, wanted] of Object.entries(FLAGS)) {
    assertEquals(flagsMeant(flag, flags), [wanted].flat(), flag);
  }
  // Of other flags other things are meant.
  assertEquals(flagsMeant("--op", ["--operation", "--map"]), ["--operation"]);
  assertEquals(flagsMeant("--no-perp", ["--no-perp-grad"]), ["--no-perp-grad"]);
  assertEquals(flagsMeant("--wd", ["--out"]), []);
  // What is only written otherwise comes before what is a synonym.
  assertEquals(flagsMeant("--Seed", ["--seed", "--seeds"]), ["--seed"]);
  assertEquals(flagsMeant("--seed", ["--seeds"]), ["--seeds"]);
});

Deno.test("valuesMeant() knows what newcomers call values", () => {
  for (const [key, value, wanted] of VALUES) {
    const found = valuesMeant(key, value, namesOf(key));
    assertEquals(found, [wanted].flat(), `${key} ${value}`);
  }
});

Deno.test("words for flags and values are of flags and values that there are", () => {
  // Of other tasks than train, and of both.
  const others = "--operation --jobs --seeds --out --probe --all-checkpoints " +
    "--hooks --format --quick --about --serve --help --run --overwrite --config --json " +
    "--replicas --replica-lr --resume --from --step --no-perp-grad";
  const known = [...flags, ...others.split(" ")];
  for (const [word, names] of Object.entries(synonyms(flagWords))) {
    for (const name of names) {
      const [flag, value] = name.split(" ") as [string, string?];
      assert(known.includes(flag), `${word}: ${name}`);
      if (value === undefined || value.startsWith("(")) continue;
      const key = configKeys.find((key) => flagOf(key) === flag)!;
      assert(namesOf(key).includes(value), `${word}: ${name}`);
    }
  }
  for (const [key, words] of Object.entries(valueWords)) {
    for (const [word, names] of Object.entries(synonyms(words))) {
      for (const name of names) {
        assert(namesOf(key).includes(name.split(" ")[0]!), `${key} ${word}`);
      }
      // What is accepted needs no hint.
      const itself = namesOf(key).some((name) => plain(name) === word);
      assert(!itself || names.length === 1, `${key} ${word}`);
    }
  }
});

Deno.test("a config's unknown key and value are told with what was meant", () => {
  const cases: [config: Record<string, unknown>, says: RegExp][] = [
    [
      { wd: 1 },
      /^Unknown setting wd \(did you mean weightDecay\?\): a config /,
    ],
    [{ weight_decay: 1 }, /\(did you mean weightDecay\?\)/],
    [{ gpu: true }, /\(did you mean device: cuda\?\)/],
    [{ colour: 3 }, /^Unknown setting colour: a config has /],
    [{ optimizer: "AdamW" }, /got "AdamW" \(did you mean adamw\?\)$/],
    [{ metrics: ["basic", "Margin"] }, /\(did you mean margin\?\)$/],
    [{ precision: "double" }, /got "double" \(did you mean float64\?\)$/],
    [{ task: "imagenet" }, /got "imagenet"$/],
    [{ lr: "fast" }, /^--lr must be a number, got "fast"$/],
    [
      { steps: 20, switches: [{ at: 9, config: { learning_rate: 1 } }] },
      /got learning_rate \(did you mean lr\?\): choose from/,
    ],
  ];
  for (const [config, says] of cases) {
    const error = assertThrows(() => resolveConfig(config), RangeError);
    assertMatch(error.message, says);
  }
});

Deno.test("limits of integers are named", () => {
  const most = Number.MAX_SAFE_INTEGER;
  for (const key of ["seed", "dataSeed", "steps", "evalEvery"]) {
    assertThrows(
      () => resolveConfig({ [key]: most + 1 }),
      RangeError,
      `${flagOf(key)} must be an integer of at most 2⁵³ − 1, got ${most + 1}`,
    );
  }
  assertEquals(resolveConfig({ seed: most }).seed, most);
  for (const seed of [-1, 0.5, -0.5]) {
    assertThrows(
      () => resolveConfig({ seed }),
      RangeError,
      `--seed must be an integer of 0 or more, got ${seed}`,
    );
  }
});

Deno.test("meant() takes what is written otherwise before what is near", () => {
  const known = ["adam", "adamw", "sgd"];
  assertEquals(meant("ADAM", known), ["adam"]);
  assertEquals(meant("adma", ["adam"]), ["adam"]); // Two letters change places.
  assertEquals(meant("edim", ["adam"]), []); // Two of four are wrong.
  assertEquals(meant("adan", known), ["adam"]);
  assertEquals(meant("ada", known), ["adam", "adamw"]);
  assertEquals(meant("", known), []);
  assertEquals(meant("x", [], {}), []);
  assertEquals(meant("gd", known, { gd: ["sgd"] }), ["sgd"]);
  assertEquals(meant("sgdm", known, { sgdm: [] }), []);
  assertEquals(keysMeant("train-fraction", ["trainFraction"]), [
    "trainFraction",
  ]);
  assertEquals(didYouMean([]), "");
  assertEquals(didYouMean(["a"]), " (did you mean a?)");
  assertEquals(didYouMean(["a", "b", "c"]), " (did you mean a, b or c?)");
});

Deno.test("every setting is in a group, and no group of the rest", () => {
  for (
    const [key, group] of Object.entries({
      task: "data",
      modulus: "data",
      labelNoise: "data",
      model: "model",
      hidden: "model",
      dropout: "model",
      precision: "model",
      loss: "loss",
      temperature: "loss",
      optimizer: "optimizer",
      lr: "optimizer",
      perpGrad: "optimizer",
      l1: "optimizer",
      grokfast: "optimizer",
      steps: "run",
      seed: "run",
      metrics: "run",
      device: "device",
      threads: "device",
    })
  ) {
    assertEquals(settingGroups().get(key), group, key);
  }
  assertEquals([...settingGroups().keys()], [...configKeys]);
});
