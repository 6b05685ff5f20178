// Fetches the keys of issuers (docs/decisions/0027-keys-of-issuers.md). Unauthenticated requests trigger fetches, so all of them are bounded: only
// issuers that the operator allowed, only the issuer's own host, one fetch at a time for each issuer, limits on time, number and size.
import type { Alarm } from '../../ledger/alarm.ts'
import type { Runtime } from '../../runtime/runtime.ts'
import { type KeySet, type OidcSettings, readKeySet } from '../../settings/oidc.ts'
import {
  type IssuerDocument,
  type IssuerDocuments,
  type IssuerKeySet,
  type IssuerSource,
  IssuersBusy,
  IssuerTrouble,
  KEEP_MS,
} from './issuer.ts'

/** The time limit for both documents of an issuer together. */
const FETCH_MS = 5000
/** The shortest interval between fetches for tokens that name an unknown key. */
const AGAIN_MS = 60_000
/** The pause after a failed fetch. */
const RETRY_MS = 10_000
const MOST_AT_ONCE = 16
/** The limits on issuers in memory and on the characters of their keys. Beyond them, the issuers with the oldest fetch are dropped. */
const MOST_ISSUERS = 256
const MOST_CHARACTERS = 16_777_216

interface Known {
  /** When the last fetch began, whether it succeeded or failed; milliseconds since 1970. */
  readonly triedAt: number
  readonly trouble: IssuerTrouble | null
  /** The keys of the last successful fetch. */
  readonly keys: IssuerKeySet | null
  readonly characters: number
}

type Rules = Pick<OidcSettings, 'issuers' | 'pinned'>

export class IssuerFetches implements IssuerSource {
  readonly #rules: Rules
  readonly #documents: IssuerDocuments
  readonly #runtime: Pick<Runtime, 'monotonic'>
  readonly #alarm: Alarm
  /** By issuer, in the order of their last fetch. */
  readonly #known = new Map<string, Known>()
  readonly #pending = new Map<string, Promise<IssuerKeySet>>()

  /** `alarm` receives a failure of an issuer once, and again only after a fetch succeeded in between. */
  constructor(rules: Rules, documents: IssuerDocuments, runtime: Pick<Runtime, 'monotonic'>, alarm: Alarm) {
    this.#rules = rules
    this.#documents = documents
    this.#runtime = runtime
    this.#alarm = alarm
  }

  async keysOf(issuer: string, now: number, newerThan: number | null): Promise<IssuerKeySet | null> {
    const pinned = this.#rules.pinned.get(issuer)
    if (pinned) return newerThan === null ? { keys: pinned, roots: null, fetchedAt: now } : null
    const known = this.#known.get(issuer)
    if (!known) return this.#fetchedOnce(issuer, now)
    const { triedAt, trouble, keys } = known
    if (keys && isWithin(KEEP_MS, keys.fetchedAt, now)) {
      if (newerThan === null || keys.fetchedAt > newerThan) return keys
      if (isWithin(AGAIN_MS, triedAt, now)) return null
    } else if (trouble && isWithin(RETRY_MS, triedAt, now)) throw trouble
    return this.#fetchedOnce(issuer, now)
  }

  /** Fetches the keys. Concurrent callers for one issuer share one fetch. */
  #fetchedOnce(issuer: string, now: number): Promise<IssuerKeySet> {
    const under = this.#pending.get(issuer)
    if (under) return under
    if (this.#pending.size >= MOST_AT_ONCE) throw new IssuersBusy('too many issuers are asked for their keys at once')
    const fetching = this.#fetched(issuer, now).finally(() => this.#pending.delete(issuer))
    this.#pending.set(issuer, fetching)
    return fetching
  }

  /** Fetches the keys, and remembers them or the failure. */
  async #fetched(issuer: string, now: number): Promise<IssuerKeySet> {
    const before = this.#known.get(issuer)
    try {
      const { keys, roots, characters } = await this.#fetch(issuer)
      const found = { keys, roots, fetchedAt: now }
      this.#remember(issuer, { triedAt: now, trouble: null, keys: found, characters })
      return found
    } catch (error) {
      if (!(error instanceof IssuerTrouble)) throw error
      if (!before?.trouble) this.#alarm(`the keys of the OIDC issuer ${issuer} could not be fetched`, error)
      const { keys = null, characters = 0 } = before ?? {}
      this.#remember(issuer, { triedAt: now, trouble: error, keys, characters })
      throw error
    }
  }

  async #fetch(issuer: string) {
    if (!isAllowed(issuer, this.#rules.issuers))
      throw new IssuerTrouble('unreachable', issuer, 'it is not among `oidc-issuers`')
    const begin = this.#runtime.monotonic()
    const get = (url: URL) => this.#documents.get(url, begin + FETCH_MS - this.#runtime.monotonic())
    const at = new URL(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`)
    const discovery = await get(at)
    const keys = await get(keysUrl(discovery, at, issuer))
    const found = readKeySet(keys.body)
    if (!found) throw new IssuerTrouble('unreachable', issuer, 'what its jwks_uri serves is no key set')
    return { keys: found satisfies KeySet, roots: [discovery.root, keys.root], characters: keys.body.length }
  }

  #remember(issuer: string, known: Known): void {
    this.#known.delete(issuer)
    this.#known.set(issuer, known)
    let characters = 0
    for (const entry of this.#known.values()) characters += entry.characters
    for (const [oldest, entry] of this.#known) {
      if (this.#known.size <= MOST_ISSUERS && characters <= MOST_CHARACTERS) return
      this.#known.delete(oldest)
      characters -= entry.characters
    }
  }
}

/** Whether the moment is less than `ms` ago. After the clock was set back, `at` can be in the future; then its distance to `now` counts. */
function isWithin(ms: number, at: number, now: number): boolean {
  return Math.abs(now - at) < ms
}

/** Whether the operator allowed the issuer, or its host. */
export function isAllowed(issuer: string, allowed: readonly string[]): boolean {
  const { host } = new URL(issuer)
  return allowed.some((entry) => (entry.includes('://') ? entry === issuer : entry.toLowerCase() === host))
}

/** The URL of the keys. It must be on the issuer's own host: a discovery document must not make the server call any other host. */
function keysUrl(discovery: IssuerDocument, at: URL, issuer: string): URL {
  const trouble = (message: string) => new IssuerTrouble('unreachable', issuer, message)
  let named: { issuer?: unknown; jwks_uri?: unknown } | null
  try {
    named = JSON.parse(discovery.body) as typeof named
  } catch {
    throw trouble(`${at} is not JSON`)
  }
  if (named?.issuer !== issuer) throw trouble(`${at} names another issuer`)
  const { jwks_uri: uri } = named
  if (typeof uri !== 'string' || !URL.canParse(uri)) throw trouble(`the jwks_uri of ${at} is no URL`)
  const url = new URL(uri)
  if (url.protocol !== 'https:' || url.host !== at.host || url.username !== '' || url.password !== '')
    throw trouble('its jwks_uri is not https on its own host: pin its keys with `oidc-pinned-keys` instead')
  return url
}
