/**
 * `deno task sweep submit`: hands a sweep to a scheduler.
 *
 * @module
 */

import { taskLine } from "../../lib/base/shell.ts";
import { nameOutOf, number, path, several, subcommand } from "../shared/cli.ts";
import { USE } from "../shared/use_flags.ts";
import { ENGINES, groupOf } from "./submit/engines.ts";

const text = (text: string) => text;

// What to type first.
const EXAMPLES: readonly (readonly [what: string, words: string])[] = [
  [
    "an array job of 32 tasks, 8 at a time, with 4 cores and an hour each",
    "sweeps/rates --on slurm --shards 32 --at-once 8 --cpus 4 --time 1h " +
    '--before "module load deno"',
  ],
  [
    "a Job of 16 pods; the claim has the folder sweeps/rates",
    "sweeps/rates --on kubernetes --shards 16 --image me/groklab:0.2.0 " +
    "--claim data --mount /data --folder /data/sweeps/rates",
  ],
  [
    "GNU parallel on this machine",
    "sweeps/rates --on parallel --shards 8 --at-once 2",
  ],
];

/** The subcommand. */
export const submit = subcommand(
  taskLine("sweep", "submit"),
  "Have a scheduler train a sweep in shares; each sees shares, never runs.",
)
  .name("submit")
  .argument("<dir>", "the sweep's folder, which all nodes see")
  .requiredOption(
    "--on <engine>",
    `what schedules it: ${ENGINES.join(", ")}`,
    nameOutOf(ENGINES),
  )
  .option(
    "--shards <n>",
    "in how many shares (default: 16, or a run each)",
    number,
  )
  .option("--at-once <n>", "how many of them at a time (default: all)", number)
  .option(
    "--jobs <n>",
    "runs side by side in a share (default: as many as fit its cores)",
    number,
  )
  .option("--dry-run", "print what would be submitted, and do nothing")
  .option(
    "--command <words>",
    "what groklab is called as there (default: as here; in containers groklab)",
    text,
  )
  .option(USE.flags, USE.help, USE.parse)
  .option("--cpus <n>", "cores of a share (default: one run's)", number)
  .option("--mem <size>", "memory of a share: 4G, on Kubernetes 4Gi", text)
  .option("--gpus <n>", "cards of a share: 1, on Slurm a100:1 too", text)
  .option("--time <time>", "the time of a task: 30m, 1h30m, 0-01:30:00", text)
  .option("--partition <name>", "the partition", text)
  .option("--account <name>", "the account", text)
  .option("--qos <name>", "the quality of service", text)
  .option(
    "--before <line>",
    'a line of bash before groklab, "module load deno"; may be repeated',
    several(text),
  )
  .option(
    "--container <words>",
    'what stands before groklab: "apptainer exec groklab.sif"',
    text,
  )
  .option(
    "--sbatch <flag>",
    "a further flag of sbatch's, --sbatch=--exclusive; may be repeated",
    several(text),
  )
  .option(
    "--requeues <n>",
    "how often a task goes back into the queue (default: 100)",
    number,
  )
  .option("--image <name>", "the image with groklab in it", text)
  .option(
    "--claim <name>",
    "the PersistentVolumeClaim that has the sweep's folder",
    text,
  )
  .option("--mount <path>", "where the claim is mounted (default: /data)", path)
  .option(
    "--folder <path>",
    "the sweep's folder in the pods (default: the same, or in MOUNT)",
    path,
  )
  .option("--namespace <name>", "the namespace", text)
  .option(
    "--retries <n>",
    "how often a stopped share is begun again (default: 6)",
    number,
  )
  .addHelpText("after", () =>
    "\nExamples:\n" +
    EXAMPLES.map(([what, words]) =>
      `  # ${what}\n  ${taskLine("sweep", "submit")} ${words}`
    ).join("\n"))
  .action(async (folder, options) => {
    const { submitSweep } = await import("./submit/submit.ts");
    await submitSweep(folder, options);
  });

for (const option of submit.options) {
  option.helpGroup(groupOf(option.attributeName()));
}
