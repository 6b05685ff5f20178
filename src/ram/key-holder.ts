// The holders of AccessKeys: an account, a cloud service, or a user. The holder's record lists its AccessKeys, so its revision guards their
// number.
import { refuse } from '../api/errors.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { type Change, INSTALLATION, insert, type Kind, type Recorded, remove, update } from '../ledger/record.ts'
import { ACCESS_KEY, type AccessKeyRecord } from './access-key.ts'
import { USER } from './records.ts'

interface Holding {
  /** Absent in accounts of earlier releases, until Accounts.first adds the list. */
  readonly accessKeyIds?: readonly string[]
}

interface AccountBody extends Holding {
  readonly name: string
  /** The AccessKey that the environment configured last. It may have been deleted. */
  readonly configuredKeyId?: string
  /** The most recently deleted AccessKeys. The environment can't recreate them. Absent before the first deletion. */
  readonly deletedKeyIds?: readonly string[]
}

export type Account = Recorded<AccountBody>
export type Service = Recorded<Holding>
export type KeyHolder = Recorded<Holding>

/** Id: the account's. */
export const ACCOUNT: Kind<AccountBody> = { name: 'account', counted: true }
/** Id: the service's name, such as ecs.aliyuncs.com. */
export const SERVICE: Kind<Holding> = { name: 'service', counted: false }

/** How many deleted AccessKeys an account remembers. The limit keeps its record small. */
const DELETED_KEPT = 1000

type Reads = Pick<Ledger, 'get'>

/** The account's or the service's record; null when there is none. */
export async function operatorsHolder(name: string, ledger: Reads): Promise<KeyHolder | null> {
  return /^\d+$/.test(name) ? ledger.get(ACCOUNT, INSTALLATION, name) : ledger.get(SERVICE, INSTALLATION, name)
}

/** The AccessKeys of a holder, in the order of their creation. */
export async function accessKeysOf({ body }: KeyHolder, ledger: Reads): Promise<readonly AccessKeyRecord[]> {
  const { accessKeyIds = [] } = body
  const keys = await Promise.all(accessKeyIds.map((id) => ledger.get(ACCESS_KEY, INSTALLATION, id)))
  return keys.filter((key) => key !== null)
}

/** The AccessKey of a holder, or null. */
export async function accessKeyOf({ body }: KeyHolder, id: string, ledger: Reads): Promise<AccessKeyRecord | null> {
  return body.accessKeyIds?.includes(id) ? ledger.get(ACCESS_KEY, INSTALLATION, id) : null
}

/** The AccessKey of a holder. Refuses with EntityNotExist.User.AccessKey. */
export async function findAccessKeyOf(holder: KeyHolder, id: string, ledger: Reads): Promise<AccessKeyRecord> {
  const record = await accessKeyOf(holder, id, ledger)
  if (!record) throw refuse('EntityNotExist.User.AccessKey')
  return record
}

interface NewAccessKey {
  readonly id: string
  /** Base64. */
  readonly sealedSecret: string
  readonly createdAt: number
}

/** The changes that add an AccessKey to its holder. */
export function addAccessKey(holder: KeyHolder, added: NewAccessKey): readonly Change[] {
  return replaceAccessKeys(holder, [], added)
}

/** The changes that remove AccessKeys from their holder and add a new one. */
export function replaceAccessKeys(
  holder: KeyHolder,
  removed: readonly AccessKeyRecord[],
  added: NewAccessKey,
): readonly Change[] {
  const { accessKeyIds = [] } = holder.body
  const kept = accessKeyIds.filter((id) => removed.every((key) => key.id !== id))
  return [
    update(holder, { body: { ...holder.body, accessKeyIds: [...kept, added.id] } }),
    accessKeyRecord(holder, added),
    ...removed.map((key) => remove(ACCESS_KEY, key, true)),
  ]
}

/** The record of a new AccessKey. The holder's record must list it too. */
export function accessKeyRecord(holder: KeyHolder, { id, sealedSecret, createdAt }: NewAccessKey): Change {
  const body = { ...ownerIn(holder), sealedSecret, status: 'Active' } as const
  return insert(ACCESS_KEY, { ...INSTALLATION, id, createdAt, body })
}

/** The members of an AccessKey's record that name its holder. */
function ownerIn({ kind, account, id }: Pick<KeyHolder, 'kind' | 'account' | 'id'>) {
  if (kind === USER.name) return { accountId: account, userId: id }
  return kind === SERVICE.name ? { accountId: '', service: id } : { accountId: id }
}

/** The changes that delete an AccessKey. An account remembers the id (deletedKeyIds). */
export function deleteAccessKey(holder: KeyHolder, key: AccessKeyRecord): readonly Change[] {
  const { accessKeyIds = [] } = holder.body
  const body = { ...holder.body, accessKeyIds: accessKeyIds.filter((id) => id !== key.id) }
  const remembered = isAccount(holder) ? { ...body, deletedKeyIds: withDeleted(holder, key.id) } : body
  return [update(holder, { body: remembered }), remove(ACCESS_KEY, key, true)]
}

function withDeleted({ body: { deletedKeyIds = [] } }: Account, id: string): readonly string[] {
  return [...deletedKeyIds, id].slice(-DELETED_KEPT)
}

function isAccount(holder: KeyHolder): holder is Account {
  return holder.kind === ACCOUNT.name
}
