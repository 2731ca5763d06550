import type { ProbeContext } from "../context/context.ts";
import { type ExperimentAt, experimentAt } from "../context/experiment_at.ts";

/**
 * {@link experimentAt}, or of another tool's file what was told of it.
 *
 * @throws {NotApplicableError} if nothing says what it was trained on.
 */
export async function experimentOf(
  context: ProbeContext,
): Promise<ExperimentAt> {
  if (context.task.config) return experimentAt(context);
  return await context.once("told experiment", async () => {
    const { foreignExperiment } = await import("./experiment.ts");
    return await foreignExperiment(context);
  });
}
