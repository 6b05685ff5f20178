// Automatic rotation: its interval, its state, and when the next version is due (contract/kms.md section 6). Pure.
import { refuse } from '../api/errors.ts'
import { text } from '../api/parameters.ts'
import type { CmkBody } from './records.ts'

const DAY_SECONDS = 86_400
const SECONDS: Readonly<Record<string, number>> = { d: DAY_SECONDS, h: 3600, m: 60, s: 1 }
const [MIN_DAYS, MAX_DAYS] = [7, 730]
const RULE = `A whole number with its unit d, h, m or s, such as 7d; from ${MIN_DAYS} to ${MAX_DAYS} days.`

/** The parameter as text: it counts only where rotation is turned on, so `intervalMs` reads it then. */
export const rotationInterval = text({ max: 32, rule: RULE })

/** The interval in milliseconds. Refuses with MissingParameter when there is none, or with InvalidParameter. */
export function intervalMs(interval: string | null): number {
  const name = 'RotationInterval'
  if (interval === null) throw refuse('MissingParameter', { name })
  const [, number = '', unit = ''] = /^(\d{1,9})([dhms])$/.exec(interval) ?? []
  const seconds = Number(number) * (SECONDS[unit] ?? 0)
  if (seconds < MIN_DAYS * DAY_SECONDS || seconds > MAX_DAYS * DAY_SECONDS)
    throw refuse('InvalidParameter', { name, rule: RULE })
  return seconds * 1000
}

/** The CMK with rotation every `ms` milliseconds, or, with null, without any. */
export function withRotation({ rotationMs: _, ...body }: CmkBody, ms: number | null): CmkBody {
  return ms === null ? body : { ...body, rotationMs: ms }
}

/** When the next version is due by the policy, whatever the state; null without a policy. Milliseconds since 1970. */
export function nextRotationAt({ rotationMs, lastRotationAt }: CmkBody): number | null {
  return rotationMs === undefined || lastRotationAt === null ? null : lastRotationAt + rotationMs
}

/** Rotation waits while the key is not Enabled: `Suspended`. It runs then as soon as the key is Enabled again. */
export function automaticRotation({ rotationMs, state }: CmkBody): 'Disabled' | 'Enabled' | 'Suspended' {
  if (rotationMs === undefined) return 'Disabled'
  return state === 'Enabled' ? 'Enabled' : 'Suspended'
}

/** When the service has to rotate the key as it is now; null for never. */
export function rotationDueAt(body: CmkBody): number | null {
  return automaticRotation(body) === 'Enabled' ? nextRotationAt(body) : null
}

/** The CMK after a new version became its primary one. However many dates were slept through, it is one rotation. */
export function rotated(body: CmkBody, versionId: string, now: number): CmkBody {
  return { ...body, primaryVersionId: versionId, lastRotationAt: now }
}
