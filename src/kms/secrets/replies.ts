// Members that the replies of several operations on secrets share.
import type { Reply } from '../../api/operation.ts'
import { isoSeconds } from '../../api/time.ts'
import type { KmsContext } from '../operation.ts'
import { visibleTags } from '../service-tags.ts'
import type { SecretBody } from './records.ts'
import { automaticRotationOf } from './rotation.ts'

/** The stages of a version, as replies have them. */
export function versionStages(stages: readonly string[]): Reply {
  return { VersionStages: { VersionStage: stages } }
}

/** The members about the rotation of a secret, and its ExtendedConfig where `extended` is true; no members for a Generic secret. */
export function rotationMembers({ rotation, extendedConfig }: SecretBody, extended = true): Reply {
  if (!rotation) return {}
  const { intervalMs, lastAt, nextAt, fault } = rotation
  return {
    AutomaticRotation: automaticRotationOf(rotation),
    ...(intervalMs !== null && { RotationInterval: `${intervalMs / 1000}s` }),
    ...(lastAt !== null && { LastRotationDate: isoSeconds(lastAt) }),
    ...(nextAt !== null && { NextRotationDate: isoSeconds(nextAt) }),
    ...(fault !== undefined && { RotationFault: fault }),
    ...(extended && extendedConfig !== null && { ExtendedConfig: extendedConfig }),
  }
}

/** When the secret is deleted; absent unless its deletion is planned. */
export function plannedDeletion({ deleteAt }: Pick<SecretBody, 'deleteAt'>): Reply {
  return deleteAt === null ? {} : { PlannedDeleteTime: isoSeconds(deleteAt) }
}

/** The tags of a secret that the caller may see. */
export function secretTags({ tags }: SecretBody, { caller }: Pick<KmsContext, 'caller'>): Reply {
  return { Tags: { Tag: visibleTags(tags, caller).map(([TagKey, TagValue]) => ({ TagKey, TagValue })) } }
}
