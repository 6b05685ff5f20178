// The key state machine: pure functions from a CMK and a moment to the CMK afterwards, or a refusal (contract/kms.md section 2).
import { refuse } from '../api/errors.ts'
import type { CmkBody, KeyState } from './records.ts'
import { rotationDueAt } from './rotation.ts'

const DAY = 86_400_000

/** Whether imported material ran out: its effect begins at that very second, swept or not. */
export function materialExpired({ materialExpiresAt }: CmkBody, now: number): boolean {
  return materialExpiresAt !== null && materialExpiresAt <= now
}

/** The CMK as it is at `now`; null once its deletion date has come. */
export function at(body: CmkBody, now: number): CmkBody | null {
  if (body.deleteAt !== null && body.deleteAt <= now) return null
  return materialExpired(body, now) ? { ...body, state: stateWithoutMaterial(body) } : body
}

/** Refuses cryptography with a CMK that is not Enabled. */
export function demandEnabled({ state }: CmkBody): void {
  if (state !== 'Enabled') throw refuse(`Rejected.${state}`)
}

/** Refuses a change of a CMK that awaits deletion. */
export function demandNotPendingDeletion({ state }: CmkBody): void {
  if (state === 'PendingDeletion') throw refuse('Rejected.PendingDeletion')
}

export function enable(body: CmkBody): CmkBody {
  return moved(body, ['Enabled', 'Disabled'], 'Enabled')
}

export function disable(body: CmkBody): CmkBody {
  return moved(body, ['Enabled', 'Disabled'], 'Disabled')
}

export function scheduleDeletion(body: CmkBody, now: number, days: number): CmkBody {
  if (body.deletionProtection !== undefined)
    throw refuse('Rejected.StateModifiedFailed', { reason: ' Deletion protection is enabled.' })
  const scheduled = moved(body, ['Enabled', 'Disabled', 'PendingImport'], 'PendingDeletion')
  return { ...scheduled, deleteAt: now + days * DAY }
}

/** Enabled again, unless its imported material is missing. */
export function cancelDeletion(body: CmkBody, hasMaterial: boolean): CmkBody {
  return { ...moved(body, ['PendingDeletion'], hasMaterial ? 'Enabled' : 'PendingImport'), deleteAt: null }
}

/** After an import: only a key that waited for material changes its state. `expiresAt` null: never. */
export function withMaterial(body: CmkBody, expiresAt: number | null): CmkBody {
  const state = body.state === 'PendingImport' ? 'Enabled' : body.state
  return { ...moved(body, ['Enabled', 'Disabled', 'PendingImport'], state), materialExpiresAt: expiresAt }
}

/** After deletion or expiry of imported material. */
export function withoutMaterial(body: CmkBody): CmkBody {
  return { ...body, state: stateWithoutMaterial(body), materialExpiresAt: null }
}

/** A key that awaits its own deletion keeps waiting; any other waits for material. */
function stateWithoutMaterial({ state }: CmkBody): KeyState {
  return state === 'PendingDeletion' ? state : 'PendingImport'
}

/** The CMK protected from deletion, with what its owner says about that; or, with null, not protected. */
export function withDeletionProtection({ deletionProtection: _, ...body }: CmkBody, said: string | null): CmkBody {
  return said === null ? body : { ...body, deletionProtection: said }
}

/** When background work is due on the CMK: its deletion, its material's expiry, or its rotation. */
export function dueAt(body: CmkBody): number | null {
  const moments = [body.deleteAt, body.materialExpiresAt, rotationDueAt(body)].filter((moment) => moment !== null)
  return moments.length === 0 ? null : Math.min(...moments)
}

function moved(body: CmkBody, from: readonly KeyState[], to: KeyState): CmkBody {
  if (!from.includes(body.state)) throw refuse('Rejected.StateModifiedFailed', { reason: '' })
  return { ...body, state: to }
}
