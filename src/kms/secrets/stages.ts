// Versions and their stages: pure functions from a secret to the secret afterwards, or to a refusal.
//
//   ACSCurrent    the version that GetSecretValue returns by default; users can move it, not remove it
//   ACSPrevious   the version that was ACSCurrent before; users can move it, not remove it
//   others        names that users choose; users can move and remove them
import { refuse } from '../../api/errors.ts'
import type { SecretBody, SecretVersion } from './records.ts'

export const CURRENT = 'ACSCurrent'
export const PREVIOUS = 'ACSPrevious'
/** Whether the stage can be moved but not removed. */
export function isBuiltIn(stage: string): boolean {
  return stage === CURRENT || stage === PREVIOUS
}

const MAX_VERSIONS = 10
/** The limit on the stages of a secret keeps its record small. */
const MAX_STAGES = 32

type Versions = readonly SecretVersion[]

export function versionOf({ versions }: SecretBody, id: string): SecretVersion | null {
  return versions.find((version) => version.id === id) ?? null
}

export function versionInStage({ versions }: SecretBody, stage: string): SecretVersion | null {
  return versions.find(({ stages }) => stages.includes(stage)) ?? null
}

/**
 * Returns the secret with a new version in these stages. With more than ten versions, drops the oldest version without a stage, and returns
 * it too. Refuses when every version has a stage.
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
  // ACSCurrent moves first, which also moves ACSPrevious. Stages that the call names explicitly come later and so prevail.
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

/** Returns the secret with the stage moved to a version. Refuses with too many stages. */
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

/** Moves a stage to a version. When ACSCurrent moves, the version that had it gets ACSPrevious. */
function moved(versions: Versions, stage: string, to: string): Versions {
  const from = versions.find(({ stages }) => stages.includes(stage))
  if (from?.id === to) return versions
  const without =
    stage === CURRENT && from ? moved(removed(versions, stage), PREVIOUS, from.id) : removed(versions, stage)
  return without.map((version) => (version.id === to ? { ...version, stages: [...version.stages, stage] } : version))
}

function removed(versions: Versions, stage: string): Versions {
  return versions.map((version) =>
    version.stages.includes(stage) ? { ...version, stages: version.stages.filter((kept) => kept !== stage) } : version,
  )
}
