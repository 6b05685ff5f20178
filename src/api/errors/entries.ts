// The form of the catalogue's entries.

interface Entry {
  /** The HTTP status of the answer. */
  readonly status: number
  readonly message: string
}

/**
 * Entries by code. Codes, statuses and messages are exactly the cloud's, because clients compare them. Code and message can have slots, such as the
 * name of the parameter in InvalidParameter.{name}.Length.
 */
export type Entries = Readonly<Record<string, Entry>>
