import { useRef, useState } from 'react'

export interface Attempt {
  /** What was refused last; null from the next attempt on. */
  readonly error: Error | null
  readonly busy: boolean
  /** Does the work, unless some is being done. Resolves with whether it was done. */
  run(work: () => Promise<unknown>): Promise<boolean>
  /** Forgets what was refused. */
  forget(): void
}

/** Work that can be refused: whether it runs, and what refused it last, are kept to be shown. */
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
