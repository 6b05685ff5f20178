// The door of the console's calls: the session takes the place of the signature, and nothing else is different. Such a call carries no nonce:
// a nonce protects a signature that somebody else saw from being sent again, and whoever has the cookie needs to send nothing again
// (docs/decisions/0020-console-sessions.md).
import { refuse } from '../api/errors.ts'
import type { Door } from '../gateway/door.ts'
import type { House } from '../gateway/house.ts'
import { decodeJson, type HttpRequest, header, type Parameters, pathOf } from '../gateway/request.ts'
import type { LedgerView } from '../ledger/view.ts'
import { type PersonCaller, principalOf } from '../ram/logged-on.ts'
import type { LoggedOnSession } from '../ram/logged-on-session.ts'
import { cookieOf } from './cookies.ts'
import { demandOwnPage } from './guard.ts'
import type { Sealing } from './sealed.ts'

/** Nothing is read before the session. */
const NONE: Parameters = new Map()

/** How many opened sessions stay in memory. */
const OPENED = 10_000

/** A request's session, and who has it. */
interface InSession {
  readonly session: LoggedOnSession
  readonly caller: PersonCaller
}

export class Sessions {
  readonly #sealing: Sealing
  readonly #opened = new Map<string, LoggedOnSession>()
  #epoch = 0

  constructor(sealing: Sealing) {
    this.#sealing = sealing
  }

  /** The session of a request, and who has it. Refuses with Session.None and Session.CrossSite. */
  async of(request: HttpRequest, house: House, view: LedgerView): Promise<InSession> {
    demandOwnPage(request)
    const session = this.#open(cookieOf(request, 'session'))
    const caller = session && (await principalOf(session, house.now(), house, view))
    if (!session || !caller) throw refuse('Session.None')
    return { session, caller }
  }

  /** The door of calls to an operation, which a browser names by the path. */
  door(original: HttpRequest): Door {
    return {
      json: true,
      read: () => {
        demandOwnPage(original)
        if (original.method !== 'POST') throw refuse('UnsupportedHTTPMethod')
        return NONE
      },
      authenticate: async (_, __, house, view) => {
        const { caller, session } = await this.of(original, house, view)
        if (session.accessKeyId !== '') house.lastUsed.note(session.accessKeyId, house.now())
        return { caller, nonce: null, host: 'means nothing', scope: null }
      },
      // JSON takes long to parse, so nobody without a session may send any.
      complete: () => parametersOf(original),
    }
  }

  #open(cookie: string): LoggedOnSession | null {
    if (this.#epoch !== this.#sealing.epoch) {
      this.#opened.clear()
      this.#epoch = this.#sealing.epoch
    }
    const known = this.#opened.get(cookie)
    if (known) return known
    const session = this.#sealing.open('console-session', cookie)
    if (!session) return null
    if (this.#opened.size >= OPENED) this.#opened.clear()
    this.#opened.set(cookie, session)
    return session
  }
}

const CALL = /^\/console\/api\/([A-Za-z]{1,32})\/([A-Za-z0-9]{1,64})$/

/** The request for the operation that the path names, as the API gets it; null for any other path. It has no cookie. */
export function callIn(request: HttpRequest, { products }: Pick<House, 'products'>): HttpRequest | null {
  const [, product, operation] = CALL.exec(pathOf(request)) ?? []
  if (product === undefined || operation === undefined) return null
  // The newest version of each product comes first.
  const version = products.find((one) => one.product.name === product)?.version
  if (version === undefined) return null
  const headers = {
    host: header(request, 'host'),
    'user-agent': header(request, 'user-agent'),
    'x-acs-action': operation,
    'x-acs-version': version,
  }
  return { ...request, target: '/', headers, body: new Uint8Array(0) }
}

/** The parameters of a call: the body's, and the region that the query names. */
function parametersOf(original: HttpRequest): Parameters {
  const parameters = new Map(decodeJson(original.body))
  const query = new URLSearchParams(original.target.slice(pathOf(original).length))
  const regions = query.getAll('region')
  if (regions.length > 1) throw refuse('InvalidParameter', { name: 'region', rule: 'It comes once.' })
  const [region = ''] = regions
  const inBody = parameters.get('RegionId') ?? ''
  if (inBody !== '' && region !== '' && inBody !== region)
    throw refuse('InvalidParameter', { name: 'RegionId', rule: 'The query names another region.' })
  if (region !== '') parameters.set('RegionId', region)
  return parameters
}
