/**
 * A sweep as an Indexed Job of Kubernetes's:
 * https://kubernetes.io/docs/concepts/workloads/controllers/job/.
 *
 * @module
 */

import { stringify } from "@std/yaml/stringify";
import { sha256 } from "../../base/sums.ts";
import { type Shares, shareWords, slug } from "./share.ts";

/** How often a share is begun again where nothing else is said. */
export const RETRIES = 6;

// What `sweep run` ends with: runs failed, wrong use; and what a stopped program
// does: by a signal of its own accord, killed, terminated.
const FAILED = [1, 2];
const STOPPED = [130, 137, 143];

// A step and its checkpoint take less.
const GRACE_SECONDS = 120;

/** An Indexed Job. */
export interface KubernetesJob extends Shares {
  /** When the sweep was made: another sweep of that name is another job. */
  readonly created: string;
  /** The image that has groklab in it. */
  readonly image: string;
  /** The PersistentVolumeClaim with the sweep's folder, for many nodes to write. */
  readonly claim: string;
  /** Where the claim is mounted, absolute. */
  readonly mount: string;
  /** The namespace; the current one's, if left out. */
  readonly namespace?: string;
  /** Cores of a pod. */
  readonly cpus: number;
  /** Runs side by side in a pod. */
  readonly jobs: number;
  /** Cards of a pod, of NVIDIA's. */
  readonly gpus?: number;
  /** Memory of a pod: `4Gi`. */
  readonly mem?: string;
  /** How often a share is begun again that was stopped or killed. */
  readonly retries: number;
}

/** The name of a job: a DNS label, with room for the indices of its pods. */
export function kubernetesName(
  { name, created, number }: Pick<KubernetesJob, "name" | "created" | "number">,
): string {
  const of = sha256(`${name}\n${created}`).slice(0, 6);
  return `groklab-${slug(name)}-${of}-${number}`;
}

/** The manifest of an Indexed Job, YAML. */
export function kubernetesManifest(job: KubernetesJob): string {
  return stringify(jobOf(job), { useAnchors: false, lineWidth: -1 });
}

function jobOf(job: KubernetesJob): Record<string, unknown> {
  const { shards, atOnce, namespace, retries } = job;
  const labels = {
    "app.kubernetes.io/name": "groklab",
    "groklab/sweep": slug(job.name),
  };
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: {
      name: kubernetesName(job),
      ...namespace !== undefined && { namespace },
      labels,
    },
    spec: {
      completionMode: "Indexed",
      completions: shards,
      parallelism: atOnce ?? shards,
      backoffLimitPerIndex: retries,
      podFailurePolicy: {
        rules: [
          // The node went, or a more important pod came: nobody's mistake.
          {
            action: "Ignore",
            onPodConditions: [{ type: "DisruptionTarget", status: "True" }],
          },
          { action: "FailIndex", onExitCodes: inValues(FAILED) },
          { action: "Count", onExitCodes: inValues(STOPPED) },
        ],
      },
      template: { metadata: { labels }, spec: podOf(job) },
    },
  };
}

function podOf(job: KubernetesJob): Record<string, unknown> {
  const needs = {
    cpu: String(job.cpus),
    ...job.mem !== undefined && { memory: job.mem },
    ...job.gpus !== undefined && { "nvidia.com/gpu": String(job.gpus) },
  };
  return {
    restartPolicy: "Never",
    terminationGracePeriodSeconds: GRACE_SECONDS,
    containers: [{
      name: "groklab",
      image: job.image,
      command: [
        ...job.command.split(" "),
        // The only one that Kubernetes fills in.
        ...shareWords(job, "\0", String(job.jobs)).map((word) =>
          word.replaceAll("$(", "$$$$(")
            .replaceAll("\0", "$(JOB_COMPLETION_INDEX)")
        ),
      ],
      resources: { requests: needs, limits: needs },
      volumeMounts: [{ name: "sweeps", mountPath: job.mount }],
    }],
    volumes: [{
      name: "sweeps",
      persistentVolumeClaim: { claimName: job.claim },
    }],
  };
}

const inValues = (values: readonly number[]) => ({
  containerName: "groklab",
  operator: "In",
  values,
});
