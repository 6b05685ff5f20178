// What calls about the run's secret do: the part of the specification (model.ts) that knows its versions and their stages.
import type { Caller } from './model.ts'

/** A call about the secret. A version is named by its text, which is also its value. */
export type SecretOp =
  | { readonly do: 'GetSecretValue'; readonly caller: Caller; readonly stage: 'ACSCurrent' | 'ACSPrevious' }
  /** UpdateSecretVersionStage moves ACSCurrent. */
  | { readonly do: 'PutSecretValue' | 'UpdateSecretVersionStage'; readonly caller: Caller; readonly text: string }
  | { readonly do: 'DeleteSecret' | 'RestoreSecret'; readonly caller: Caller }

export interface Secret {
  readonly versions: readonly string[]
  readonly current: string
  readonly previous: string | null
  readonly isPlanned: boolean
}

/** Older versions without a stage go when there would be more. */
const MOST_VERSIONS = 10
const OF_SECRETS: readonly string[] = [
  'GetSecretValue',
  'PutSecretValue',
  'UpdateSecretVersionStage',
  'DeleteSecret',
  'RestoreSecret',
]

export function isOfSecret<O extends { readonly do: string }>(op: O | SecretOp): op is SecretOp {
  return OF_SECRETS.includes(op.do)
}

/** `locked` is the refusal of a call that needs the secret's CMK; null where it can be used. */
export function applyToSecret(secret: Secret, op: SecretOp, locked: string | null): { secret: Secret; answer: string } {
  const same = (answer: string) => ({ secret, answer })
  if (op.do === 'RestoreSecret')
    return secret.isPlanned ? { secret: { ...secret, isPlanned: false }, answer: 'OK' } : same('Rejected.ResourceInUse')
  if (secret.isPlanned) return same('Rejected.ResourceInDeleteWindow')
  switch (op.do) {
    case 'GetSecretValue': {
      const text = op.stage === 'ACSCurrent' ? secret.current : secret.previous
      return same(text === null ? 'Forbidden.ResourceNotFound' : (locked ?? `OK ${text}`))
    }
    case 'PutSecretValue':
      if (locked || secret.versions.includes(op.text)) return same(locked ?? 'OK')
      return { secret: moved({ ...secret, versions: [...trimmed(secret), op.text] }, op.text), answer: 'OK' }
    case 'UpdateSecretVersionStage':
      if (!secret.versions.includes(op.text)) return same('Forbidden.ResourceNotFound')
      return { secret: moved(secret, op.text), answer: 'OK' }
    case 'DeleteSecret':
      return { secret: { ...secret, isPlanned: true }, answer: 'OK' }
  }
}

function moved(secret: Secret, to: string): Secret {
  return to === secret.current ? secret : { ...secret, current: to, previous: secret.current }
}

/** The versions that a new one leaves: it is current then, and what is current now is previous. */
function trimmed({ versions, current }: Secret): readonly string[] {
  if (versions.length < MOST_VERSIONS) return versions
  const oldest = versions.find((version) => version !== current)
  return versions.filter((version) => version !== oldest)
}
