import { type Checks, whole } from "../../base/options.ts";
import { SESSION, type SessionOptions } from "../runtime/options.ts";

/** The options of a model opened for probing. */
export const PROBE_MODEL: Checks<ProbeModelOptions> = {
  ...SESSION,
  rowsAtOnce: whole(1),
};

/** How to open a model for probing. */
export interface ProbeModelOptions extends SessionOptions {
  /**
   * Rows that are run at once: activations of so many are in memory beside those
   * that were asked for. By default 1024.
   */
  readonly rowsAtOnce?: number;
}
