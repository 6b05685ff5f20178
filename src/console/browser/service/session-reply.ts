import { request } from './call.ts'
import type { Session } from './session.tsx'

interface SessionReply {
  readonly Session: Session
}

/** The answer to the question for the session that is asked before the first rendering. */
export type FirstReply = PromiseSettledResult<SessionReply>

/** The session of this browser. Rejects with a `Refusal` of status 401 where there is none. */
export function askSession(): Promise<SessionReply> {
  return request('GET', 'session')
}
