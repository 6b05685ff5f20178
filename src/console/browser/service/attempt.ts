import { useRef, useState } from 'react'

export interface Attempt {
  /** The last refusal; null from the next attempt on. */
  readonly error: Error | null
  readonly busy: boolean
  /** Does the work, unless work is in progress. Resolves with true if it succeeded. */
  run(work: () => Promise<unknown>): Promise<boolean>
  /** Clears the refusal. */
  forget(): void
}

/** Work that can be refused: pages show whether it runs, and its last refusal. */
export function useAttempt(): Attempt {
  const [error, setError] = useState<Error | null>(null)
  const [busy, setBusy] = useState(false)
  const running = useRef(false)
  const run = async (work: () => Promise<unknown>) => {
    if (running.current) return false
    running.current = true
    setBusy(true)
    setError(null)
    try {
      await work()
      return true
    } catch (thrown) {
      setError(thrown as Error)
      return false
    } finally {
      running.current = false
      setBusy(false)
    }
  }
  return { error, busy, run, forget: () => setError(null) }
}
