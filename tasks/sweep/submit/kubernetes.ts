/**
 * Submitting to Kubernetes.
 *
 * @module
 */

import { basename, join } from "node:path/posix";
import { UsageError } from "../../../lib/base/errors.ts";
import { taskLine } from "../../../lib/base/shell.ts";
import { shown } from "../../../lib/base/terminal.ts";
import {
  type KubernetesJob,
  kubernetesManifest,
  kubernetesName,
  RETRIES,
} from "../../../lib/sweeps/clusters/kubernetes.ts";
import { matching, type Submission, whole } from "./asked.ts";
import { refusedBy, runProgram } from "./programs.ts";
import { writeSubmitted } from "./submitted.ts";

const SIZE = [
  "a size as Kubernetes writes it, 4Gi or 500M",
  /^\d+(?:\.\d+)?(?:[KMGT]i|[kMGT])?$/,
] as const;
const CARDS = ["a number of cards", /^[1-9]\d{0,3}$/] as const;
const IMAGE = [
  "the name of an image, me/groklab:0.2.0",
  /^\w[\w./:@-]*$/,
] as const;
const LABEL = [
  "a name of small letters, digits and hyphens",
  /^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/,
] as const;
const PLACE = ["an absolute path", /^\/[^\p{Cc}:]*$/u] as const;
const WORDS = [
  "words with a space between them",
  /^[^\s"'$\\]+(?: [^\s"'$\\]+)*$/,
] as const;

/** Applies a Job, or prints its manifest. */
export async function onKubernetes(submission: Submission): Promise<void> {
  const { asked, shares, runs } = submission;
  const job = jobOf(submission);
  const manifest = (number: number) => kubernetesManifest({ ...job, number });
  if (asked.dryRun) return console.log(manifest(job.number).trimEnd());
  const file = await writeSubmitted(
    shares.folder,
    "kubernetes",
    ".yaml",
    manifest,
  );
  try {
    const ended = await runProgram(
      "kubernetes",
      ["kubectl", "apply", "-f", "-"],
      file.text,
    );
    if (ended.code !== 0) throw refusedBy("kubectl", ended);
  } catch (error) {
    await file.drop();
    throw error;
  }
  const number = Number(/(\d+)\.yaml$/.exec(file.path)![1]);
  console.log(
    shown(
      `job ${kubernetesName({ ...job, number })}: ${runs} runs in ` +
        `${shares.shards} shares, by ${file.path}`,
    ),
  );
  console.log(`status: ${taskLine("sweep", "status", shares.folder)}`);
}

function jobOf({ asked, sweep, shares }: Submission): KubernetesJob {
  const { image, claim, mount = "/data", gpus, mem, namespace } = asked;
  const { command = "groklab", retries = RETRIES } = asked;
  const { threads, device } = sweep.place;
  const { cpus = threads ?? 1 } = asked;
  if (image === undefined || claim === undefined) {
    throw new UsageError(
      `--on kubernetes needs --image, which has groklab in it, and --claim, ` +
        "the PersistentVolumeClaim that has the sweep's folder",
    );
  }
  matching("mount", mount, PLACE);
  whole("cpus", cpus, threads ?? 1);
  const fitting = threads === null || device !== "cpu"
    ? 1
    : Math.floor(cpus / threads);
  return {
    ...shares,
    folder: matching(
      "folder",
      asked.folder ?? folderIn(mount, shares.folder),
      PLACE,
    ),
    command: matching("command", command, WORDS),
    use: asked.use ?? [],
    created: sweep.created,
    image: matching("image", image, IMAGE),
    claim: matching("claim", claim, LABEL),
    mount,
    cpus,
    jobs: asked.jobs ?? fitting,
    ...gpus !== undefined && { gpus: Number(matching("gpus", gpus, CARDS)) },
    ...mem !== undefined && { mem: matching("mem", mem, SIZE) },
    ...namespace !== undefined && {
      namespace: matching("namespace", namespace, LABEL),
    },
    retries: whole("retries", retries, 0),
  };
}

// A machine that mounts the claim where the pods do sees the same path.
function folderIn(mount: string, folder: string): string {
  return folder.startsWith(join(mount, "/"))
    ? folder
    : join(mount, basename(folder));
}
