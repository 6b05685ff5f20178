// Accounts, and the AccessKeys that the operator gives to accounts and services.
import { randomBytes } from '../keystore/random.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { type Change, INSTALLATION, insert, type Kind, update } from '../ledger/record.ts'
import { ACCESS_KEY, type AccessKeys } from './access-key.ts'
import { newAccessKeyId, newAccessKeySecret, newAccountId } from './identifiers.ts'

export const ACCOUNT: Kind<{ readonly name: string }> = { name: 'account', counted: true }

export interface Credentials {
  readonly accountId: string
  readonly accessKeyId: string
  readonly accessKeySecret: string
}

export class Accounts {
  readonly #ledger: Ledger
  readonly #accessKeys: AccessKeys

  constructor(ledger: Ledger, accessKeys: AccessKeys) {
    this.#ledger = ledger
    this.#accessKeys = accessKeys
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
    if (existing && (existing.body.userId !== undefined || existing.body.service !== undefined))
      throw new Error(`the AccessKey ${accessKeyId} belongs to a user or a service: choose another ID`)
    const same = existing?.body.accountId === accountId && this.#accessKeys.open(existing) === accessKeySecret
    if (same && existing.body.status === 'Active') return
    const sealedSecret = this.#accessKeys.seal(accessKeyId, accessKeySecret)
    const body = { accountId, sealedSecret, status: 'Active' } as const
    changes.push(
      existing
        ? update(existing, { body }, true)
        : insert(ACCESS_KEY, { ...INSTALLATION, id: accessKeyId, createdAt: now, body }),
    )
    await this.#commit(changes, `account ${accountId}`)
  }

  /** Makes an AccessKey that stands for a cloud service, such as ecs.aliyuncs.com: it may assume roles that trust the service. */
  async provideService(service: string, now: number): Promise<Omit<Credentials, 'accountId'>> {
    const [id, secret] = [newAccessKeyId({ randomBytes }), newAccessKeySecret({ randomBytes })]
    const sealedSecret = this.#accessKeys.seal(id, secret)
    const body = { accountId: '', service, sealedSecret, status: 'Active' } as const
    await this.#commit([insert(ACCESS_KEY, { ...INSTALLATION, id, createdAt: now, body })], `service ${service}`)
    return { accessKeyId: id, accessKeySecret: secret }
  }

  async #commit(changes: readonly Change[], what: string): Promise<void> {
    if ((await this.#ledger.commit({ changes, nonce: null, event: null })) !== 'committed')
      throw new Error(`${what} was changed by another process meanwhile: try again`)
  }
}

/** New credentials of an account. */
export function newCredentials(accountId: string | null = null): Credentials {
  return {
    accountId: accountId ?? newAccountId({ randomBytes }),
    accessKeyId: newAccessKeyId({ randomBytes }),
    accessKeySecret: newAccessKeySecret({ randomBytes }),
  }
}
