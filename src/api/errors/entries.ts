// What the catalogue says of a code.

interface Entry {
  /** The HTTP status of the answer. */
  readonly status: number
  readonly message: string
}

/**
 * Entries by code. Codes, statuses and messages are the cloud's to the letter, because clients compare them. Both texts can have slots,
 * such as the name of the parameter in InvalidParameter.{name}.Length.
 */
export type Entries = Readonly<Record<string, Entry>>
