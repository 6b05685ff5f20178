// Automatic rotation: its interval, its state, and when the next version is due. Pure.
import { refuse } from '../api/errors.ts'
import { shaped, text } from '../api/parameters.ts'
import { durationMs } from '../api/time.ts'
import type { CmkBody } from './records.ts'

const DAY_MS = 86_400_000
const [MIN_DAYS, MAX_DAYS] = [7, 730]
const RULE = `A whole number with its unit d, h, m or s, such as 7d; from ${MIN_DAYS} to ${MAX_DAYS} days.`

/** The parameter RotationInterval as text. Only a call that turns rotation on uses it, so `intervalMs` parses it then. */
export const rotationInterval = shaped(text({ max: 32, rule: RULE }), { min: MIN_DAYS, max: MAX_DAYS, unit: 'd' })

/** Returns the interval of a key's rotation in milliseconds. Refuses with MissingParameter or InvalidParameter. */
export function intervalMs(interval: string | null): number {
  return intervalIn(interval, { minMs: MIN_DAYS * DAY_MS, maxMs: MAX_DAYS * DAY_MS }, RULE)
}

/** Returns an interval in milliseconds. Refuses one that is missing, breaks the rule, or is out of range. */
export function intervalIn(
  interval: string | null,
  { minMs, maxMs }: { readonly minMs: number; readonly maxMs: number },
  rule: string,
): number {
  const name = 'RotationInterval'
  if (interval === null) throw refuse('MissingParameter', { name })
  const ms = durationMs(interval)
  if (ms === null || ms < minMs || ms > maxMs) throw refuse('InvalidParameter', { name, rule })
  return ms
}

/** Returns the CMK with automatic rotation every `ms` milliseconds, or, with null, without rotation. */
export function withRotation({ rotationMs: _, ...body }: CmkBody, ms: number | null): CmkBody {
  return ms === null ? body : { ...body, rotationMs: ms }
}

/** Returns when the policy makes the next version due, whatever the key's state, in milliseconds since 1970; null without a policy. */
export function nextRotationAt({ rotationMs, lastRotationAt }: CmkBody): number | null {
  return rotationMs === undefined || lastRotationAt === null ? null : lastRotationAt + rotationMs
}

/** Returns the state of automatic rotation. `Suspended`: the key is not Enabled; an overdue rotation runs when the key becomes Enabled. */
export function automaticRotation({ rotationMs, state }: CmkBody): 'Disabled' | 'Enabled' | 'Suspended' {
  if (rotationMs === undefined) return 'Disabled'
  return state === 'Enabled' ? 'Enabled' : 'Suspended'
}

/** Returns when the service rotates the key in its present state; null for never. */
export function rotationDueAt(body: CmkBody): number | null {
  return automaticRotation(body) === 'Enabled' ? nextRotationAt(body) : null
}

/** Returns the CMK with a new primary version. If several due dates have passed, they still amount to one rotation. */
export function rotated(body: CmkBody, versionId: string, now: number): CmkBody {
  return { ...body, primaryVersionId: versionId, lastRotationAt: now }
}
