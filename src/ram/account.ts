// Accounts: their list, the first of them, their creation, and the credentials that an operator provides.
import type { Ledger } from '../ledger/ledger.ts'
import { INSTALLATION, insert, type Kind } from '../ledger/record.ts'
import type { LedgerView } from '../ledger/view.ts'
import type { Randomness } from '../runtime/runtime.ts'
import { eventsUpTo } from '../storage/lane.ts'
import { ACCESS_KEY, type AccessKeys } from './access-key.ts'
import {
  type AccessKeyPair,
  belongsToAnother,
  type Giving,
  NOTHING_NEW,
  outcomeOfGiving,
  type Provided,
} from './given-credentials.ts'
import { newAccessKeyId, newAccessKeySecret, newAccountId } from './identifiers.ts'
import { commitMarked, type InstallationMark, keepChanging, type Marked, TRIES } from './installation-mark.ts'
import { ACCOUNT, type Account, accessKeyRecord } from './key-holder.ts'
import { listingChanges } from './unlisted-keys.ts'

export interface Credentials extends AccessKeyPair {
  readonly accountId: string
}

/** Credentials for an account. With accountId null they are for the first account, or for a new one in an empty database. */
export interface Given extends AccessKeyPair {
  readonly accountId: string | null
}

const AT_ONCE = 1000
/** Sorts after every id. */
const AFTER_ALL = '\x7f'

type Reads = Pick<LedgerView, 'get' | 'byId' | 'heads'>
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

  /** The number of accounts, from a tally that is not authenticated. */
  async count(): Promise<number> {
    return this.#ledger.count(ACCOUNT, INSTALLATION)
  }

  /** The ids of all accounts, in the order of their creation. */
  async list(): Promise<readonly { id: string; name: string; createdAt: number }[]> {
    return (await this.#all(this.#ledger)).map(({ id, body, createdAt }) => ({ id, name: body.name, createdAt }))
  }

  /** The first ids of accounts after `after`, in their order, up to `limit`. */
  async idsAfter(after: string, limit: number): Promise<readonly string[]> {
    const found = await this.#ledger.between(ACCOUNT, INSTALLATION, { after, before: AFTER_ALL, limit })
    return found.map(({ id }) => id)
  }

  /**
   * The id of the account that was created first; null in a database that never had an account. Only authenticated records decide this. Throws,
   * with the remedy, where an account must exist and does not, so that nobody obtains a new root account by the removal of rows.
   */
  async first(ledger: Reads = this.#ledger): Promise<string | null> {
    const { firstAccount } = this.#installation.record.body
    if (typeof firstAccount === 'string') {
      if (await this.exists(firstAccount, ledger)) return firstAccount
      throw new Error(`the record of account ${firstAccount}, the first of this database, is missing: restore a backup`)
    }
    const [oldest] = await this.#all(ledger)
    if (!oldest) {
      if (eventsUpTo(await ledger.heads()) === 0) return null
      throw new Error(
        'this database has a trail of events, but the records of its accounts are missing: restore a backup',
      )
    }
    await this.#adopt(oldest.id)
    return oldest.id
  }

  /**
   * Creates the first account of the database with these credentials. If another process was faster, returns `same` where its account has
   * these credentials, or else `other`.
   */
  async makeFirst(credentials: Credentials, name: string, now: number): Promise<'made' | 'same' | 'other'> {
    return commitMarked(this.#ledger, this.#installation, async (view) => {
      const first = await this.first(view)
      if (first === null) return { result: 'made', change: await this.#made(credentials, name, now, false, view) }
      const key = await view.get(ACCESS_KEY, INSTALLATION, credentials.accessKeyId)
      return { result: key?.body.accountId === first ? 'same' : 'other', change: null }
    })
  }

  /** Creates the account if it is new, and adds these credentials: see `outcomeOfGiving`. Throws when the AccessKey belongs to another holder. */
  async provide(credentials: Given, name: string, now: number, how: Giving = {}): Promise<Provided> {
    await this.first()
    return commitMarked(this.#ledger, this.#installation, async (view) => {
      // Read within the attempt: another server may create the first account meanwhile.
      const accountId = credentials.accountId ?? (await this.first(view)) ?? newAccountId(this.#random)
      const account = await view.get(ACCOUNT, INSTALLATION, accountId)
      const context = { view, accessKeys: this.#accessKeys, random: this.#random, now }
      if (account) return outcomeOfGiving(account, credentials, how, context)
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
    const key = accessKeyRecord(made.after, { id, sealedSecret: this.#accessKeys.seal(id, secret), createdAt })
    const isFirst = typeof this.#installation.record.body.firstAccount !== 'string'
    return { changes: [made, key], ...(isFirst && { mark: { firstAccount: accountId } }) }
  }

  /** Writes down, in a database from before this was kept, which AccessKeys belong to accounts and services, and which account was first. */
  async #adopt(firstAccount: string): Promise<void> {
    await this.#listAll()
    await commitMarked(this.#ledger, this.#installation, async () => {
      const known = typeof this.#installation.record.body.firstAccount === 'string'
      return { result: null, change: known ? null : { changes: [], mark: { firstAccount } } }
    })
  }

  /** Lists the AccessKeys of all accounts and services. Throws when other processes keep changing their records. */
  async #listAll(): Promise<void> {
    for (let tries = 0; tries < TRIES; tries++) {
      const accounts = await this.#all(this.#ledger)
      const changes = await listingChanges(accounts, this.#each(ACCESS_KEY, this.#ledger), this.#ledger)
      let isListed = true
      for (let start = 0; start < changes.length; start += AT_ONCE) {
        const some = changes.slice(start, start + AT_ONCE)
        const outcomes = await Promise.all(
          some.map((change) => this.#ledger.commit({ changes: [change], nonce: null, event: null })),
        )
        isListed &&= outcomes.every((outcome) => outcome === 'committed')
      }
      // A change that does not go through says nothing of the record: it is read again, with all others.
      if (isListed) return
    }
    throw keepChanging()
  }

  async #all(ledger: Reads): Promise<readonly Account[]> {
    const all: Account[] = []
    for await (const account of this.#each(ACCOUNT, ledger)) all.push(account)
    return all.sort((a, b) => a.createdAt - b.createdAt)
  }

  /** All records of a kind, by id. A page would end where a tally says so, and tallies are not authenticated. */
  async *#each<B>(kind: Kind<B>, ledger: Reads) {
    for await (const records of ledger.byId(kind, INSTALLATION, '')) yield* records
  }
}

/** New credentials of an account. */
export function newCredentials(random: Pick<Randomness, 'randomBytes'>, accountId: string | null = null): Credentials {
  return {
    accountId: accountId ?? newAccountId(random),
    accessKeyId: newAccessKeyId(random),
    accessKeySecret: newAccessKeySecret(random),
  }
}
