// The life of a secret: pure functions from a secret and a moment to the secret afterwards, or to a refusal.
import { refuse } from '../../api/errors.ts'
import type { SecretBody } from './records.ts'
import { rotationWorkAt } from './rotation.ts'

/** Returns the secret as it is at `now`; null from its deletion date on. */
export function secretAt(body: SecretBody, now: number): SecretBody | null {
  return body.deleteAt !== null && body.deleteAt <= now ? null : body
}

/** Refuses a secret whose deletion is planned. */
export function demandNotInDeleteWindow({ deleteAt }: SecretBody): void {
  if (deleteAt !== null) throw refuse('Rejected.ResourceInDeleteWindow')
}

/** Returns when background work is due on the secret: its deletion, its rotation, or an AccessKey that retires. null for never. */
export function secretDueAt(body: SecretBody): number | null {
  const moments = [body.deleteAt, rotationWorkAt(body)].filter((moment) => moment !== null)
  return moments.length === 0 ? null : Math.min(...moments)
}
