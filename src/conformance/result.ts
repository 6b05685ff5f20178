// The result of a case.
import type { Case } from './case.ts'

export interface Result {
  readonly name: string
  readonly group: string
  readonly operation: string
  readonly source: string
  /** `missed`: not run for a reason that nobody chose. A missed case makes the verdict negative. */
  readonly outcome: 'passed' | 'failed' | 'not run' | 'missed'
  /** Why the case failed or did not run; '' where it passed. */
  readonly reason: string
  /** The id of the judged request; '' without an answer. */
  readonly requestId: string
}

/** The case can't be judged. */
export class NotRun extends Error {
  /** Whether the server says that it lacks what the case needs. */
  readonly isLacking: boolean

  constructor(reason: string, isLacking = false) {
    super(reason)
    this.isLacking = isLacking
  }
}

/** The result of a case. */
export function resultOf(tested: Case, outcome: Result['outcome'], reason: string, requestId: string): Result {
  const { name, group, operation, source } = tested
  return { name, group, operation, source, outcome, reason, requestId }
}
