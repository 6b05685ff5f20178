// Failures that no caller can correct.
import { FewReports } from '../runtime/few-reports.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { Unavailable } from '../storage/storage.ts'

/** Reports a failure to the operator. */
export type Alarm = (message: string, error: unknown) => void

/**
 * The alarm for what calls report. An unavailable database fails every call, and even a stranger's request reads an AccessKey; so only a
 * few of these failures are reported.
 */
export function ofCalls(alarm: Alarm, runtime: Pick<Runtime, 'monotonic' | 'after'>): Alarm {
  const few = new FewReports(runtime, (count) =>
    alarm('the database was unavailable', `${count} more failures right after the last one above`),
  )
  return (message, error) => {
    if (!(error instanceof Unavailable) || few.passes()) alarm(message, error)
  }
}
