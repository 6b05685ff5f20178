// Background work that repeats until the process stops.
import type { Alarm } from '../ledger/alarm.ts'
import type { Runtime } from '../runtime/runtime.ts'

/** How repeated work waits, what ends it, and where it reports failures. */
export interface Loop {
  readonly runtime: Runtime
  readonly stop: AbortSignal
  readonly alarm: Alarm
}

/** Repeats the work, with pauses between, until `stop`. Reports the first of several failures in a row as `failure`, and tries the work again. */
export async function repeat(
  pauseMs: number,
  { runtime, stop, alarm }: Loop,
  work: () => Promise<void>,
  failure: string,
): Promise<void> {
  let troubled = false
  while (!stop.aborted) {
    try {
      await work()
      troubled = false
    } catch (error) {
      if (!troubled) alarm(failure, error)
      troubled = true
    }
    await runtime.pause(pauseMs, stop)
  }
}
