/** `deno task sweep submit`, with schedulers that only pretend. */

import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { dirname, join } from "node:path";
import { UsageError } from "../../../lib/base/errors.ts";
import { list } from "../../../lib/runs/layout.ts";
import { SWEEP } from "../../../lib/sweeps/layout.ts";
import { submitSweep } from "../../../tasks/sweep/submit/submit.ts";
import { seeds, sweepOf, TINY } from "../../sweeps/_sweep.ts";
import { pathOf } from "../_fakes.ts";
import {
  assertRefused,
  contentsOf,
  outputOf,
  startProgram,
  withTempDir,
} from "../_run.ts";

type Env = Readonly<Record<string, string>>;

const start = (args: readonly string[], env: Env = {}) =>
  startProgram("sweep", ["submit", ...args], false, env);
const submit = (args: readonly string[], env: Env = {}) =>
  outputOf(start(args, env));

const SLURM = ["--on", "slurm"];
const PODS = [
  ...["--on", "kubernetes", "--image", "me/groklab:1", "--claim", "data"],
];
const PARALLEL = ["--on", "parallel"];

Deno.test("sweep submit writes a script and has sbatch take it", () =>
  withTempDir(async (dir) => {
    const folder = join(dir, "it's 100% new");
    await sweepOf(folder, seeds(20));
    const env = await pathOf(dir, {
      sbatch: `echo "$@" > '${dir}/asked'; echo "a word"; echo "123;main"`,
      scontrol: 'echo "MaxArraySize            = 20"',
    });
    const flags = [
      "--shards",
      "20",
      "--time",
      "90s",
      "--before",
      "module load x",
    ];
    const dry = await submit([folder, ...SLURM, ...flags, "--dry-run"], env);
    assertEquals([dry.code, dry.stderr], [0, ""]);
    const path = (n: number) => join(folder, SWEEP.submitted, `slurm-${n}.sh`);
    assertEquals(await list(join(folder, SWEEP.submitted)), undefined);
    const one = await submit([folder, ...SLURM, ...flags], env);
    assertEquals([one.code, one.stderr], [0, ""]);
    assertMatch(
      one.stdout,
      /^job 123: 20 runs in 20 shares, by \/.*slurm-1.sh\nstatus: deno task sweep status '/,
    );
    assertEquals(await Deno.readTextFile(path(1)), dry.stdout);
    assertEquals(
      await Deno.readTextFile(join(dir, "asked")),
      `--parsable ${path(1)}\n`,
    );
    // Slurm counts minutes, and groklab is what was called here.
    assertMatch(dry.stdout, /^#SBATCH --time=0-00:02:00$/m);
    assertMatch(
      dry.stdout,
      /^\S+ run --allow-read --allow-env --allow-run \S+\/tasks\/groklab.ts sweep run '.*' --shard "\$SLURM_ARRAY_TASK_ID\/20" --jobs "\$SLURM_CPUS_PER_TASK" --limit "\$\{limit\}s" &$/m,
    );
    assertMatch(dry.stdout, /^module load x$/m);
    await submit([folder, ...SLURM, ...flags, "--container", "run x.sif"], env);
    const two = await Deno.readTextFile(path(2));
    assertMatch(two, /^run x.sif groklab sweep run /m);
    assertMatch(two, /slurm-2-%A_%a.log/);
    const many = await submit([folder, ...SLURM, "--shards", "16"], env);
    assertEquals(many.code, 0, many.stderr);
  }));

Deno.test("sweep submit leaves nothing where a scheduler is missing, or says no", () =>
  withTempDir(async (dir) => {
    const folder = join(dir, "sweep");
    await sweepOf(folder, seeds(4));
    const large = join(dir, "large");
    await sweepOf(large, seeds(1002));
    const before = await contentsOf(folder);
    const none = { PATH: join(dir, "none") };
    for (
      const [flags, program] of [
        [SLURM, "sbatch"],
        [PODS, "kubectl"],
        [PARALLEL, "parallel"],
      ] as const
    ) {
      const line = assertRefused(await submit([folder, ...flags], none), 2);
      assertEquals(
        line,
        `error: Cannot submit with --on ${flags[1]}: there is no program ` +
          `${program} on this machine's PATH; --dry-run prints what it would ` +
          "be given",
      );
      const dry = await submit([folder, ...flags, "--dry-run"], none);
      assertEquals([dry.code, dry.stderr], [0, ""]);
    }
    const many = await submit(
      [large, ...SLURM, "--shards", "1002", "--dry-run"],
      none,
    );
    assertMatch(assertRefused(many, 2), /--shards must be at most 1001, /);
    const no = await pathOf(dir, {
      sbatch: "echo 'sbatch: error: invalid partition' >&2; exit 1",
      scontrol: "exit 1",
      kubectl: "/bin/cat > /dev/null; echo 'no such namespace'; exit 3",
      parallel: "echo 'parallel from moreutils'",
    });
    for (
      const [flags, wanted] of [
        [SLURM, "sbatch ended with 1: sbatch: error: invalid partition"],
        [PODS, "kubectl ended with 3: no such namespace"],
        [PARALLEL, "parallel ended with 0: it is not GNU parallel"],
      ] as const
    ) {
      const line = assertRefused(await submit([folder, ...flags], no), 1);
      assertEquals(line, `error: Cannot submit: ${wanted}`);
    }
    assertEquals(await contentsOf(folder), before);
  }));

Deno.test("sweep submit has kubectl apply an Indexed Job", () =>
  withTempDir(async (dir) => {
    const folder = join(dir, "My $(sweep)");
    await sweepOf(folder, seeds(3));
    const env = await pathOf(dir, {
      kubectl: `echo "$@" > '${dir}/asked'; /bin/cat > '${dir}/given'`,
    });
    const flags = [
      ...["--at-once", "2", "--cpus", "4", "--mem", "8Gi", "--gpus", "1"],
      ...["--namespace", "lab", "--retries", "3", "--mount", "/sweeps"],
      ...["--command", "npx groklab"],
    ];
    const { code, stdout, stderr } = await submit(
      [folder, ...PODS, ...flags],
      env,
    );
    assertEquals([code, stderr], [0, ""]);
    assertMatch(stdout, /^job groklab-tiny-525706-1: 3 runs in 3 shares, by /);
    const given = await Deno.readTextFile(join(dir, "given"));
    assertEquals(given, MANIFEST);
    assertEquals(await Deno.readTextFile(join(dir, "asked")), "apply -f -\n");
    const file = join(folder, SWEEP.submitted, "kubernetes-1.yaml");
    assertEquals(await Deno.readTextFile(file), given);
    // Another time it is another job; where the claim is mounted here too, the
    // folder is the same.
    const again = await submit(
      [folder, ...PODS, "--mount", dirname(dir), "--dry-run"],
      env,
    );
    assertMatch(again.stdout, /^ {2}name: groklab-tiny-525706-2$/m);
    assert(again.stdout.includes(`- ${folder.replace("$", "$$$$")}\n`));
    const said = ["--folder", "/elsewhere/x", "--dry-run"];
    const other = await submit([folder, ...PODS, ...said], env);
    assert(other.stdout.includes("- /elsewhere/x\n"));
  }));

// Held to the published schema by tests/outside/kubernetes_schema.py.
const MANIFEST = `apiVersion: batch/v1
kind: Job
metadata:
  name: groklab-tiny-525706-1
  namespace: lab
  labels:
    app.kubernetes.io/name: groklab
    groklab/sweep: tiny
spec:
  completionMode: Indexed
  completions: 3
  parallelism: 2
  backoffLimitPerIndex: 3
  podFailurePolicy:
    rules:
      - action: Ignore
        onPodConditions:
          - type: DisruptionTarget
            status: 'True'
      - action: FailIndex
        onExitCodes:
          containerName: groklab
          operator: In
          values:
            - 1
            - 2
      - action: Count
        onExitCodes:
          containerName: groklab
          operator: In
          values:
            - 130
            - 137
            - 143
  template:
    metadata:
      labels:
        app.kubernetes.io/name: groklab
        groklab/sweep: tiny
    spec:
      restartPolicy: Never
      terminationGracePeriodSeconds: 120
      containers:
        - name: groklab
          image: 'me/groklab:1'
          command:
            - npx
            - groklab
            - sweep
            - run
            - /sweeps/My $\$(sweep)
            - '--shard'
            - \$(JOB_COMPLETION_INDEX)/3
            - '--jobs'
            - '4'
          resources:
            requests:
              cpu: '4'
              memory: 8Gi
              nvidia.com/gpu: '1'
            limits:
              cpu: '4'
              memory: 8Gi
              nvidia.com/gpu: '1'
          volumeMounts:
            - name: sweeps
              mountPath: /sweeps
      volumes:
        - name: sweeps
          persistentVolumeClaim:
            claimName: data
`;

const parallel = (Deno.env.get("PATH") ?? "").split(":")
  .some((dir) => {
    try {
      const text = Deno.readTextFileSync(`${dir}/parallel`);
      return text.includes("GNU");
    } catch {
      return false;
    }
  });
if (!parallel) {
  console.error(
    "tests/tasks/sweep: there is no GNU parallel here, tests of it are skipped",
  );
}

Deno.test({
  name: "sweep submit has GNU parallel train the shares",
  ignore: !parallel,
  fn: () =>
    withTempDir(async (dir) => {
      const folder = join(dir, `it's "two" $HOME`);
      await sweepOf(folder, seeds(3));
      const flags = ["--shards", "2", "--at-once", "1"];
      const dry = await submit([folder, ...PARALLEL, ...flags, "--dry-run"]);
      const { code, stdout, stderr } = await submit([
        folder,
        ...PARALLEL,
        ...flags,
      ]);
      assertEquals(code, 0, stderr);
      assertMatch(
        stdout,
        /: 2 done, .* of 2 runs; trained now: 2\n[^]*: 1 done, .* of 1 runs; trained now: 1\n$/,
      );
      const submitted = join(folder, SWEEP.submitted);
      const script = await Deno.readTextFile(join(submitted, "parallel-1.sh"));
      assertEquals(script, dry.stdout.replace("\nparallel", "\nexec parallel"));
      const log = await Deno.readTextFile(join(submitted, "parallel-1.log"));
      const rows = log.trimEnd().split("\n").slice(1).map((row) =>
        row.split("\t")
      );
      assertEquals(rows.map((row) => row[6]), ["0", "0"]);
      // The folder is there, whole.
      const done = await submit([folder, ...PARALLEL]);
      assertEquals(done.stdout, `${folder}: nothing is left to train\n`);
    }),
});

Deno.test({
  name:
    "sweep submit with GNU parallel ends with 1 where a share did, 130 at a signal",
  ignore: !parallel,
  fn: () =>
    withTempDir(async (dir) => {
      await sweepOf(join(dir, "a"), [{ seed: 0 }, { lr: 1e30 }]);
      const bad = await submit([join(dir, "a"), ...PARALLEL]);
      assertEquals(bad.code, 1, bad.stderr);
      const long = join(dir, "b");
      const [run] = await sweepOf(long, seeds(2), {
        ...TINY,
        steps: 50_000,
        evalEvery: 100,
        checkpointEvery: 1000,
      });
      const child = start([long, ...PARALLEL, "--at-once", "1"]);
      const rows = join(long, SWEEP.runs, run!.id, "metrics.jsonl");
      while (!await Deno.stat(rows).then(({ size }) => size > 0, () => false)) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      child.kill("SIGTERM");
      const { code, stderr } = await outputOf(child);
      assertEquals(code, 130, stderr);
      assertMatch(stderr, /stopped; the same command goes on\n$/);
      // It was not killed: it has given its run back.
      const claim = await Deno.readTextFile(join(long, SWEEP.claims, run!.id));
      assertEquals(JSON.parse(claim).released, true);
    }),
});

Deno.test("sweep submit refuses what cannot be meant, and writes nothing", () =>
  withTempDir(async (dir) => {
    const folder = join(dir, "sweep");
    await sweepOf(folder, seeds(4));
    await sweepOf(join(dir, "empty"), []);
    await sweepOf(join(dir, "a{b}"), seeds(1));
    await sweepOf(join(dir, "a\nb"), seeds(1));
    const before = await contentsOf(dir);
    // As typed.
    for (
      const [args, wanted] of [
        [[join(dir, "none"), ...SLURM], "it holds no sweep.json"],
        [[folder], "--on"],
        [[folder, "--on", "slum"], "choose from slurm, kubernetes, parallel"],
        [[folder, ...PODS, "--time", "1h"], "--time is for --on slurm, got"],
      ] as const
    ) {
      const line = assertRefused(await submit([...args, "--dry-run"]), 2);
      assert(line.includes(wanted), line);
    }
    const slurm = { on: "slurm" } as const;
    const pods = { on: "kubernetes", image: "x", claim: "y" } as const;
    const parallel = { on: "parallel" } as const;
    for (
      const [asked, wanted, where = folder] of [
        [slurm, "its plan has no runs", join(dir, "empty")],
        [slurm, "control characters", join(dir, "a\nb")],
        [{ ...slurm, shards: 0 }, "--shards must be an integer in 1"],
        [{ ...slurm, shards: 1.5 }, "--shards must be an integer"],
        [
          { ...slurm, shards: 5 },
          "--shards must be at most 4, the runs of the sweep, got 5",
        ],
        [{ ...slurm, atOnce: 0 }, "--at-once must be an integer in 1"],
        [{ ...slurm, jobs: 0 }, "--jobs must be an integer in 1..1024, got 0"],
        [{ ...slurm, cpus: 0 }, "--cpus must be an integer in 1"],
        [{ ...slurm, time: "5" }, "--time must be a time such as"],
        [{ ...slurm, mem: "4Gi" }, "--mem must be a size as Slurm writes it"],
        [{ ...slurm, gpus: "x" }, "--gpus must be a number of cards, 1 or"],
        [{ ...slurm, before: ["a\nb"] }, "--before must be a line of text"],
        [{ ...slurm, container: " " }, "--container must be a line of text"],
        [{ ...slurm, command: "" }, "--command must be a line of text"],
        [{ ...slurm, partition: "" }, "--partition must be a line of text"],
        [{ ...slurm, sbatch: ["x"] }, "--sbatch must be a flag of sbatch's"],
        [{ ...slurm, requeues: -1 }, "--requeues must be an integer in 0"],
        [{ ...slurm, image: "x" }, "--image is for --on kubernetes, got"],
        [{ ...pods, mem: "4GB" }, "--mem must be a size as Kubernetes"],
        [{ ...pods, gpus: "0" }, "--gpus must be a number of cards, got"],
        [{ ...pods, claim: "My data" }, "--claim must be a name of small"],
        [{ ...pods, image: "a b" }, "--image must be the name of an image"],
        [{ ...pods, mount: "data" }, "--mount must be an absolute path"],
        [{ ...pods, command: "a 'b'" }, "--command must be words with a"],
        [{ on: "kubernetes" }, "--on kubernetes needs --image"],
        [
          { ...parallel, cpus: 2 },
          "--cpus is for --on slurm and kubernetes, got --on parallel",
        ],
        [parallel, "puts other words for what is in braces", join(dir, "a{b}")],
      ] as const
    ) {
      const error = await assertRejects(
        () => submitSweep(where, { ...asked, dryRun: true }),
        UsageError,
      );
      assert(error.message.includes(wanted), error.message);
    }
    assertEquals(await contentsOf(dir), before);
  }));
