import { refuse } from '../../api/errors.ts'
import { optional } from '../../api/parameters.ts'
import { isoSeconds } from '../../api/time.ts'
import { andThen } from '../../runtime/maybe-promise.ts'
import { operation } from '../operation.ts'
import { dryRun, flag } from '../parameters.ts'
import { versionId, versionStage } from '../secrets/parameters.ts'
import type { SecretBody, SecretVersion } from '../secrets/records.ts'
import { rotationMembers, versionStages } from '../secrets/replies.ts'
import { findSecret, locatedSecret, secretName } from '../secrets/secret-name.ts'
import { demandNotInDeleteWindow } from '../secrets/secret-state.ts'
import { CURRENT, versionInStage, versionOf } from '../secrets/stages.ts'
import { findValue, keyResourcesOf, openValue, valueOfDryRun } from '../secrets/values.ts'

export const GetSecretValue = operation({
  name: 'GetSecretValue',
  summary: 'Returns the value of a secret: of the version in the stage ACSCurrent, or of another version.',
  parameters: {
    SecretName: secretName,
    VersionId: optional(versionId, null),
    VersionStage: optional(versionStage, null),
    FetchExtendedConfig: flag,
    ...dryRun,
  },
  access: 'Read',
  trail: {
    show: ['SecretName', 'VersionId', 'VersionStage', 'FetchExtendedConfig', 'DryRun'],
    reply: ['SecretName', 'VersionId', 'VersionStages'],
  },
  refusals: [
    'Forbidden.ResourceNotFound',
    'Forbidden.KeyNotFound',
    'Rejected.ResourceInDeleteWindow',
    'Rejected.Disabled',
    'Rejected.PendingDeletion',
    'Rejected.PendingImport',
  ],
  locate({ SecretName }, context) {
    return andThen(locatedSecret(SecretName, context), ({ resource, found }) => {
      if (!found) return [resource]
      const keys = keyResourcesOf(found.record.id, found.body, 'kms:Decrypt', context)
      return andThen(keys, (resources) => [resource, ...resources])
    })
  },
  decide({ SecretName, VersionId, VersionStage, FetchExtendedConfig, DryRun }, context) {
    return andThen(findSecret(SecretName, context), ({ record, body }) => {
      demandNotInDeleteWindow(body)
      const version = wantedVersion(body, VersionId, VersionStage)
      return andThen(findValue({ secretName: record.id, versionId: version.id }, context), (stored) => {
        const value = DryRun ? valueOfDryRun(stored, context) : openValue(stored, context)
        return andThen(value, (SecretData) => ({
          reply: {
            SecretName: record.id,
            SecretType: body.secretType,
            SecretData,
            SecretDataType: stored.body.dataType,
            VersionId: version.id,
            ...versionStages(version.stages),
            CreateTime: isoSeconds(version.createdAt),
            ...rotationMembers(body, FetchExtendedConfig),
          },
          changes: [],
        }))
      })
    })
  },
})

/** Returns the version with this id, in this stage, or both; the current one when neither is given. */
function wantedVersion(body: SecretBody, id: string | null, stage: string | null): SecretVersion {
  const version = id === null ? versionInStage(body, stage ?? CURRENT) : versionOf(body, id)
  if (!version || (stage !== null && !version.stages.includes(stage))) throw refuse('Forbidden.ResourceNotFound')
  return version
}
