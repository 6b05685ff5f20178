// Versions and their stages: pure functions from a secret to the secret afterwards, or to a refusal.
//
//   ACSCurrent    the version that GetSecretValue returns; always there, moved and never removed
//   ACSPrevious   the version that was ACSCurrent before
//   others        chosen by the user, moved and removed at will
import { refuse } from '../../api/errors.ts'
import type { SecretBody, SecretVersion } from './records.ts'

export const CURRENT = 'ACSCurrent'
export const PREVIOUS = 'ACSPrevious'
/** Stages that can be moved and not removed. */
export function isBuiltIn(stage: string): boolean {
  return stage === CURRENT || stage === PREVIOUS
}

const MAX_VERSIONS = 10
/** The most stages of a secret, so that its record stays small. */
const MAX_STAGES = 32

type Versions = readonly SecretVersion[]

export function versionOf({ versions }: SecretBody, id: string): SecretVersion | null {
  return versions.find((version) => version.id === id) ?? null
}

export function versionInStage({ versions }: SecretBody, stage: string): SecretVersion | null {
  return versions.find(({ stages }) => stages.includes(stage)) ?? null
}

/**
 * Returns the secret with a new version in these stages, and the version that gives way: beyond ten, the oldest without a stage. Refuses
 * when all have one.
 */
export function withVersion(
  body: SecretBody,
  {
    id,
    stages,
    now,
    credentialId,
  }: {
    readonly id: string
    readonly stages: readonly string[]
    readonly now: number
    readonly credentialId?: string
  },
): { body: SecretBody; dropped: SecretVersion | null } {
  const fresh = { id, createdAt: now, stages: [], ...(credentialId !== undefined && { credentialId }) }
  let versions: Versions = [...body.versions, fresh]
  // What the call names explicitly counts for more than what follows from the move of ACSCurrent.
  for (const stage of stages.toSorted((a, b) => Number(b === CURRENT) - Number(a === CURRENT)))
    versions = moved(versions, stage, id)
  const dropped = versions.length > MAX_VERSIONS ? versions.find((version) => version.stages.length === 0) : null
  if (dropped === undefined) throw refuse('Rejected.LimitExceeded')
  return {
    body: changed(
      body,
      versions.filter((version) => version !== dropped),
      now,
    ),
    dropped,
  }
}

/** Returns the secret with the stage at another version. Refuses a secret that would have too many stages. */
export function withStageAt(body: SecretBody, stage: string, id: string, now: number): SecretBody {
  return changed(body, moved(body.versions, stage, id), now)
}

/** Returns the secret without the stage. */
export function withoutStage(body: SecretBody, stage: string, now: number): SecretBody {
  return changed(body, removed(body.versions, stage), now)
}

function changed(body: SecretBody, versions: Versions, now: number): SecretBody {
  if (versions.reduce((sum, { stages }) => sum + stages.length, 0) > MAX_STAGES) throw refuse('Rejected.LimitExceeded')
  return { ...body, versions, updatedAt: now }
}

/** The version that was ACSCurrent becomes ACSPrevious. */
function moved(versions: Versions, stage: string, to: string): Versions {
  const from = versions.find(({ stages }) => stages.includes(stage))
  if (from?.id === to) return versions
  const without =
    stage === CURRENT && from ? moved(removed(versions, stage), PREVIOUS, from.id) : removed(versions, stage)
  return without.map((version) => (version.id === to ? { ...version, stages: [...version.stages, stage] } : version))
}

function removed(versions: Versions, stage: string): Versions {
  return versions.map((version) =>
    version.stages.includes(stage) ? { ...version, stages: version.stages.filter((one) => one !== stage) } : version,
  )
}
