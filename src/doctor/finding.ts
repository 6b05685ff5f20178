// The results of checks of a set-up.

/** The checks in the order of the report. */
export const CHECKS = [
  'settings',
  'data folder',
  'disk space',
  'database',
  'root key',
  'witness',
  'certificate',
  'endpoint',
  'clock',
  'credentials',
  'checkpoints',
  'trails',
  'HSM',
  'keys',
  'policies',
  'backup',
  "root key's copy",
] as const
export type Check = (typeof CHECKS)[number]

export type Result = 'ok' | 'warning' | 'error' | 'not made'

/** One result of a check. A check that was not made says why. `remedy` is '' where there is nothing to do. */
export interface Finding {
  readonly check: Check
  readonly result: Result
  readonly says: string
  readonly remedy: string
}

/** Makes the findings of one check. */
export function findingsOf(check: Check) {
  return {
    ok: (says: string): Finding => ({ check, result: 'ok', says, remedy: '' }),
    warning: (says: string, remedy: string): Finding => ({ check, result: 'warning', says, remedy }),
    error: (says: string, remedy: string): Finding => ({ check, result: 'error', says, remedy }),
    notMade: (says: string, remedy = ''): Finding => ({ check, result: 'not made', says, remedy }),
  }
}

/** A number with its noun, in the singular or plural. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`
}
