import { assertEquals, assertThrows } from "@std/assert";
import { outcome, render, telling } from "../../bench/gpu.ts";
import {
  fail,
  type Part,
  parts,
  readDefault,
  readDoctor,
  readProbe,
  readReplicas,
  readSteps,
  readTests,
} from "../../bench/gpu_parts.ts";

const part: Part = {
  name: "a part",
  seconds: 1,
  args: [],
  onCard: true,
  read: (text) =>
    text === ""
      ? (() => {
        throw new Error("empty");
      })()
      : { failed: text === "bad", text },
};

Deno.test("a part is as its output and its end say", () => {
  const ok = { failed: false, text: "good" };
  assertEquals(outcome(part, 0, "good"), ok);
  assertEquals(outcome(part, 0, "bad"), fail("bad"));
  assertEquals(outcome(part, 1, "bad"), fail("bad"));
  assertEquals(outcome(part, 3, "good"), fail("it ended with 3: good"));
  assertEquals(outcome(part, 124, "good"), fail("its time was up"));
  assertEquals(outcome(part, 137, "good"), fail("its time was up"));
  assertEquals(
    outcome(part, 0, ""),
    fail("it ended with 0 and gave no result (empty)"),
  );
});

Deno.test("a dry run wants output and launches, whatever the output says", () => {
  assertEquals(outcome(part, 1, "bad", 7), {
    failed: false,
    text: "7 launches; would say: bad",
  });
  assertEquals(
    outcome(part, 0, "good", 0),
    fail("it asked nothing of the card"),
  );
  assertEquals(outcome({ ...part, onCard: false }, 0, "good", 0), {
    failed: false,
    text: "would say: good",
  });
  assertEquals(outcome(part, 1, "", 7).failed, true);
});

Deno.test("the parts' outputs are read, and nothing looked at is a failure", () => {
  const doctor = (rest: object) =>
    JSON.stringify({ devices: [{ runtime: "node", name: "cuda", ...rest }] });
  assertEquals(readDoctor(doctor({ usable: true, detail: "exact" })), {
    failed: false,
    text: "CUDA: exact",
  });
  assertEquals(
    readDoctor(doctor({ usable: false, missing: "no card", mend: "buy" })),
    fail("CUDA: no card: buy"),
  );
  assertThrows(() => readDoctor('{"devices":[]}'), Error, "no row");

  const tests = "ok | 3 passed | 0 failed | 2 filtered out (3s)";
  assertEquals(readTests(tests).text, "3 cases agree with the processor");
  assertEquals(
    readTests(
      "the onnx engine agrees with itself on cuda: MLP ... FAILED (1s)\n" +
        "FAILED | 2 passed | 1 failed (1s)",
    ),
    fail("2 cases agree, 1 do not: MLP"),
  );
  assertEquals(
    readTests("ok | 0 passed | 0 failed | 9 ignored (1s)"),
    fail("nothing was compared"),
  );
  assertThrows(() => readTests("error: no such file"), Error, "counts");

  const run = {
    steps: 500,
    grokked_at: 200 as number | null,
    ms_per_step: 0.5,
    seconds: 36,
    final: { test_accuracy: 1 },
  };
  const never = { ...run, grokked_at: null };
  assertEquals(readDefault(JSON.stringify(run)), {
    failed: false,
    text: "grokked at step 200; 0.500 ms a step, test accuracy 100.0 % after " +
      "500 steps",
  });
  assertEquals(readDefault(JSON.stringify(never)).failed, true);
  const replicas = (...runs: object[]) =>
    readReplicas(JSON.stringify({ replicas: runs }));
  assertEquals(replicas(run, run, never), {
    failed: false,
    text:
      "2 of 3 grokked, 0.50 ms a step of all of them, 200 grokked seeds an " +
      "hour of training",
  });
  assertEquals(replicas(run, never).failed, true);

  const timing = { work: "mlp", who: "groklab", ms: 0.5, steps: 2000 };
  const steps = (...timings: object[]) =>
    readSteps(JSON.stringify({ timings, notes: ["a note"] }));
  assertEquals(
    steps(timing, { ...timing, who: "JAX", steps: 100 }),
    {
      failed: false,
      text: "mlp: groklab 0.500 ms, JAX 0.500 ms (brief)\na note",
    },
  );
  assertEquals(steps().failed, true);
  assertEquals(steps({ ...timing, who: "JAX" }).failed, true);

  const probe = (provider: string, probes: object) =>
    readProbe(JSON.stringify({ provider, probes }));
  assertEquals(probe("cuda", { fourier: 1 }).text, "fourier answered, on cuda");
  assertEquals(probe("cpu", { fourier: 1 }).failed, true);
  assertEquals(probe("cuda", {}).failed, true);
});

Deno.test("of a part whose time was up the figures are kept", () => {
  const said = "device: cuda\nmlp: groklab 0.5 ms a step\nerror: a\nerror: b\n";
  assertEquals(telling(said), ["mlp: groklab 0.5 ms a step", "error: b"]);
  assertEquals(telling(""), []);
});

Deno.test("a real run's parts have eight minutes together", () => {
  const plan = { folder: "x", python: "python3", standIns: undefined };
  const all = parts(plan).reduce((sum, { seconds }) => sum + seconds, 0);
  assertEquals(all, 465);
});

Deno.test("the table says what failed", () => {
  assertEquals(
    render([
      { name: "one", failed: false, seconds: 1.4, text: "a\nb" },
      { name: "two", failed: true, seconds: 2, text: "c | d" },
    ]),
    "| part | | s | |\n| ---- | --- | --- | --- |\n| one | ok | 1 | a<br>b |\n" +
      "| two | **FAILED** | 2 | c \\| d |\n\n2 parts, 1 failed",
  );
});
