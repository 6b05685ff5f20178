// Members that the replies of several operations on secrets share.
import type { Reply } from '../../api/operation.ts'

/** The stages of a version, as replies have them. */
export function versionStages(stages: readonly string[]): Reply {
  return { VersionStages: { VersionStage: stages } }
}
