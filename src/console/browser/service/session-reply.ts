import { request } from './call.ts'
import type { Session } from './session.tsx'

interface SessionReply {
  readonly Session: Session
}

/** The reply to the request for the session, which is sent before the first rendering. */
export type FirstReply = PromiseSettledResult<SessionReply>

/** The session of this browser. Rejects with a `Refusal` of status 401 if there is none. */
export function askSession(): Promise<SessionReply> {
  return request('GET', 'session')
}
