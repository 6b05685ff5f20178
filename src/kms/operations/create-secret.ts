import { Refusal, refuse } from '../../api/errors.ts'
import type { Resource } from '../../api/operation.ts'
import { choice, optional } from '../../api/parameters.ts'
import { insert } from '../../ledger/record.ts'
import { containerResource, findKey, keyIdOrAlias, keyResource } from '../key-name.ts'
import { type KmsContext, operation } from '../operation.ts'
import { description } from '../parameters.ts'
import { secretData, secretDataType, versionId } from '../secrets/parameters.ts'
import { SECRET, type SecretBody } from '../secrets/records.ts'
import { newSecretName, newSecretResource, secretArn } from '../secrets/secret-name.ts'
import { secretDueAt } from '../secrets/secret-state.ts'
import { CURRENT } from '../secrets/stages.ts'
import { sealingKeyOf, sealValue } from '../secrets/values.ts'
import { madeWith } from '../service-keys.ts'
import { demandSettable, tagList } from '../tags.ts'

export const CreateSecret = operation({
  name: 'CreateSecret',
  summary: 'Creates a secret with its first version, which is ACSCurrent.',
  parameters: {
    SecretName: newSecretName,
    VersionId: versionId,
    SecretData: secretData,
    SecretDataType: secretDataType,
    EncryptionKeyId: optional(keyIdOrAlias, null),
    Description: description,
    Tags: optional(tagList, []),
    SecretType: optional(choice('Generic', 'Rds', 'RAMCredentials', 'ECS'), 'Generic'),
  },
  access: 'Write',
  trail: {
    show: ['SecretName', 'VersionId', 'SecretDataType', 'SecretType', 'EncryptionKeyId', 'Description', 'Tags'],
    reply: ['Arn', 'SecretName', 'VersionId'],
  },
  refusals: [
    'Forbidden.ResourceNotFound',
    'Rejected.ResourceExist',
    'Rejected.ResourceInDeleteWindow',
    'Rejected.LimitExceeded',
    'Rejected.Disabled',
    'Rejected.PendingDeletion',
    'Rejected.PendingImport',
    'Rejected.KeyExhausted',
    'UnsupportedOperation',
  ],
  requestTags: ({ Tags }) => Tags,
  locate: [
    async (_, context) => [containerResource('secret', context)],
    async ({ EncryptionKeyId }, context) => chosenKey(EncryptionKeyId, context),
  ],
  async decide(values, context) {
    demandSettable(values.Tags, context)
    if (values.SecretType !== 'Generic') throw refuse('UnsupportedOperation')
    const { ledger, scope, now, settings } = context
    const { SecretName, VersionId } = values
    const encryptionKeyId = await chosenKeyId(values.EncryptionKeyId, context)
    const existing = await ledger.get(SECRET, scope, SecretName)
    if (existing)
      throw refuse(existing.body.deleteAt === null ? 'Rejected.ResourceExist' : 'Rejected.ResourceInDeleteWindow')
    const body: SecretBody = {
      secretType: values.SecretType,
      description: values.Description,
      encryptionKeyId,
      updatedAt: now,
      deleteAt: null,
      extendedConfig: null,
      rotation: null,
      versions: [{ id: VersionId, createdAt: now, stages: [CURRENT] }],
      tags: values.Tags,
    }
    const key = await sealingKeyOf(encryptionKeyId, context)
    const place = { secretName: SecretName, versionId: VersionId }
    const stored = await sealValue(place, { data: values.SecretData, dataType: values.SecretDataType }, key, context)
    const secret = insert(
      SECRET,
      { ...scope, id: SecretName, createdAt: now, dueAt: secretDueAt(body), body },
      settings.maxSecrets,
    )
    return {
      reply: { Arn: secretArn(SecretName, context), SecretName, VersionId, SecretType: body.secretType },
      changes: [secret, ...stored],
      made: [newSecretResource(SecretName, context), ...(madeWith(key, context).made ?? [])],
    }
  },
})

async function chosenKey(name: string | null, context: KmsContext): Promise<readonly Resource[]> {
  return name === null ? [] : [{ ...(await keyResource(name, context)), action: 'kms:GenerateDataKey' }]
}

/** Returns the id of the key that the call names. A key that is not there refuses the call as a resource of the secret. */
async function chosenKeyId(name: string | null, context: KmsContext): Promise<string | null> {
  if (name === null) return null
  try {
    return (await findKey(name, context, 'id or alias')).record.id
  } catch (error) {
    throw error instanceof Refusal ? refuse('Forbidden.ResourceNotFound') : error
  }
}
