import { UsageError } from "../../base/errors.ts";

/** What loading a backend gives. */
export interface Loaded {
  /** Under which name TensorFlow.js knows it. */
  readonly registered: string;
  /** What it computes on, in a few words. */
  readonly detail: string;
  /** What went wrong since it was loaded without anybody being told, if anything. */
  fault?(): string | undefined;
}

/** A backend that cannot be used here. */
export class BackendError extends UsageError {
  /** What tells it from other errors. */
  override name = "BackendError";
  /** What is missing. */
  readonly missing: string;
  /** The command or step that mends it. */
  readonly mend: string;

  /**
   * Says what is missing, and what mends it.
   *
   * @param backend The backend.
   * @param missing What is missing.
   * @param mend The command or step that mends it.
   */
  constructor(backend: string, missing: string, mend: string) {
    super(
      `Cannot compute on the TensorFlow.js backend ${backend}: ${missing}; ` +
        mend,
    );
    this.missing = missing;
    this.mend = mend;
  }
}
