// The only request that is specific to `serve --dev`: the account itself moves the clock forward.
import { refuse } from '../api/errors.ts'
import { integer } from '../api/parameters.ts'
import { isoSeconds } from '../api/time.ts'
import { asRefusal } from './as-refusal.ts'
import { type Answer, encodeRefusal, encodeReply } from './encode.ts'
import type { House } from './house.ts'
import { identified } from './identify.ts'
import { decodeUnverified, type HttpRequest, header } from './request.ts'

export const ADVANCE_PATH = '/dev/advance'
export const ADVANCE_ACTION = 'AdvanceClock'

/** At most 100 years, because more is probably a typing error. */
const seconds = integer({ min: 0, max: 3_153_600_000 })

/** Moves the clock by the parameter Seconds, does the background work that falls due, and answers with the new time. Never rejects. */
export async function advanceClock(request: HttpRequest, house: House, recognize: () => void): Promise<Answer> {
  const requestId = house.runtime.newId()
  try {
    if (request.method !== 'POST' || !house.dev) throw refuse('InvalidAction.NotFound')
    const parameters = decodeUnverified(request)
    // Signature 1.0 does not cover the path, so a call that was signed for another action must not move the clock.
    if (parameters.get('Action') !== ADVANCE_ACTION) throw refuse('InvalidAction.NotFound')
    const { authenticated, view } = await identified(request, parameters, house)
    const { caller, nonce } = authenticated
    recognize()
    if (caller.type !== 'root-account') throw refuse('Forbidden.NoPermission', { resource: '*' })
    const text = parameters.get('Seconds')
    if (!text) throw refuse('MissingParameter', { name: 'Seconds' })
    const ms = seconds.read('Seconds', text) * 1000
    if ((await house.ledger.commit({ changes: [], nonce, event: null, view })) !== 'committed')
      throw refuse('ServiceUnavailableTemporary')
    const changed = await house.dev.advance(ms)
    return encodeReply({ Now: isoSeconds(house.now()), ChangedKeys: changed }, ADVANCE_ACTION, requestId, 'JSON')
  } catch (error) {
    const asked = { host: header(request, 'host'), endpoint: request.endpoint }
    return encodeRefusal(asRefusal(error, requestId, house), asked, requestId, 'JSON')
  }
}
