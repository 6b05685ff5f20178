// Failures that no caller can correct.

/** Reports a failure to the operator. */
export type Alarm = (message: string, error: unknown) => void
