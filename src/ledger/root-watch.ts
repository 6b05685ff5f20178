// Watching the root keys, which other processes may change: what is committed holds only under those that the database names.

/** Looks after the root keys in use. */
export interface RootWatch {
  /** The key (recordKey) of the record that changes with the root keys; null when they never change. */
  readonly key: string | null
  /** Takes over what has changed. Throws Unavailable when that can't be known now. */
  look(): Promise<void>
}

/** For root keys that no other process changes. */
export const UNWATCHED: RootWatch = { key: null, look: async () => {} }
