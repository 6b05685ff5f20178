// What `serve --dev` answers beside the API, and no other server does: it moves the clock forward, for the account itself.
import { refuse } from '../api/errors.ts'
import { integer } from '../api/parameters.ts'
import { isoSeconds } from '../api/time.ts'
import { authenticate } from './authenticate.ts'
import { asRefusal, type House } from './call.ts'
import { type Answer, encodeRefusal, encodeReply } from './encode.ts'
import { decodeUnverified, type HttpRequest, header } from './request.ts'

export const ADVANCE_PATH = '/dev/advance'
export const ADVANCE_ACTION = 'AdvanceClock'

/** 100 years: what nobody means is a typing error. */
const seconds = integer({ min: 0, max: 3_153_600_000 })

/** Moves the clock by the parameter Seconds and answers what time it is then; what falls due happens before. Never rejects. */
export async function advanceClock(request: HttpRequest, house: House, recognize: () => void): Promise<Answer> {
  const requestId = house.newId()
  try {
    if (request.method !== 'POST' || !house.dev) throw refuse('InvalidAction.NotFound')
    const parameters = decodeUnverified(request)
    // RPC signatures do not cover the path: a call that was signed for anything else must not move the clock.
    if (parameters.get('Action') !== ADVANCE_ACTION) throw refuse('InvalidAction.NotFound')
    const { caller, nonce } = await authenticate(request, parameters, house, house)
    recognize()
    if (caller.type !== 'root-account') throw refuse('Forbidden.NoPermission', { resource: '*' })
    const text = parameters.get('Seconds')
    if (!text) throw refuse('MissingParameter', { name: 'Seconds' })
    const ms = seconds.read('Seconds', text) * 1000
    await house.ledger.commit({ changes: [], nonce, event: null })
    const changed = await house.dev.advance(ms)
    return encodeReply({ Now: isoSeconds(house.now()), ChangedKeys: changed }, ADVANCE_ACTION, requestId, 'JSON')
  } catch (error) {
    const asked = { host: header(request, 'host'), endpoint: request.endpoint }
    return encodeRefusal(asRefusal(error, requestId, house), asked, requestId, 'JSON')
  }
}
