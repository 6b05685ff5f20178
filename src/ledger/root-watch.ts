// Watching the root keys, which other processes may change: what is committed holds only under those that the database names.
import { type Guard, GuardMoved } from '../storage/storage.ts'

/** Looks after the root keys in use. */
export interface RootWatch {
  /** What the database must still say of the root keys while something is committed under those in use; null when they never change. */
  readonly guard: Guard | null
  /** Takes over what has changed. Throws Unavailable when that can't be known now. */
  look(): Promise<void>
}

/** For root keys that no other process changes. */
export const UNWATCHED: RootWatch = { guard: null, look: async () => {} }

/** How often the root keys may change in the database while one batch waits. */
const LOOKS = 5

/** Commits by `attempt`, and again after a look at the root keys for as long as they changed in the meantime. */
export async function underGuard<T>(roots: RootWatch, attempt: (guard: Guard | null) => Promise<T>): Promise<T> {
  for (let looks = 0; ; looks++)
    try {
      return await attempt(roots.guard)
    } catch (error) {
      if (!(error instanceof GuardMoved) || looks === LOOKS) throw error
      await roots.look()
    }
}
