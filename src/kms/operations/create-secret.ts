import { Refusal, refuse } from '../../api/errors.ts'
import type { Resource } from '../../api/operation.ts'
import { choice, optional, text } from '../../api/parameters.ts'
import { type Change, insert } from '../../ledger/record.ts'
import { findKey, keyIdOrAlias } from '../key-name.ts'
import { containerResource, keyResource } from '../key-resource.ts'
import { type KmsContext, operation } from '../operation.ts'
import { description, flag } from '../parameters.ts'
import { extendedConfig } from '../secrets/extended-config.ts'
import { freshSecret, locateRotated } from '../secrets/fresh-secret.ts'
import { secretData, secretDataType, versionId } from '../secrets/parameters.ts'
import { SECRET, type SecretBody } from '../secrets/records.ts'
import { rotationMembers } from '../secrets/replies.ts'
import { secretRotationInterval } from '../secrets/rotation.ts'
import { newSecretName, newSecretResource, secretArn } from '../secrets/secret-name.ts'
import { secretDueAt } from '../secrets/secret-state.ts'
import { sealingKeyOf, sealValue } from '../secrets/values.ts'
import { createdWith } from '../service-keys.ts'
import { demandSettable, firstTags } from '../tags.ts'

export const CreateSecret = operation({
  name: 'CreateSecret',
  summary:
    'Creates a secret with its first version, which is ACSCurrent. The service rotates secrets that are not of type Generic.',
  parameters: {
    SecretName: newSecretName,
    VersionId: versionId,
    SecretData: secretData,
    SecretDataType: secretDataType,
    EncryptionKeyId: optional(keyIdOrAlias, null),
    Description: description,
    Tags: firstTags,
    SecretType: optional(choice('Generic', 'Rds', 'RAMCredentials', 'ECS'), 'Generic'),
    ExtendedConfig: optional(extendedConfig, null),
    EnableAutomaticRotation: flag,
    RotationInterval: optional(secretRotationInterval, null),
    DKMSInstanceId: optional(text({ max: 256 }), null),
  },
  access: 'Write',
  trail: {
    show: [
      'SecretName',
      'VersionId',
      'SecretDataType',
      'SecretType',
      'EncryptionKeyId',
      'Description',
      'Tags',
      'EnableAutomaticRotation',
      'RotationInterval',
    ],
    reply: ['Arn', 'SecretName', 'VersionId'],
  },
  refusals: [
    'Forbidden.DKMSInstanceNotFound',
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
    locateRotated,
  ],
  async decide(values, context) {
    demandSettable(values.Tags, context)
    if (values.DKMSInstanceId) throw refuse('Forbidden.DKMSInstanceNotFound')
    if (values.SecretType === 'ECS') throw refuse('UnsupportedOperation')
    const { ledger, scope, now, settings } = context
    const encryptionKeyId = await chosenKeyId(values.EncryptionKeyId, context)
    const fresh = await freshSecret(values, values.SecretType, context)
    const { name } = fresh
    const existing = await ledger.get(SECRET, scope, name)
    if (existing)
      throw refuse(existing.body.deleteAt === null ? 'Rejected.ResourceExist' : 'Rejected.ResourceInDeleteWindow')
    const body: SecretBody = {
      secretType: values.SecretType,
      description: values.Description,
      encryptionKeyId,
      updatedAt: now,
      deleteAt: null,
      extendedConfig: fresh.extendedConfig,
      rotation: fresh.rotation,
      versions: fresh.versions.map(({ version }) => version),
      tags: values.Tags,
    }
    const key = await sealingKeyOf(encryptionKeyId, context)
    const stored: Change[] = []
    const { changes, created = [] } = createdWith(key, context)
    for (const { version, data } of fresh.versions) {
      const place = { secretName: name, versionId: version.id }
      stored.push(await sealValue(place, { data, dataType: values.SecretDataType }, key, context))
    }
    const secret = insert(
      SECRET,
      { ...scope, id: name, createdAt: now, dueAt: secretDueAt(body), body },
      settings.maxSecrets,
    )
    return {
      reply: {
        Arn: secretArn(name, context),
        SecretName: name,
        VersionId: values.VersionId,
        SecretType: body.secretType,
        ...rotationMembers(body),
      },
      changes: [secret, ...changes, ...stored],
      created: [newSecretResource(name, context), ...created],
    }
  },
})

async function chosenKey(name: string | null, context: KmsContext): Promise<readonly Resource[]> {
  return name === null ? [] : [{ ...(await keyResource(name, context)), action: 'kms:GenerateDataKey' }]
}

/** Returns the id of the key that the call names. Refuses a key that does not exist as a missing resource of the secret. */
async function chosenKeyId(name: string | null, context: KmsContext): Promise<string | null> {
  if (name === null) return null
  try {
    return (await findKey(name, context, 'id or alias')).record.id
  } catch (error) {
    throw error instanceof Refusal ? refuse('Forbidden.ResourceNotFound') : error
  }
}
