// The life of a secret: pure functions from a secret and a moment to the secret afterwards, or to a refusal.
import { refuse } from '../../api/errors.ts'
import { earliest } from '../../api/time.ts'
import type { SecretBody } from './records.ts'
import { rotationWorkAt } from './rotation.ts'

const DAY_MS = 86_400_000

/** Returns the secret as it is at `now`; null from its deletion date on. */
export function secretAt(body: SecretBody, now: number): SecretBody | null {
  return body.deleteAt !== null && body.deleteAt <= now ? null : body
}

/** Refuses a secret whose deletion is planned. */
export function demandNotInDeleteWindow({ deleteAt }: SecretBody): void {
  if (deleteAt !== null) throw refuse('Rejected.ResourceInDeleteWindow')
}

/** Returns the secret with its deletion planned in `days` days. Refuses a secret whose deletion is planned already. */
export function planDeletion(body: SecretBody, now: number, days: number): SecretBody {
  demandNotInDeleteWindow(body)
  return { ...body, deleteAt: now + days * DAY_MS }
}

/** Returns the secret without its planned deletion. Refuses a secret whose deletion is not planned. */
export function restored(body: SecretBody): SecretBody {
  if (body.deleteAt === null) throw refuse('Rejected.ResourceInUse')
  return { ...body, deleteAt: null }
}

/** Returns when background work is due on the secret: its deletion, its rotation, or the retirement of an AccessKey. null for never. */
export function secretDueAt(body: SecretBody): number | null {
  return earliest(body.deleteAt, rotationWorkAt(body))
}
