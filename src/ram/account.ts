// Accounts: which there are, which was first, and the credentials that the operator gives them from outside.
import type { Ledger } from '../ledger/ledger.ts'
import { type Change, INSTALLATION, insert, type Kind, update } from '../ledger/record.ts'
import type { LedgerView } from '../ledger/view.ts'
import type { Randomness } from '../runtime/runtime.ts'
import { eventsUpTo } from '../storage/lane.ts'
import type { EventRow } from '../storage/storage.ts'
import { ACCESS_KEY, type AccessKeyRecord, type AccessKeys } from './access-key.ts'
import { newAccessKeyId, newAccessKeySecret, newAccountId } from './identifiers.ts'
import { commitMarked, type InstallationMark, type Marked } from './installation-mark.ts'
import { ACCOUNT, type Account, accessKeyRecord, accessKeysOf, SERVICE } from './key-holder.ts'
import { operatorEvent } from './operator-event.ts'

export interface Credentials {
  readonly accountId: string
  readonly accessKeyId: string
  readonly accessKeySecret: string
}

/** Credentials to give to an account; null for the first account, or a new one where there is none. */
export interface Given extends Omit<Credentials, 'accountId'> {
  readonly accountId: string | null
}

export interface Giving {
  /** They are the account's from outside, so the AccessKey that was configured before is disabled, and none that was deleted comes back. */
  readonly configured?: boolean
  /** Where the account's events of it are. */
  readonly region?: string
}

/** What came of credentials that were given to an account. */
export interface Provided {
  /** Why the AccessKey does not work: it was disabled or deleted since it was given first. */
  readonly revoked: 'disabled' | 'deleted' | null
  /** The AccessKey that was configured before, and is disabled now. */
  readonly superseded: string | null
  /** The account's other active AccessKeys, where this one is new. */
  readonly others: readonly string[]
}

const NOTHING_NEW: Provided = { revoked: null, superseded: null, others: [] }
const AT_ONCE = 1000

type Reads = Pick<LedgerView, 'get' | 'between' | 'heads'>
type Random = Pick<Randomness, 'randomBytes' | 'newId'>

export class Accounts {
  readonly #ledger: Ledger
  readonly #accessKeys: AccessKeys
  readonly #installation: InstallationMark
  readonly #random: Random

  constructor(ledger: Ledger, accessKeys: AccessKeys, installation: InstallationMark, random: Random) {
    this.#ledger = ledger
    this.#accessKeys = accessKeys
    this.#installation = installation
    this.#random = random
  }

  async exists(accountId: string, ledger: Reads = this.#ledger): Promise<boolean> {
    return (await ledger.get(ACCOUNT, INSTALLATION, accountId)) !== null
  }

  /** How many accounts there are, by a tally that nothing authenticates. */
  async count(): Promise<number> {
    return this.#ledger.count(ACCOUNT, INSTALLATION)
  }

  /** The ids of all accounts, in the order of their creation. */
  async list(): Promise<readonly { id: string; name: string; createdAt: number }[]> {
    return (await this.#all(this.#ledger)).map(({ id, body, createdAt }) => ({ id, name: body.name, createdAt }))
  }

  async #all(ledger: Reads): Promise<readonly Account[]> {
    const all: Account[] = []
    for await (const account of this.#each(ACCOUNT, ledger)) all.push(account)
    return all.sort((one, other) => one.createdAt - other.createdAt)
  }

  /** All of a kind by id, not by a page: pages end where a tally says, which nothing authenticates. */
  async *#each<B>(kind: Kind<B>, ledger: Reads) {
    for (let after = ''; ; ) {
      const found = await ledger.between(kind, INSTALLATION, { after, before: '\x7f', limit: AT_ONCE })
      yield* found
      if (found.length < AT_ONCE) return
      after = found.at(-1)?.id ?? ''
    }
  }

  /**
   * The account that was made first; null in a database that never had one, which authentic records alone decide. Throws with what to do
   * where an account must be and is not: who removes rows gets no new one.
   */
  async first(ledger: Reads = this.#ledger): Promise<string | null> {
    const { firstAccount } = this.#installation.record.body
    if (typeof firstAccount === 'string') {
      if (await this.exists(firstAccount, ledger)) return firstAccount
      throw new Error(`the record of account ${firstAccount}, the first of this database, is missing: restore a backup`)
    }
    const accounts = await this.#all(ledger)
    const [oldest] = accounts
    if (!oldest) {
      if (eventsUpTo(await ledger.heads()) === 0) return null
      throw new Error(
        'this database has a trail of events, but the records of its accounts are missing: restore a backup',
      )
    }
    await this.#adopt(accounts, oldest.id)
    return oldest.id
  }

  /** Writes down, in a database from before this was kept, which AccessKeys belong to accounts and services, and which account was first. */
  async #adopt(accounts: readonly Account[], firstAccount: string): Promise<void> {
    const held = new Map<string, AccessKeyRecord[]>()
    for await (const key of this.#each(ACCESS_KEY, this.#ledger)) {
      const { accountId, service, userId } = key.body
      if (userId !== undefined) continue
      const holder = service ?? accountId
      const keys = held.get(holder) ?? []
      keys.push(key)
      held.set(holder, keys)
    }
    const idsOf = (holder: string) =>
      (held.get(holder) ?? []).toSorted((one, other) => one.createdAt - other.createdAt).map(({ id }) => id)
    const changes: Change[] = []
    for (const account of accounts)
      if (!account.body.accessKeyIds)
        changes.push(update(account, { body: { ...account.body, accessKeyIds: idsOf(account.id) } }))
    for (const [service, keys] of held)
      if (keys[0]?.body.service !== undefined && !(await this.#ledger.get(SERVICE, INSTALLATION, service))) {
        const createdAt = keys[0].createdAt
        changes.push(
          insert(SERVICE, { ...INSTALLATION, id: service, createdAt, body: { accessKeyIds: idsOf(service) } }),
        )
      }
    for (let start = 0; start < changes.length; start += AT_ONCE) {
      const some = changes.slice(start, start + AT_ONCE)
      // One that moved was listed by another server that starts.
      await Promise.all(some.map((change) => this.#ledger.commit({ changes: [change], nonce: null, event: null })))
    }
    await commitMarked(this.#ledger, this.#installation, async () => {
      const known = typeof this.#installation.record.body.firstAccount === 'string'
      return { result: null, change: known ? null : { changes: [], mark: { firstAccount } } }
    })
  }

  /**
   * Makes the first account of the database, with these credentials, unless another process made one meanwhile: `same` with these
   * credentials, or `other`.
   */
  async makeFirst(credentials: Credentials, name: string, now: number): Promise<'made' | 'same' | 'other'> {
    return commitMarked(this.#ledger, this.#installation, async (view) => {
      const first = await this.first(view)
      if (first === null) return { result: 'made', change: await this.#made(credentials, name, now, false, view) }
      const key = await view.get(ACCESS_KEY, INSTALLATION, credentials.accessKeyId)
      return { result: key?.body.accountId === first ? 'same' : 'other', change: null }
    })
  }

  /**
   * Makes the account if it is new, and gives it these credentials: an AccessKey that exists gets the secret given here, but one that
   * was disabled stays so. Throws when the AccessKey belongs to somebody else.
   */
  async provide(credentials: Given, name: string, now: number, how: Giving = {}): Promise<Provided> {
    await this.first()
    return commitMarked(this.#ledger, this.#installation, async (view) => {
      // Decided again with the rest: another server may make the first account meanwhile.
      const accountId = credentials.accountId ?? (await this.first(view)) ?? newAccountId(this.#random)
      const account = await view.get(ACCOUNT, INSTALLATION, accountId)
      if (account) return this.#given(account, credentials, now, how, view)
      const change = await this.#made({ ...credentials, accountId }, name, now, how.configured === true, view)
      return { result: NOTHING_NEW, change }
    })
  }

  async #made(
    credentials: Credentials,
    name: string,
    createdAt: number,
    configured: boolean,
    view: LedgerView,
  ): Promise<Marked> {
    const { accountId, accessKeyId: id, accessKeySecret: secret } = credentials
    if (await view.get(ACCESS_KEY, INSTALLATION, id)) throw belongsToAnother(id)
    const body = { name, accessKeyIds: [id], ...(configured && { configuredKeyId: id }) }
    const made = insert(ACCOUNT, { ...INSTALLATION, id: accountId, createdAt, body })
    const changes = [made, this.#newAccessKey(made.after, { id, secret }, createdAt)]
    const isFirst = typeof this.#installation.record.body.firstAccount !== 'string'
    return { changes, ...(isFirst && { mark: { firstAccount: accountId } }) }
  }

  #newAccessKey(account: Account, { id, secret }: { readonly id: string; readonly secret: string }, createdAt: number) {
    return accessKeyRecord(account, { id, sealedSecret: this.#accessKeys.seal(id, secret), createdAt })
  }

  /** What becomes of an account that exists and its AccessKeys. */
  async #given(
    account: Account,
    { accessKeyId: id, accessKeySecret: secret }: Given,
    now: number,
    { configured = false, region = '' }: Giving,
    view: LedgerView,
  ): Promise<{ result: Provided; change: Marked | null }> {
    const { accessKeyIds = [], configuredKeyId, deletedKeyIds = [] } = account.body
    const key = await view.get(ACCESS_KEY, INSTALLATION, id)
    if (key && !isOf(account, key)) throw belongsToAnother(id)
    if (!key && configured && (configuredKeyId === id || deletedKeyIds.includes(id)))
      return { result: { ...NOTHING_NEW, revoked: 'deleted' }, change: null }
    const changes: Change[] = []
    const events: EventRow[] = []
    const changed = (name: 'CreateAccessKey' | 'UpdateAccessKey', accessKeyId: string, change: Change) => {
      changes.push(change)
      events.push(
        operatorEvent({ name, account: account.id, accessKeyId }, { region, at: now, eventId: this.#random.newId() }),
      )
    }
    if (!key) changed('CreateAccessKey', id, this.#newAccessKey(account, { id, secret }, now))
    else if (this.#accessKeys.open(key) !== secret) {
      const sealedSecret = this.#accessKeys.seal(id, secret)
      changed('UpdateAccessKey', id, update(key, { body: { ...key.body, sealedSecret } }, true))
    }
    // What does not work takes nobody's place.
    if (key?.body.status === 'Inactive')
      return {
        result: { ...NOTHING_NEW, revoked: 'disabled' },
        change: changes.length > 0 ? { changes, events } : null,
      }
    const listed = accessKeyIds.includes(id)
    const supersedes = configured && configuredKeyId !== id
    if (changes.length === 0 && listed && !supersedes) return { result: NOTHING_NEW, change: null }
    const others = (await accessKeysOf(account, view)).filter(
      (other) => other.id !== id && other.body.status === 'Active',
    )
    const former = supersedes ? others.find((other) => other.id === configuredKeyId) : undefined
    if (former) changed('UpdateAccessKey', former.id, update(former, { body: { ...former.body, status: 'Inactive' } }))
    const body = {
      ...account.body,
      accessKeyIds: listed ? accessKeyIds : [...accessKeyIds, id],
      ...(configured && { configuredKeyId: id }),
    }
    if (!listed || supersedes) changes.push(update(account, { body }))
    const result = {
      revoked: null,
      superseded: former?.id ?? null,
      others: others.filter((other) => other !== former).map((other) => other.id),
    }
    return { result, change: { changes, events } }
  }
}

function isOf(account: Account, { body }: AccessKeyRecord): boolean {
  return body.accountId === account.id && body.userId === undefined && body.service === undefined
}

function belongsToAnother(accessKeyId: string): Error {
  return new Error(`the AccessKey ${accessKeyId} belongs to another account, a user or a service: choose another ID`)
}

/** New credentials of an account. */
export function newCredentials(random: Pick<Randomness, 'randomBytes'>, accountId: string | null = null): Credentials {
  return {
    accountId: accountId ?? newAccountId(random),
    accessKeyId: newAccessKeyId(random),
    accessKeySecret: newAccessKeySecret(random),
  }
}
