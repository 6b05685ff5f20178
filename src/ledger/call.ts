// What a call asks to commit, and what the storage is given of it.
import { sha256 } from '../cryptography/digests.ts'
import type { RootKeys } from '../keystore/root-keys.ts'
import type { Commit, EventRow, RowChange } from '../storage/storage.ts'
import { type Change, toRow } from './record.ts'
import { isServiceWork } from './stored-event.ts'
import type { LedgerView } from './view.ts'

export interface Call {
  readonly changes: readonly Change[]
  readonly nonce: { readonly accessKeyId: string; readonly nonce: string; readonly expiresAt: number } | null
  readonly event: EventRow | null
  /** The call's events for other accounts; only beside its own. */
  readonly further?: readonly EventRow[] | undefined
  /** What it read, and is decided on: it is committed only while none of that has changed. Absent for work that goes by revisions alone. */
  readonly view?: LedgerView
  /** The epoch of the root keys (Ledger.rootEpoch) when work without a view began to decide. Absent when it decided and asked in one step. */
  readonly rootEpoch?: number
  /** Whether nobody waits for the call any more. Absent for work that nobody waits for. */
  readonly isAbandoned?: () => boolean
}

/**
 * `moved`: a record changed since the call was decided; decide again. `full`: the call would exceed a quota. `abandoned`: the call would
 * change something, and nobody waits for it. With all but `committed`, nothing of the call is stored.
 */
export type Committed = 'committed' | 'moved' | 'full' | 'abandoned'

/** The call as rows, authenticated under the current root key. */
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
      return { change: 'update', row: toRow(change.after, keys), from: change.before.revision }
    case 'delete':
      return { change: 'delete', row: toRow(change.before, keys), counted: change.counted }
    case 'expect':
      return { change: 'expect', row: toRow(change.before, keys) }
  }
}

/**
 * Whether a recorded call changed or removed something: the state of a key, its material, a permission, a trail. Such a change is what
 * an attacker wants to undo by putting the database back; a loss of what was only added or used harms nobody. So is the service's own
 * work: the record of the root keys changes outside of calls.
 */
export function alters({ event, changes }: Call): boolean {
  if (event === null) return false
  return isServiceWork(event.body) || changes.some(({ change }) => change === 'update' || change === 'delete')
}

/** (AccessKeyId, nonce) in 16 bytes; no AccessKeyId holds the separator. */
function nonceDigest(accessKeyId: string, nonce: string): Uint8Array {
  return sha256(`${accessKeyId}\n${nonce}`).subarray(0, 16)
}
