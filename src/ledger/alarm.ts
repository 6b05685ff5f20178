// Trouble that no caller can fix.

/** Reports it to the operator. */
export type Alarm = (message: string, error: unknown) => void
