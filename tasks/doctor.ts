/**
 * `deno task doctor`: says what can be computed on here, what is missing and
 * what mends it.
 *
 * @module
 */

import { command, EXIT, main, printJson } from "./shared/cli.ts";

const task = command("doctor", "Look at what can be computed on here.")
  .option("--json", "print what was found as JSON")
  .action(async ({ json }) => {
    const { examine } = await import("../lib/doctor/mod.ts");
    const report = await examine();
    if (json) printJson(report);
    else {
      const { renderDoctor } = await import("./shared/doctor_text.ts");
      console.log(renderDoctor(report));
    }
    if (!report.ok) Deno.exitCode = EXIT.failed;
  });

if (import.meta.main) await main(task);
