// The states of a CMK: pure functions from a CMK and a moment to the CMK afterwards, or to a refusal. The states and their transitions are the
// cloud's. test/kms/state-table.test.ts lists the outcome of every operation in every state.
//
//   Enabled          encrypts and decrypts
//   Disabled         neither; EnableKey ends it
//   PendingImport    an external key without material: a first import, or one after deletion or expiry, makes it Enabled
//   PendingDeletion  deleted at `deleteAt`, and refuses changes until then; CancelKeyDeletion makes it Enabled or PendingImport
import { refuse } from '../api/errors.ts'
import { earliest } from '../api/time.ts'
import type { CmkBody, KeyState } from './records.ts'
import { rotationDueAt } from './rotation.ts'

const DAY_MS = 86_400_000

/** Whether imported material has expired. Material counts as expired from `materialExpiresAt` on, even before background work deletes it. */
export function materialExpired({ materialExpiresAt }: CmkBody, now: number): boolean {
  return materialExpiresAt !== null && materialExpiresAt <= now
}

/** Returns the CMK as it is at `now`; null from its deletion date on. */
export function at(body: CmkBody, now: number): CmkBody | null {
  if (body.deleteAt !== null && body.deleteAt <= now) return null
  return materialExpired(body, now) ? { ...body, state: stateWithoutMaterial(body) } : body
}

/** A new Enabled CMK of the default spec, whose material is in the software store. */
export function newSoftwareKey(primaryVersionId: string | null, now: number): CmkBody {
  return {
    description: '',
    keySpec: 'Aliyun_AES_256',
    keyUsage: 'ENCRYPT/DECRYPT',
    origin: 'Aliyun_KMS',
    protectionLevel: 'SOFTWARE',
    state: 'Enabled',
    deleteAt: null,
    materialExpiresAt: null,
    primaryVersionId,
    lastRotationAt: now,
    materialFingerprint: null,
    tags: [],
  }
}

/** Refuses unless the CMK is Enabled: only then it encrypts and decrypts. */
export function demandEnabled({ state }: CmkBody): void {
  if (state !== 'Enabled') throw refuse(`Rejected.${state}`)
}

/** Refuses a change of a CMK in PendingDeletion. */
export function demandNotPendingDeletion({ state }: CmkBody): void {
  if (state === 'PendingDeletion') throw refuse('Rejected.PendingDeletion')
}

/** Refuses a CMK in another state than Enabled or Disabled. */
export function enable(body: CmkBody): CmkBody {
  return moved(body, ['Enabled', 'Disabled'], 'Enabled')
}

/** Refuses a CMK in another state than Enabled or Disabled. */
export function disable(body: CmkBody): CmkBody {
  return moved(body, ['Enabled', 'Disabled'], 'Disabled')
}

/** Returns the CMK in PendingDeletion for `days` days. Refuses a protected CMK, and one that is in PendingDeletion already. */
export function scheduleDeletion(body: CmkBody, now: number, days: number): CmkBody {
  if (body.deletionProtection !== undefined)
    throw refuse('Rejected.StateModifiedFailed', { reason: ' Deletion protection is enabled.' })
  const scheduled = moved(body, ['Enabled', 'Disabled', 'PendingImport'], 'PendingDeletion')
  return { ...scheduled, deleteAt: now + days * DAY_MS }
}

/** Returns the CMK Enabled, or in PendingImport where its imported material is missing. */
export function cancelDeletion(body: CmkBody, hasMaterial: boolean): CmkBody {
  return { ...moved(body, ['PendingDeletion'], hasMaterial ? 'Enabled' : 'PendingImport'), deleteAt: null }
}

/** Returns the CMK after an import. Only PendingImport changes to Enabled. `expiresAt` is null for material that never expires. */
export function withMaterial(body: CmkBody, expiresAt: number | null): CmkBody {
  const state = body.state === 'PendingImport' ? 'Enabled' : body.state
  return { ...moved(body, ['Enabled', 'Disabled', 'PendingImport'], state), materialExpiresAt: expiresAt }
}

/** Returns the CMK after its imported material expired or was deleted. */
export function withoutMaterial(body: CmkBody): CmkBody {
  return { ...body, state: stateWithoutMaterial(body), materialExpiresAt: null }
}

/** A key in PendingDeletion keeps its state; any other key changes to PendingImport. */
function stateWithoutMaterial({ state }: CmkBody): KeyState {
  return state === 'PendingDeletion' ? state : 'PendingImport'
}

/** Returns the CMK with deletion protection and the owner's description of it; with null, without protection. */
export function withDeletionProtection(
  { deletionProtection: _, ...body }: CmkBody,
  protection: string | null,
): CmkBody {
  return protection === null ? body : { ...body, deletionProtection: protection }
}

/** Returns when background work is due on the CMK: its deletion, the expiry of its material, or its rotation. null for never. */
export function dueAt(body: CmkBody): number | null {
  return earliest(body.deleteAt, body.materialExpiresAt, rotationDueAt(body))
}

/** Returns the CMK in state `to`. Refuses a CMK in a state that is not in `from`. */
function moved(body: CmkBody, from: readonly KeyState[], to: KeyState): CmkBody {
  if (!from.includes(body.state)) throw refuse('Rejected.StateModifiedFailed', { reason: '' })
  return { ...body, state: to }
}
