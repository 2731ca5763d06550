/** A checkpoint or a run that lacks what a probe needs. */
export class NotApplicableError extends TypeError {
  /** What tells it from other errors. */
  override name = "NotApplicableError";
}
