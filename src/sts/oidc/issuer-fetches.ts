// Fetching the keys of issuers (docs/decisions/0027-keys-of-issuers.md): only of those that the operator allowed, only from the issuer's own host,
// each issuer once at a time, all within bounds. What a stranger sends can make no more than this happen.
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

/** For both documents of an issuer together. */
const FETCH_MS = 5000
/** How soon keys are fetched again because a token names one that is not among them. */
const AGAIN_MS = 60_000
/** How soon an issuer is asked again that was in trouble. */
const RETRY_MS = 10_000
const MOST_AT_ONCE = 16
/** Beyond so many issuers, or so many characters of keys, those that were asked longest ago are forgotten. */
const MOST_ISSUERS = 256
const MOST_CHARACTERS = 16_777_216

interface Known {
  /** When the issuer was asked last. */
  readonly triedAt: number
  readonly trouble: IssuerTrouble | null
  /** The last keys that it gave. */
  readonly keys: IssuerKeySet | null
  readonly characters: number
}

type Rules = Pick<OidcSettings, 'issuers' | 'pinned'>

export class IssuerFetches implements IssuerSource {
  readonly #rules: Rules
  readonly #documents: IssuerDocuments
  readonly #runtime: Pick<Runtime, 'monotonic'>
  readonly #alarm: Alarm
  /** By issuer; those that were asked last come last. */
  readonly #known = new Map<string, Known>()
  readonly #pending = new Map<string, Promise<IssuerKeySet>>()

  /** `alarm` gets the trouble with an issuer, once until it is over. */
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

  /** Fetches, once for all who ask meanwhile. */
  #fetchedOnce(issuer: string, now: number): Promise<IssuerKeySet> {
    const under = this.#pending.get(issuer)
    if (under) return under
    if (this.#pending.size >= MOST_AT_ONCE) throw new IssuersBusy('too many issuers are asked for their keys at once')
    const fetching = this.#fetched(issuer, now).finally(() => this.#pending.delete(issuer))
    this.#pending.set(issuer, fetching)
    return fetching
  }

  /** Fetches, and remembers how it went. */
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
    for (const one of this.#known.values()) characters += one.characters
    for (const [oldest, one] of this.#known) {
      if (this.#known.size <= MOST_ISSUERS && characters <= MOST_CHARACTERS) return
      this.#known.delete(oldest)
      characters -= one.characters
    }
  }
}

/** Whether the moment is less than `ms` ago. Where the clock was set back, so that it is still to come, it counts as long ago as it is ahead. */
function isWithin(ms: number, at: number, now: number): boolean {
  return Math.abs(now - at) < ms
}

/** Whether the issuer, or its host, is among those that the operator allowed. */
export function isAllowed(issuer: string, allowed: readonly string[]): boolean {
  const { host } = new URL(issuer)
  return allowed.some((one) => (one.includes('://') ? one === issuer : one.toLowerCase() === host))
}

/** The URL of the keys, which the issuer's own host must have: a document may not send the server anywhere else. */
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
