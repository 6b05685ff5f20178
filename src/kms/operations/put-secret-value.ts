import { refuse } from '../../api/errors.ts'
import type { Reply } from '../../api/operation.ts'
import { remove, update } from '../../ledger/record.ts'
import { operation } from '../operation.ts'
import { secretData, secretDataType, versionId, versionStageList } from '../secrets/parameters.ts'
import { SECRET_VALUE, type SecretVersion } from '../secrets/records.ts'
import { versionStages } from '../secrets/replies.ts'
import { findSecret, locateSecret, secretName, secretOrNull } from '../secrets/secret-name.ts'
import { demandNotInDeleteWindow } from '../secrets/secret-state.ts'
import { versionOf, withVersion } from '../secrets/stages.ts'
import { findValue, keyResourcesOf, openValue, sealingKeyOf, sealValue } from '../secrets/values.ts'
import { createdWith } from '../service-keys.ts'

export const PutSecretValue = operation({
  name: 'PutSecretValue',
  summary:
    'Adds a version to a secret, in the stage ACSCurrent unless other stages are named. Beyond ten versions, the oldest without a stage is destroyed.',
  parameters: {
    SecretName: secretName,
    VersionId: versionId,
    SecretData: secretData,
    SecretDataType: secretDataType,
    VersionStages: versionStageList,
  },
  access: 'Write',
  trail: {
    show: ['SecretName', 'VersionId', 'SecretDataType', 'VersionStages'],
    reply: ['SecretName', 'VersionId', 'VersionStages'],
  },
  refusals: [
    'Forbidden.ResourceNotFound',
    'Forbidden.KeyNotFound',
    'Rejected.ResourceExist',
    'Rejected.ResourceInDeleteWindow',
    'Rejected.LimitExceeded',
    'Rejected.UnsupportedOperation',
    'Rejected.Disabled',
    'Rejected.PendingDeletion',
    'Rejected.PendingImport',
    'Rejected.KeyExhausted',
  ],
  locate: [
    locateSecret,
    async ({ SecretName }, context) => {
      const secret = await secretOrNull(SecretName, context)
      return secret ? keyResourcesOf(secret.record.id, secret.body, 'kms:GenerateDataKey', context) : []
    },
  ],
  async decide(values, context) {
    const { record, body } = await findSecret(values.SecretName, context)
    demandNotInDeleteWindow(body)
    if (body.rotation) throw refuse('Rejected.UnsupportedOperation')
    const place = { secretName: record.id, versionId: values.VersionId }
    const existing = versionOf(body, values.VersionId)
    if (existing) {
      // A repeated call changes nothing, even if the version's stages have moved since the first call.
      const stored = await findValue(place, context)
      const isSame =
        stored.body.dataType === values.SecretDataType && (await openValue(stored, context)) === values.SecretData
      if (!isSame) throw refuse('Rejected.ResourceExist')
      return { reply: replyOf(record.id, existing), changes: [] }
    }
    const { now } = context
    const after = withVersion(body, { id: values.VersionId, stages: values.VersionStages, now })
    const value = { data: values.SecretData, dataType: values.SecretDataType }
    const key = await sealingKeyOf(body.encryptionKeyId, context)
    const stored = await sealValue(place, value, key, context)
    const { changes } = createdWith(key, context)
    const { dropped } = after
    const gone = dropped && (await findValue({ secretName: record.id, versionId: dropped.id }, context))
    return {
      reply: replyOf(record.id, versionOf(after.body, values.VersionId)),
      changes: [
        update(record, { body: after.body }),
        ...changes,
        stored,
        ...(gone ? [remove(SECRET_VALUE, gone, true)] : []),
      ],
    }
  },
})

function replyOf(SecretName: string, version: SecretVersion | null): Reply {
  return { SecretName, VersionId: version?.id ?? '', ...versionStages(version?.stages ?? []) }
}
