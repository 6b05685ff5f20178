// What a call asks the ledger to commit, and the rows that the storage gets for it.
import { sha256 } from '../cryptography/digests.ts'
import type { RootKeys } from '../keystore/root-keys.ts'
import { type Commit, type EventRow, NONCE_DIGEST_BYTES, type RowChange } from '../storage/storage.ts'
import { type Change, formerRow, toRow } from './record.ts'
import { isServiceWork } from './stored-event.ts'
import type { LedgerView } from './view.ts'

export interface Call {
  readonly changes: readonly Change[]
  readonly nonce: { readonly accessKeyId: string; readonly nonce: string; readonly expiresAt: number } | null
  readonly event: EventRow | null
  /** The call's events for other accounts; only beside its own. */
  readonly further?: readonly EventRow[] | undefined
  /** What it read, and is decided on: it is committed only while none of that has changed. Absent for work that rests on nothing but the records that it changes or expects. */
  readonly view?: LedgerView
  /** The epoch of the root keys (Ledger.rootEpoch) when work without a view began to decide. Absent when it decided and asked in one step. */
  readonly rootEpoch?: number
  /** Whether the caller no longer waits. Absent for work without a caller. */
  readonly isAbandoned?: () => boolean
}

/**
 * `moved`: a record changed since the call was decided; decide again. `full`: the call would exceed a quota. `abandoned`: the call has
 * changes, and its caller no longer waits. Only `committed` stores anything of the call.
 */
export type Committed = 'committed' | 'moved' | 'full' | 'abandoned'

/** The call's rows, authenticated under the current root key. */
export function prepared({ changes, nonce, event, further }: Call, keys: RootKeys): Commit {
  return {
    changes: changes.map((change) => rowChange(change, keys)),
    nonce: nonce && { digest: nonceDigest(nonce.accessKeyId, nonce.nonce), expiresAt: nonce.expiresAt },
    event,
    ...(further && { further }),
    scrub: changes.some((change) => 'scrub' in change && change.scrub),
  }
}

function rowChange(change: Change, keys: RootKeys): RowChange {
  switch (change.change) {
    case 'insert':
      return { change: 'insert', row: toRow(change.after, keys), counted: change.counted }
    case 'update':
      return { change: 'update', row: toRow(change.after, keys), before: formerRow(change.before) }
    case 'delete':
      return { change: 'delete', row: formerRow(change.before), counted: change.counted }
    case 'expect':
      return { change: 'expect', row: formerRow(change.before) }
  }
}

/**
 * Whether a recorded call updated or deleted a record: the state of a key, its material, a permission, a trail. An attacker wants to undo
 * such a change by restoring an older copy of the database. The loss of an insertion or a use helps no attacker. The service's own work
 * counts as well, because the record of the root keys changes outside of calls.
 */
export function alters({ event, changes }: Call): boolean {
  if (event === null) return false
  return isServiceWork(event.body) || changes.some(({ change }) => change === 'update' || change === 'delete')
}

/** The digest of (AccessKeyId, nonce). No AccessKeyId contains the separator. */
function nonceDigest(accessKeyId: string, nonce: string): Uint8Array {
  return sha256(`${accessKeyId}\n${nonce}`).subarray(0, NONCE_DIGEST_BYTES)
}
