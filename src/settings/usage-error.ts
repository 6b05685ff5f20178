/** A command line or configuration that can't work. The message says what to change. The program exits with 2. */
export class UsageError extends Error {}
