/**
 * Errors that callers tell apart.
 *
 * @module
 */

/**
 * Wrong use: a setting, a name or a place that cannot be meant. Nothing was
 * changed. The tasks end with exit code 2 on it, with 1 on any other error.
 */
export class UsageError extends RangeError {
  /** What tells it from other errors. */
  override name = "UsageError";
}

/** A checkpoint or a run that lacks what a probe needs. */
export class NotApplicableError extends TypeError {
  /** What tells it from other errors. */
  override name = "NotApplicableError";
}
