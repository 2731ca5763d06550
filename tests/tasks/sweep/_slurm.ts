/**
 * A Slurm of its own: a controller and a node, which are this machine, in a folder.
 *
 * @module
 */

import { join } from "node:path";
import { outputOf, withTempDir } from "../_run.ts";

const NEEDED = [
  ...["munged", "slurmctld", "slurmd"],
  ...["sbatch", "squeue", "scancel", "scontrol", "sinfo"],
];

// Daemons lie where not everybody looks.
const PATH = [
  ...(Deno.env.get("PATH") ?? "").split(":"),
  ...["/usr/sbin", "/sbin"],
];

const isProgram = (path: string) => {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
};

const absent = NEEDED.filter((name) =>
  !PATH.some((dir) => isProgram(`${dir}/${name}`))
);

/** Why there can be no Slurm here; undefined where there can. */
export const noSlurm: string | undefined = Deno.build.os !== "linux"
  ? "this is no Linux"
  : absent.length > 0
  ? `there is no ${absent.join(", ")} here`
  : Deno.uid() !== 0
  ? "only root may start its daemons"
  : undefined;

if (noSlurm !== undefined) {
  console.error(`tests/tasks/sweep: ${noSlurm}, tests of Slurm are skipped`);
}

/** A Slurm that runs. */
export interface Slurm {
  /** The environment in which its programs speak to it. */
  readonly env: Readonly<Record<string, string>>;
  /**
   * Runs one of them.
   *
   * @returns What it printed.
   */
  ask(program: string, ...args: readonly string[]): Promise<string>;
  /** The tasks of a job that have not ended, and their states. */
  tasks(job: string): Promise<ReadonlyMap<string, string>>;
}

/** Waits until something is so. */
export async function until(
  what: string,
  isSo: () => Promise<boolean>,
  seconds = 60,
): Promise<void> {
  const end = performance.now() + 1000 * seconds;
  while (!await isSo()) {
    if (performance.now() > end) {
      throw new Error(`not in ${seconds} seconds: ${what}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function freePorts(count: number): number[] {
  const listeners = Array.from(
    { length: count },
    () => Deno.listen({ hostname: "127.0.0.1", port: 0 }),
  );
  const ports = listeners.map(({ addr }) => addr.port);
  for (const listener of listeners) listener.close();
  return ports;
}

function configOf(dir: string): string {
  const [controller, node] = freePorts(2);
  return `ClusterName=groklab
SlurmctldHost=localhost(127.0.0.1)
AuthType=auth/munge
AuthInfo=socket=${dir}/munge.socket,cred_expire=5
SlurmUser=root
SlurmdUser=root
SlurmctldPort=${controller}
SlurmdPort=${node}
SlurmctldPidFile=${dir}/slurmctld.pid
SlurmdPidFile=${dir}/slurmd.pid
StateSaveLocation=${dir}/state
SlurmdSpoolDir=${dir}/spool
SlurmctldLogFile=${dir}/slurmctld.log
SlurmdLogFile=${dir}/slurmd.log
MaxArraySize=8
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=batch_sched_delay=0,sched_interval=1,sched_min_interval=0
SlurmdParameters=config_overrides
ReturnToService=2
KillWait=5
NodeName=localhost NodeAddr=127.0.0.1 CPUs=2
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
`;
}

/** Starts a Slurm, has work done with it, and ends it. */
export function withSlurm(
  work: (slurm: Slurm, dir: string) => Promise<void>,
): Promise<void> {
  return withTempDir(async (dir) => {
    const config = join(dir, "slurm.conf");
    await Deno.writeTextFile(config, configOf(dir));
    const key = join(dir, "munge.key");
    await Deno.writeFile(key, crypto.getRandomValues(new Uint8Array(128)), {
      mode: 0o600,
    });
    for (const name of ["state", "spool"]) await Deno.mkdir(join(dir, name));
    const env = { SLURM_CONF: config, PATH: PATH.join(":") };
    const daemons: Deno.ChildProcess[] = [];
    const start = (program: string, ...args: readonly string[]) => {
      const still = { stdin: "null", stdout: "null", stderr: "null" } as const;
      const command = new Deno.Command(program, {
        ...still,
        env,
        args: [...args],
        // What ends the tests from a terminal is not for them: they end below.
        detached: true,
      });
      daemons.unshift(command.spawn());
    };
    const ask = async (program: string, ...args: readonly string[]) => {
      const child = new Deno.Command(program, {
        env,
        args: [...args],
        stdin: "null",
        stdout: "piped",
        stderr: "piped",
      }).spawn();
      const { code, stdout, stderr } = await outputOf(child);
      if (code === 0) return stdout.trim();
      throw new Error(`${program} ${args.join(" ")}: ${stderr}`);
    };
    try {
      start(
        "munged",
        ...["--foreground", "--force", `--key-file=${key}`],
        ...["socket", "pid", "log", "seed"].map((what) =>
          what === "socket"
            ? `--socket=${dir}/munge.socket`
            : `--${what}-file=${dir}/munge.${what}`
        ),
      );
      await until(
        "munged listens",
        () =>
          Deno.lstat(join(dir, "munge.socket")).then(() => true, () => false),
      );
      start("slurmctld", "-D", "-f", config);
      start("slurmd", "-D", "-f", config, "-N", "localhost");
      await until("the node is idle", async () => {
        const state = await ask("sinfo", "-h", "-o", "%T").catch(() => "");
        return state === "idle";
      });
      const tasks = async (job: string) => {
        const text = await ask("squeue", "-h", "-r", "-j", job, "-o", "%i %T")
          // It has forgotten the job.
          .catch(() => "");
        return new Map(
          text.split("\n").filter((line) => line !== "")
            .map((line) => line.split(" ") as [string, string]),
        );
      };
      await work({ env, ask, tasks }, dir);
    } catch (error) {
      for (const name of ["slurmctld.log", "slurmd.log"]) {
        const log = await Deno.readTextFile(join(dir, name)).catch(() => "");
        console.error(`${name}:\n${log.split("\n").slice(-20).join("\n")}`);
      }
      throw error;
    } finally {
      await ask("scancel", "--user=root").catch(() => {});
      await until(
        "its jobs have ended",
        async () => await ask("squeue", "-h").catch(() => "") === "",
        20,
      ).catch(() => {});
      // The node first, what all need last.
      for (const daemon of daemons) {
        try {
          daemon.kill("SIGTERM");
        } catch {
          // It has ended.
        }
        const late = setTimeout(() => daemon.kill("SIGKILL"), 10_000);
        await daemon.status;
        clearTimeout(late);
      }
    }
  });
}
