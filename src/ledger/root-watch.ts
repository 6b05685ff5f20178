// Watches the root keys, which other processes may change: a commit is valid only under the root keys that the database names.

/** A watch on the root keys in use. */
export interface RootWatch {
  /** The key (recordKey) of the record that changes with the root keys; null when they never change. */
  readonly key: string | null
  /** Takes over changed root keys. Throws Unavailable when the present ones can't be read or opened. */
  look(): Promise<void>
}

/** For root keys that no other process changes. */
export const UNWATCHED: RootWatch = { key: null, look: async () => {} }
