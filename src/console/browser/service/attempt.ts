import { useState } from 'react'

export interface Attempt {
  /** What was refused last; null from the next attempt on. */
  readonly error: Error | null
  readonly busy: boolean
  /** Does the work. Resolves with whether it was done. */
  run(work: () => Promise<unknown>): Promise<boolean>
  /** Forgets what was refused. */
  forget(): void
}

/** Work that can be refused: whether it runs, and what refused it last, are kept to be shown. */
export function useAttempt(): Attempt {
  const [error, setError] = useState<Error | null>(null)
  const [busy, setBusy] = useState(false)
  const run = async (work: () => Promise<unknown>) => {
    setBusy(true)
    setError(null)
    try {
      await work()
      return true
    } catch (thrown) {
      setError(thrown as Error)
      return false
    } finally {
      setBusy(false)
    }
  }
  return { error, busy, run, forget: () => setError(null) }
}
