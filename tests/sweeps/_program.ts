/**
 * A program that trains a sweep: `_program.ts FOLDER [JOBS]`.
 *
 * @module
 */

import { runSweep } from "../../lib/sweeps/running/run.ts";

const [folder, jobs = "1"] = Deno.args;
const { failures } = await runSweep(folder!, { jobs: Number(jobs) });
if (failures.length > 0) Deno.exit(1);
