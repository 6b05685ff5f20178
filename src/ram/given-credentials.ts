// Credentials that the operator provides for an account from outside: their effect on the account's AccessKeys.
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
  /** They come from the configuration: the AccessKey that was configured before is disabled, and a deleted AccessKey is not created again. */
  readonly configured?: boolean
  /** The region of the account's events about the change. */
  readonly region?: string
}

/** The outcome for credentials that were provided for an account. */
export interface Provided {
  /** Why the AccessKey does not work: it was disabled or deleted after it was first provided. null where it works. */
  readonly revoked: 'disabled' | 'deleted' | null
  /** The AccessKey that was configured before and is now disabled. */
  readonly superseded: string | null
  /** The account's other active AccessKeys; empty unless this AccessKey is new to the account. */
  readonly others: readonly string[]
}

export const NOTHING_NEW: Provided = { revoked: null, superseded: null, others: [] }

interface GivingContext {
  readonly view: LedgerView
  readonly accessKeys: AccessKeys
  readonly random: Pick<Randomness, 'newId'>
  readonly now: number
}

/** The change of one AccessKey. It gets an event. */
interface KeyChange {
  readonly name: OperatorWork['name']
  readonly accessKeyId: string
  readonly change: Change
}

/**
 * Decides the effect on an existing account. An existing AccessKey gets the provided secret; a disabled one stays disabled. Throws when the
 * AccessKey belongs to another holder.
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
  // A disabled AccessKey supersedes no other.
  if (key?.body.status === 'Inactive') {
    const change = keyChange ? recorded(account, keyChanges, how, context) : null
    return { result: { ...NOTHING_NEW, revoked: 'disabled' }, change }
  }
  const isListed = accessKeyIds.includes(id)
  const supersedes = configured && configuredKeyId !== id
  if (!keyChange && isListed && !supersedes) return { result: NOTHING_NEW, change: null }
  const active = (await accessKeysOf(account, view)).filter(
    (other) => other.id !== id && other.body.status === 'Active',
  )
  const former = supersedes ? active.find((other) => other.id === configuredKeyId) : undefined
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
      others: active.filter((other) => other !== former).map((other) => other.id),
    },
    change: { changes: !isListed || supersedes ? [...changes, update(account, { body })] : changes, events },
  }
}

/** Creates the AccessKey, or replaces its secret; null where it already has this secret. */
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
