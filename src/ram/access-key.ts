// AccessKeys of accounts, users and services. Secrets are sealed at rest. A secret is opened once for as long as its record stays in memory.
import type { AccountCaller, ServiceCaller, UserCaller } from '../api/caller.ts'
import { NONCE_BYTES } from '../cryptography/xaes.ts'
import type { RootKeys } from '../keystore/root-keys.ts'
import { INSTALLATION, type Kind, type Recorded } from '../ledger/record.ts'
import type { LedgerView } from '../ledger/view.ts'
import { andThen, type MaybePromise } from '../runtime/maybe-promise.ts'
import type { Randomness } from '../runtime/runtime.ts'
import { ramScope, USER, type User } from './records.ts'

interface AccessKeyBody {
  /** Empty for a service. */
  readonly accountId: string
  /** The user who owns it; absent for an AccessKey of the account itself or of a service. */
  readonly userId?: string
  /** The service that owns it, such as ecs.aliyuncs.com; absent for any other. */
  readonly service?: string
  /** Base64 of the sealed secret. */
  readonly sealedSecret: string
  readonly status: 'Active' | 'Inactive'
}

export type AccessKeyRecord = Recorded<AccessKeyBody>
export const ACCESS_KEY: Kind<AccessKeyBody> = { name: 'access-key', counted: false }

const ACCESS_KEY_ID = /^[A-Za-z0-9._-]{1,128}$/

/** An AccessKey with its secret in plaintext, and the caller that its signatures authenticate. */
export interface AccessKey {
  readonly caller: AccountCaller | UserCaller | ServiceCaller
  readonly secret: string
  readonly active: boolean
}

interface Opened {
  /** The user's record from which the caller was built. */
  readonly user: User | null
  readonly accessKey: AccessKey
}

type Random = Pick<Randomness, 'randomBytes'>

export class AccessKeys {
  readonly #keys: RootKeys
  readonly #random: Random
  readonly #opened = new WeakMap<AccessKeyRecord, Opened>()

  constructor(keys: RootKeys, random: Random) {
    this.#keys = keys
    this.#random = random
  }

  /**
   * The AccessKey with this id, or null. Throws when its record is not authentic, or when its secret does not open under the current root keys,
   * which can happen while they change.
   */
  find(id: string, ledger: Pick<LedgerView, 'get'>): MaybePromise<AccessKey | null> {
    return andThen(ACCESS_KEY_ID.test(id) ? ledger.get(ACCESS_KEY, INSTALLATION, id) : null, (record) => {
      if (!record) return null
      const { userId, accountId } = record.body
      if (userId === undefined) return this.#accessKey(record, null)
      return andThen(ledger.get(USER, ramScope(accountId), userId), (user) => user && this.#accessKey(record, user))
    })
  }

  /** The AccessKey of a user, or of the account itself. */
  #accessKey(record: AccessKeyRecord, user: User | null): AccessKey {
    const known = this.#opened.get(record)
    if (known && known.user === user) return known.accessKey
    const secret = known?.accessKey.secret ?? this.#secretOf(record)
    if (secret === null) throw unopenable(record.id)
    const accessKey = { caller: callerOf(record, user), secret, active: record.body.status === 'Active' }
    this.#opened.set(record, { user, accessKey })
    return accessKey
  }

  /** The sealed secret for the record of a new AccessKey; Base64. */
  seal(id: string, secret: string): string {
    const nonce = this.#random.randomBytes(NONCE_BYTES)
    return this.#keys.seal(secretPlace(id), nonce, Buffer.from(secret)).toString('base64')
  }

  open(record: AccessKeyRecord): string {
    const secret = this.#secretOf(record)
    if (secret === null) throw unopenable(record.id)
    return secret
  }

  #secretOf({ id, body }: AccessKeyRecord): string | null {
    return this.#keys.open(secretPlace(id), Buffer.from(body.sealedSecret, 'base64'))?.toString('utf8') ?? null
  }
}

function unopenable(id: string): Error {
  return new Error(`the secret of AccessKey ${id} does not open`)
}

/** The sealed value in an AccessKey's record. */
export const sealedAccessKey = {
  kind: ACCESS_KEY,
  member: 'sealedSecret',
  placeOf: ({ id }: AccessKeyRecord) => secretPlace(id),
} as const

function secretPlace(accessKeyId: string): readonly string[] {
  return ['access-key-secret', accessKeyId]
}

function callerOf({ id, body }: AccessKeyRecord, user: User | null): AccessKey['caller'] {
  const { accountId, service } = body
  if (user) return { type: 'ram-user', accountId, principalId: user.id, userName: user.body.userName, accessKeyId: id }
  if (service !== undefined)
    return { type: 'service', accountId, principalId: service, userName: service, accessKeyId: id }
  return { type: 'root-account', accountId, principalId: accountId, userName: 'root', accessKeyId: id }
}
