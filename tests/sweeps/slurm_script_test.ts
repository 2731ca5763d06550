/** The script of an array job, read by bash with a groklab that only pretends. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import {
  type SlurmJob,
  slurmScript,
  slurmTime,
} from "../../lib/sweeps/clusters/slurm.ts";
import { withTempDir } from "../tasks/_run.ts";

const job: SlurmJob = {
  name: "rates",
  folder: "/data/rates",
  shards: 4,
  command: "groklab",
  use: [],
  number: 1,
  cpus: 1,
  threads: 1,
  flags: [],
  before: [],
  requeues: 100,
};

interface Ran {
  readonly code: number;
  readonly stderr: string;
  /** The words that groklab was given, a list for each call. */
  readonly calls: string[][];
  /** The words that scontrol was given. */
  readonly asked: string;
}

// Says what it was given, and ends as it is told: at once with $END, or at TERM.
const GROKLAB = `printf '%s\\n' "$@" "" >> "$LOGS/calls"
if [[ \${END:-} != "" ]]; then exit "$END"; fi
trap 'sleep 0.2; exit 130' TERM
echo ready >> "$LOGS/ready"
while :; do sleep 0.02; done
`;

async function run(
  dir: string,
  given: Partial<SlurmJob>,
  env: Readonly<Record<string, string>> = {},
  signal?: Deno.Signal,
): Promise<Ran> {
  const bin = join(dir, "bin");
  const logs = await Deno.makeTempDir({ dir });
  await Deno.mkdir(bin, { recursive: true });
  const programs = {
    groklab: `#!/bin/bash\n${GROKLAB}`,
    scontrol: '#!/bin/bash\necho "$@" >> "$LOGS/asked"\n',
    "within it": '#!/bin/bash\nshift\nexec "$@"\n',
  };
  for (const [name, text] of Object.entries(programs)) {
    await Deno.writeTextFile(join(bin, name), text);
    await Deno.chmod(join(bin, name), 0o755);
  }
  const script = join(logs, "script.sh");
  await Deno.writeTextFile(script, slurmScript({ ...job, ...given }));
  const child = new Deno.Command("bash", {
    args: [script],
    env: {
      PATH: `${bin}:${Deno.env.get("PATH")}`,
      LOGS: logs,
      SLURM_ARRAY_TASK_ID: "2",
      SLURM_ARRAY_JOB_ID: "77",
      SLURM_CPUS_PER_TASK: "6",
      ...env,
    },
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const read = (name: string) =>
    Deno.readTextFile(join(logs, name)).catch(() => "");
  const output = child.output();
  if (signal !== undefined) {
    while (await read("ready") === "") {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    child.kill(signal);
  }
  const { code, stderr } = await output;
  return {
    code,
    stderr: new TextDecoder().decode(stderr),
    calls: (await read("calls")).split("\n\n").slice(0, -1)
      .map((call) => call.split("\n")),
    asked: await read("asked"),
  };
}

Deno.test("slurmScript() gives groklab its share, whatever the folder is called", () =>
  withTempDir(async (dir) => {
    const folder = `/a b/it's "x" $HOME #1 \`y\``;
    const use = ["/my losses/one.ts"];
    const { code, calls, asked } = await run(
      dir,
      { folder, use, name: 'a\nexit 9\n"' },
      { END: "0" },
    );
    assertEquals(calls, [[
      ...["sweep", "run", folder, "--shard", "2/4", "--jobs", "6"],
      ...["--use", "/my losses/one.ts"],
    ]]);
    assertEquals([code, asked], [0, ""]);
  }));

Deno.test("slurmScript() fits runs to the cores and the limit to the time", () =>
  withTempDir(async (dir) => {
    const jobs = async (given: Partial<SlurmJob>) => {
      const { calls } = await run(dir, given, { END: "0" });
      return calls[0]!.slice(5).join(" ");
    };
    assertEquals(await jobs({ threads: 4 }), "--jobs 1");
    assertEquals(await jobs({ threads: 2 }), "--jobs 3");
    assertEquals(await jobs({ threads: null }), "--jobs 1");
    assertEquals(await jobs({ jobs: 9, threads: 2 }), "--jobs 9");
    // 120 seconds before the end, of short ones half, less what was before.
    assertEquals(await jobs({ seconds: 3600 }), "--jobs 6 --limit 3480s");
    assertEquals(await jobs({ seconds: 60 }), "--jobs 6 --limit 30s");
    assertEquals(
      await jobs({ seconds: 3600, before: ["SECONDS=1000"] }),
      "--jobs 6 --limit 2480s",
    );
    assertEquals(
      await jobs({ seconds: 3600, before: ["SECONDS=4000"] }),
      "--jobs 6 --limit 1s",
    );
    assertMatch(
      slurmScript({ ...job, seconds: 60 }),
      /^#SBATCH --signal=B:USR1@30$/m,
    );
    assertMatch(slurmScript(job), /^#SBATCH --signal=B:USR1@120$/m);
  }));

Deno.test("slurmScript() runs lines before it, and groklab in a container", () =>
  withTempDir(async (dir) => {
    const before = ["A=$NOBODY_SET_THIS", "export END=0"];
    const container = '"within it" image.sif';
    const { code, calls } = await run(dir, { before, container });
    assertEquals([code, calls.length], [0, 1]);
    // What goes wrong before is not trained with.
    const failed = await run(dir, { before: ["false"] }, { END: "0" });
    assertEquals([failed.code, failed.calls, failed.asked], [1, [], ""]);
    const unset = await run(dir, {}, { END: "0", SLURM_ARRAY_TASK_ID: "" });
    assertEquals(unset.calls[0]![4], "/4");
  }));

Deno.test("slurmScript() goes back into the queue where runs are left, else not", () =>
  withTempDir(async (dir) => {
    for (const end of ["0", "1", "2", "137", "143"]) {
      const { code, asked } = await run(dir, {}, { END: end });
      assertEquals([code, asked], [Number(end), ""], end);
    }
    const left = await run(dir, {}, { END: "130" });
    assertEquals([left.code, left.asked], [130, "requeue 77_2\n"]);
    assertEquals(
      left.stderr,
      "runs are left: 77_2 goes back into the queue\n",
    );
    const last = { END: "130", SLURM_RESTART_COUNT: "100" };
    const ended = await run(dir, {}, last);
    assertEquals([ended.code, ended.asked], [130, ""]);
    assertEquals(
      ended.stderr,
      "runs are left, and 100 requeues were all that are allowed\n",
    );
    const more = await run(dir, { requeues: 101 }, last);
    assertEquals(more.asked, "requeue 77_2\n");
  }));

Deno.test("slurmScript() hands USR1 and TERM on, and waits; USR1 alone requeues", () =>
  withTempDir(async (dir) => {
    const soon = await run(dir, {}, {}, "SIGUSR1");
    assertEquals([soon.code, soon.asked], [130, "requeue 77_2\n"]);
    const cancelled = await run(dir, {}, {}, "SIGTERM");
    assertEquals([cancelled.code, cancelled.asked], [130, ""]);
    // Before groklab listens, too: it is ended, and begun again later.
    const early = await run(dir, { before: ["kill -USR1 $$"] });
    assert(early.code > 128, String(early.code));
    assertEquals(early.asked, "requeue 77_2\n");
    const never = await run(dir, { before: ["kill -TERM $$"] });
    assert(never.code > 128, String(never.code));
    assertEquals(never.asked, "");
  }));

Deno.test("slurmScript() asks Slurm for what was asked, a flag a line", () => {
  const text = slurmScript({
    ...job,
    name: "Learning rates (2)",
    folder: '/a b/100% "x"\\y',
    atOnce: 2,
    number: 3,
    seconds: 93_784,
    cpus: 8,
    gpus: "a100:2",
    mem: "16G",
    partition: "main",
    account: "my lab",
    qos: "high",
    flags: ["--constraint=ib"],
  });
  assertEquals(
    [...text.matchAll(/^#SBATCH (.*)$/gm)].map(([, flag]) => flag),
    [
      "--job-name=groklab-learning-rates-2",
      "--array=0-3%2",
      '--output="/a b/100%% \\"x\\"\\\\y/submitted/slurm-3-%A_%a.log"',
      "--open-mode=append",
      "--requeue",
      "--signal=B:USR1@120",
      "--ntasks=1",
      "--cpus-per-task=8",
      "--time=1-02:03:04",
      "--gres=gpu:a100:2",
      "--mem=16G",
      "--partition=main",
      '--account="my lab"',
      "--qos=high",
      "--constraint=ib",
    ],
  );
  assertEquals(slurmTime(60), "0-00:01:00");
});
