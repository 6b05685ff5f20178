// Rotation of secrets: policy, state, and when work is due. Pure functions from a secret and a moment (docs/decisions/0028-rotation-of-secrets.md).
//
//   requested   RotateSecret was called; a server begins within a second
//   pending     a new password is stored and not yet set in the database
//   fault       the last attempt failed, and an administrator has to remove the cause; the service tries again each hour
//   retiring    the AccessKey before the current one: it still works, is then disabled, and then deleted
import { text } from '../../api/parameters.ts'
import { earliest } from '../../api/time.ts'
import { intervalIn } from '../rotation.ts'
import type { SecretBody, SecretRotation } from './records.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const RANGE = { minMs: 6 * HOUR_MS, maxMs: 365 * DAY_MS }
const RULE = 'A whole number with its unit d, h, m or s, such as 30d; from 6 hours to 365 days.'

/** How long the AccessKey before the current one still works, and how long it is then disabled before its deletion. */
const WORKS_MS = 2 * DAY_MS
const DISABLED_MS = DAY_MS
/** The pause before a rotation with a fault is tried again. */
const AGAIN_MS = HOUR_MS

/** The parameter RotationInterval as text; it matters only where rotation is turned on. */
export const secretRotationInterval = text({ max: 32, rule: RULE })

/** Returns the interval in milliseconds; null where rotation is off. Refuses with MissingParameter or InvalidParameter. */
export function secretIntervalMs(enabled: boolean, interval: string | null): number | null {
  return enabled ? intervalIn(interval, RANGE, RULE) : null
}

/**
 * Returns the secret with automatic rotation every `ms` milliseconds, or, with null, without. Clears a fault, so that a due rotation is
 * tried at once.
 */
export function withPolicy(body: SecretBody, ms: number | null, since: number): SecretBody {
  const { rotation } = body
  if (!rotation) return body
  const { fault: _, retryAt: __, ...kept } = rotation
  return { ...body, rotation: { ...kept, intervalMs: ms, nextAt: ms === null ? null : (kept.lastAt ?? since) + ms } }
}

/** Returns the secret with a request to rotate it to this version. A server does so as soon as it can. */
export function withRequest(body: SecretBody, versionId: string, at: number): SecretBody {
  return body.rotation ? { ...body, rotation: { ...body.rotation, requested: { versionId, at } } } : body
}

/** Returns the secret with a fault, which DescribeSecret shows. Drops a request for rotation. */
export function withFault(body: SecretBody, fault: string, now: number): SecretBody {
  if (!body.rotation) return body
  const { requested: _, ...kept } = body.rotation
  return { ...body, rotation: { ...kept, fault, retryAt: now + AGAIN_MS } }
}

/** Returns the state of a secret's rotation after a rotation at `now`. */
export function rotatedAt(rotation: SecretRotation, now: number): SecretRotation {
  const { requested: _, pending: __, fault: ___, retryAt: ____, ...kept } = rotation
  return { ...kept, lastAt: now, nextAt: kept.intervalMs === null ? null : now + kept.intervalMs }
}

/**
 * Returns when the AccessKey that was current until `now` is disabled and when it is deleted. The deletion comes before the next automatic
 * rotation, which needs its place among the user's AccessKeys.
 */
export function retirementOf({ intervalMs }: SecretRotation, now: number) {
  const most = intervalMs ?? Number.POSITIVE_INFINITY
  const disableAt = now + Math.min(WORKS_MS, most / 2)
  return { disableAt, deleteAt: disableAt + Math.min(DISABLED_MS, most / 4) }
}

export function automaticRotationOf({ intervalMs, fault }: SecretRotation): 'Enabled' | 'Disabled' | 'Invalid' {
  if (intervalMs === null) return 'Disabled'
  return fault === undefined ? 'Enabled' : 'Invalid'
}

/**
 * Returns when background work on the rotation is due, in milliseconds since 1970; null for never. A secret whose deletion is planned is
 * not rotated.
 */
export function rotationWorkAt(body: SecretBody): number | null {
  const { rotation, deleteAt } = body
  if (!rotation) return null
  return earliest(retirementAt(rotation), deleteAt === null ? rotationDueAt(rotation) : null)
}

/** Returns when the service begins the next rotation; null for never, and while one is under way. */
export function rotationDueAt({ requested, pending, nextAt, retryAt = 0 }: SecretRotation): number | null {
  if (pending !== undefined) return null
  if (requested) return requested.at
  return nextAt === null ? null : Math.max(nextAt, retryAt)
}

/** Returns when the AccessKey before the current one is next disabled or deleted; null where there is none. */
export function retirementAt({ retiring }: SecretRotation): number | null {
  if (!retiring) return null
  return retiring.isDisabled ? retiring.deleteAt : retiring.disableAt
}
