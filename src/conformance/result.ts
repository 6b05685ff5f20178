// What became of a case.
import type { Case } from './case.ts'

export interface Result {
  readonly name: string
  readonly group: string
  readonly operation: string
  readonly source: string
  /** `missed` is not run for a reason that nobody chose: the verdict is then not `passed`. */
  readonly outcome: 'passed' | 'failed' | 'not run' | 'missed'
  /** Why it failed or was not run; '' where it passed. */
  readonly reason: string
  /** Of the judged call; '' where none was answered. */
  readonly requestId: string
}

/** Signals that a case can't be judged. */
export class NotRun extends Error {
  /** Whether the server says that it does not offer what the case needs. */
  readonly isLacking: boolean

  constructor(reason: string, isLacking = false) {
    super(reason)
    this.isLacking = isLacking
  }
}

/** The result of a case. */
export function resultOf(one: Case, outcome: Result['outcome'], reason: string, requestId: string): Result {
  const { name, group, operation, source } = one
  return { name, group, operation, source, outcome, reason, requestId }
}
