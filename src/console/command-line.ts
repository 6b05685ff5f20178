// The requests about sessions of the command line: those of pages, and those of the command line itself.
import type { House } from '../gateway/house.ts'
import type { HttpRequest } from '../gateway/request.ts'
import type { JsonObject } from '../runtime/json.ts'
import { Allowing } from './allowing.ts'
import type { AttemptLimits } from './attempts.ts'
import type { Sessions } from './door.ts'
import { Fetching } from './fetching.ts'
import { demandNoPage, demandOwnPage } from './guard.ts'
import type { Where } from './log-on-event.ts'
import type { Sealing } from './sealed.ts'

export interface CommandLineWork {
  /** Refuses a request that comes from elsewhere. */
  readonly guard: (request: HttpRequest) => void
  /** Whether the person is authenticated. */
  readonly proves: boolean
  work(given: JsonObject, where: Where, house: House): object | Promise<object>
}

export function commandLineWork(
  sealing: Sealing,
  sessions: Sessions,
  attempts: AttemptLimits,
): ReadonlyMap<string, CommandLineWork> {
  const allowing = new Allowing(sealing, sessions, attempts)
  const fetching = new Fetching(sealing)
  const ofPages = { guard: demandOwnPage, proves: true }
  const ofCommandLine = { guard: demandNoPage, proves: true }
  return new Map<string, CommandLineWork>([
    ['/console/log-on/allow', { ...ofPages, work: (...asked) => allowing.allow(...asked) }],
    ['/console/log-on/code', { ...ofPages, work: (...asked) => allowing.code(...asked) }],
    ['/console/log-on/device', { ...ofCommandLine, proves: false, work: (...asked) => fetching.ask(...asked) }],
    ['/console/log-on/token', { ...ofCommandLine, work: (...asked) => fetching.fetch(...asked) }],
    ['/console/log-on/revoke', { ...ofCommandLine, work: (...asked) => fetching.end(...asked) }],
  ])
}
