// Credentials that the operator gives an account from outside: what becomes of them, and of the AccessKeys that the account has.
import { type Change, INSTALLATION, update } from '../ledger/record.ts'
import type { LedgerView } from '../ledger/view.ts'
import type { Randomness } from '../runtime/runtime.ts'
import { ACCESS_KEY, type AccessKeyRecord, type AccessKeys } from './access-key.ts'
import type { Marked } from './installation-mark.ts'
import { type Account, accessKeyRecord, accessKeysOf } from './key-holder.ts'
import { type OperatorWork, operatorEvent } from './operator-event.ts'

export interface AccessKeyPair {
  readonly accessKeyId: string
  readonly accessKeySecret: string
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

export const NOTHING_NEW: Provided = { revoked: null, superseded: null, others: [] }

/** What the decision reads, and what it takes from outside. */
export interface GivingContext {
  readonly view: LedgerView
  readonly accessKeys: AccessKeys
  readonly random: Pick<Randomness, 'newId'>
  readonly now: number
}

/** The change of one AccessKey, which leaves an event. */
interface KeyChange {
  readonly name: OperatorWork['name']
  readonly accessKeyId: string
  readonly change: Change
}

/**
 * Decides what becomes of an account that exists. An AccessKey that exists gets the secret given here, but one that was disabled stays so.
 * Throws when the AccessKey belongs to somebody else.
 */
export async function outcomeOfGiving(
  account: Account,
  pair: AccessKeyPair,
  how: Giving,
  context: GivingContext,
): Promise<{ readonly result: Provided; readonly change: Marked | null }> {
  const { view } = context
  const { accessKeyId: id } = pair
  const { accessKeyIds = [], configuredKeyId, deletedKeyIds = [] } = account.body
  const { configured = false } = how
  const key = await view.get(ACCESS_KEY, INSTALLATION, id)
  if (key && !isOf(account, key)) throw belongsToAnother(id)
  if (!key && configured && (configuredKeyId === id || deletedKeyIds.includes(id)))
    return { result: { ...NOTHING_NEW, revoked: 'deleted' }, change: null }
  const keyChange = changeOfKey(account, key, pair, context)
  const keyChanges = keyChange ? [keyChange] : []
  // What does not work takes nobody's place.
  if (key?.body.status === 'Inactive') {
    const change = keyChange ? recorded(account, keyChanges, how, context) : null
    return { result: { ...NOTHING_NEW, revoked: 'disabled' }, change }
  }
  const isListed = accessKeyIds.includes(id)
  const supersedes = configured && configuredKeyId !== id
  if (!keyChange && isListed && !supersedes) return { result: NOTHING_NEW, change: null }
  const active = (await accessKeysOf(account, view)).filter((one) => one.id !== id && one.body.status === 'Active')
  const former = supersedes ? active.find((one) => one.id === configuredKeyId) : undefined
  const body = {
    ...account.body,
    accessKeyIds: isListed ? accessKeyIds : [...accessKeyIds, id],
    ...(configured && { configuredKeyId: id }),
  }
  const all = former ? [...keyChanges, disabling(former)] : keyChanges
  const { changes, events } = recorded(account, all, how, context)
  return {
    result: {
      revoked: null,
      superseded: former?.id ?? null,
      others: active.filter((one) => one !== former).map((one) => one.id),
    },
    change: { changes: !isListed || supersedes ? [...changes, update(account, { body })] : changes, events },
  }
}

/** Makes the AccessKey, or gives it another secret; null where it is as it was given. */
function changeOfKey(
  account: Account,
  key: AccessKeyRecord | null,
  { accessKeyId, accessKeySecret: secret }: AccessKeyPair,
  { accessKeys, now }: GivingContext,
): KeyChange | null {
  if (key && accessKeys.open(key) === secret) return null
  const sealedSecret = accessKeys.seal(accessKeyId, secret)
  if (key) {
    const change = update(key, { body: { ...key.body, sealedSecret } }, true)
    return { name: 'UpdateAccessKey', accessKeyId, change }
  }
  const change = accessKeyRecord(account, { id: accessKeyId, sealedSecret, createdAt: now })
  return { name: 'CreateAccessKey', accessKeyId, change }
}

function disabling(key: AccessKeyRecord): KeyChange {
  const change = update(key, { body: { ...key.body, status: 'Inactive' } })
  return { name: 'UpdateAccessKey', accessKeyId: key.id, change }
}

/** The changes of AccessKeys, with an event for each. */
function recorded(
  { id: account }: Account,
  changes: readonly KeyChange[],
  { region = '' }: Giving,
  { random, now }: GivingContext,
) {
  return {
    changes: changes.map(({ change }) => change),
    events: changes.map(({ name, accessKeyId }) =>
      operatorEvent({ name, account, accessKeyId }, { region, at: now, eventId: random.newId() }),
    ),
  }
}

function isOf(account: Account, { body }: AccessKeyRecord): boolean {
  return body.accountId === account.id && body.userId === undefined && body.service === undefined
}

export function belongsToAnother(accessKeyId: string): Error {
  return new Error(`the AccessKey ${accessKeyId} belongs to another account, a user or a service: choose another ID`)
}
