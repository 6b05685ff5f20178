// Members that the replies of several operations on secrets share.
import type { Reply } from '../../api/operation.ts'
import { isoSeconds } from '../../api/time.ts'
import type { SecretBody } from './records.ts'
import { automaticRotationOf } from './rotation.ts'

/** The stages of a version, as replies have them. */
export function versionStages(stages: readonly string[]): Reply {
  return { VersionStages: { VersionStage: stages } }
}

/** What replies tell of the rotation of a secret; nothing of a Generic one. */
export function rotationMembers({ rotation, extendedConfig }: Pick<SecretBody, 'rotation' | 'extendedConfig'>): Reply {
  if (!rotation) return {}
  const { intervalMs, lastAt, nextAt, fault } = rotation
  return {
    AutomaticRotation: automaticRotationOf(rotation),
    ...(intervalMs !== null && { RotationInterval: `${intervalMs / 1000}s` }),
    ...(lastAt !== null && { LastRotationDate: isoSeconds(lastAt) }),
    ...(nextAt !== null && { NextRotationDate: isoSeconds(nextAt) }),
    ...(fault !== undefined && { RotationFault: fault }),
    ...(extendedConfig !== null && { ExtendedConfig: extendedConfig }),
  }
}
