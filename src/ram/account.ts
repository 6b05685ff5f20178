// Accounts and their AccessKeys. Secrets are sealed at rest, and opened once per AccessKey while it stays cached.
import { randomBytes, randomInt } from 'node:crypto'
import type { Caller } from '../api/caller.ts'
import type { RootKeys } from '../cryptography/seal.ts'
import { NONCE_BYTES } from '../cryptography/xaes.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { type Change, insert, type Kind, type Recorded, update } from '../ledger/record.ts'

interface AccountBody {
  readonly name: string
}

interface AccessKeyBody {
  readonly accountId: string
  /** Base64 of the sealed secret. */
  readonly sealedSecret: string
  readonly status: 'Active' | 'Inactive'
}

export const ACCOUNT: Kind<AccountBody> = { name: 'account', counted: true }
const ACCESS_KEY: Kind<AccessKeyBody> = { name: 'access-key', counted: false }
/** Accounts and AccessKeys belong to the installation, not to an account's region. */
export const INSTALLATION = { account: '', region: '' }

const ACCESS_KEY_ID = /^[A-Za-z0-9._-]{1,128}$/

export interface Credentials {
  readonly accountId: string
  readonly accessKeyId: string
  readonly accessKeySecret: string
}

/** An AccessKey, ready to verify signatures with. */
export interface AccessKey {
  readonly caller: Caller
  readonly secret: string
  readonly active: boolean
}

export class Accounts {
  readonly #ledger: Ledger
  readonly #keys: RootKeys
  readonly #opened = new WeakMap<Recorded<AccessKeyBody>, AccessKey>()

  constructor(ledger: Ledger, keys: RootKeys) {
    this.#ledger = ledger
    this.#keys = keys
  }

  /** The AccessKey with this id, or null. Throws when its record is not authentic. */
  async accessKey(id: string): Promise<AccessKey | null> {
    const record = ACCESS_KEY_ID.test(id) ? await this.#ledger.get(ACCESS_KEY, INSTALLATION, id) : null
    if (!record) return null
    const opened = this.#opened.get(record)
    if (opened) return opened
    const accessKey = this.#open(record)
    this.#opened.set(record, accessKey)
    return accessKey
  }

  async exists(accountId: string): Promise<boolean> {
    return (await this.#ledger.get(ACCOUNT, INSTALLATION, accountId)) !== null
  }

  /** How many accounts there are. */
  async count(): Promise<number> {
    return this.#ledger.count(ACCOUNT, INSTALLATION)
  }

  /** The ids of all accounts, in the order of their creation. */
  async list(): Promise<readonly { id: string; name: string; createdAt: number }[]> {
    const limit = 1000
    const all: { id: string; name: string; createdAt: number }[] = []
    for (let offset = 0; ; offset += limit) {
      const { records } = await this.#ledger.page(ACCOUNT, INSTALLATION, { offset, limit })
      all.push(...records.map(({ id, body, createdAt }) => ({ id, name: body.name, createdAt })))
      if (records.length < limit) return all
    }
  }

  /** Makes the account if it is new, and gives it these credentials; an AccessKey that exists gets the secret given here. */
  async provide({ accountId, accessKeyId, accessKeySecret }: Credentials, name: string, now: number): Promise<void> {
    const changes: Change[] = []
    if (!(await this.exists(accountId)))
      changes.push(insert(ACCOUNT, { ...INSTALLATION, id: accountId, createdAt: now, body: { name } }))
    const existing = await this.#ledger.get(ACCESS_KEY, INSTALLATION, accessKeyId)
    const same = existing && existing.body.accountId === accountId && this.#open(existing).secret === accessKeySecret
    if (same && existing.body.status === 'Active') return
    const secret = this.#keys.seal(secretPlace(accessKeyId), randomBytes(NONCE_BYTES), Buffer.from(accessKeySecret))
    const body: AccessKeyBody = { accountId, sealedSecret: secret.toString('base64'), status: 'Active' }
    changes.push(
      existing
        ? update(existing, { body }, true)
        : insert(ACCESS_KEY, { ...INSTALLATION, id: accessKeyId, createdAt: now, body }),
    )
    if ((await this.#ledger.commit({ changes, nonce: null, event: null })) !== 'committed')
      throw new Error(`account ${accountId} was changed by another process meanwhile: try again`)
  }

  #open({ id, body }: Recorded<AccessKeyBody>): AccessKey {
    const secret = this.#keys.open(secretPlace(id), Buffer.from(body.sealedSecret, 'base64'))
    if (!secret) throw new Error(`the secret of AccessKey ${id} does not open`)
    const { accountId, status } = body
    const caller: Caller = {
      type: 'root-account',
      accountId,
      principalId: accountId,
      userName: 'root',
      accessKeyId: id,
    }
    return { caller, secret: secret.toString('utf8'), active: status === 'Active' }
  }
}

function secretPlace(accessKeyId: string): readonly string[] {
  return ['access-key-secret', accessKeyId]
}

/** New credentials: 16 digits, LTAI and 20 characters, 30 characters. */
export function newCredentials(accountId: string | null = null): Credentials {
  return {
    accountId: accountId ?? `1${digits(15)}`,
    accessKeyId: `LTAI${characters(20)}`,
    accessKeySecret: characters(30),
  }
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

function characters(length: number): string {
  return Array.from({ length }, () => ALPHABET[randomInt(ALPHABET.length)]).join('')
}

function digits(length: number): string {
  return Array.from({ length }, () => randomInt(10)).join('')
}
