import { refuse } from '../../api/errors.ts'
import { choice, optional, text } from '../../api/parameters.ts'
import { type Change, insert } from '../../ledger/record.ts'
import { containerResource, newKeyResource } from '../key-name.ts'
import { dueAt } from '../key-state.ts'
import { keyMetadata } from '../metadata.ts'
import { operation } from '../operation.ts'
import { description, flag } from '../parameters.ts'
import { CMK, type CmkBody, VERSION } from '../records.ts'
import { intervalMs, rotationInterval, withRotation } from '../rotation.ts'
import { demandSettable, tagList } from '../tags.ts'

export const CreateKey = operation({
  name: 'CreateKey',
  summary: 'Creates a CMK. With origin EXTERNAL it has no key material until you import it.',
  parameters: {
    Description: description,
    KeySpec: optional(
      choice('Aliyun_AES_256', 'Aliyun_SM4', 'RSA_2048', 'RSA_3072', 'EC_P256', 'EC_P256K', 'EC_SM2'),
      'Aliyun_AES_256',
    ),
    KeyUsage: optional(choice('ENCRYPT/DECRYPT', 'SIGN/VERIFY'), 'ENCRYPT/DECRYPT'),
    Origin: optional(choice('Aliyun_KMS', 'EXTERNAL'), 'Aliyun_KMS'),
    ProtectionLevel: optional(choice('SOFTWARE', 'HSM'), 'SOFTWARE'),
    EnableAutomaticRotation: flag,
    RotationInterval: optional(rotationInterval, null),
    Tags: optional(tagList, []),
    DKMSInstanceId: optional(text({ max: 256 }), null),
  },
  access: 'Write',
  trail: {
    show: [
      'Description',
      'KeySpec',
      'KeyUsage',
      'Origin',
      'ProtectionLevel',
      'EnableAutomaticRotation',
      'RotationInterval',
      'Tags',
    ],
    reply: [
      'KeyMetadata.KeyId',
      'KeyMetadata.Arn',
      'KeyMetadata.KeyState',
      'KeyMetadata.KeyUsage',
      'KeyMetadata.KeySpec',
      'KeyMetadata.Origin',
      'KeyMetadata.ProtectionLevel',
      'KeyMetadata.CreationDate',
    ],
  },
  refusals: [
    'Forbidden.DKMSInstanceNotFound',
    'Rejected.LimitExceeded',
    'Unsupported.ProtectionLevel',
    'UnsupportedOperation',
  ],
  requestTags: ({ Tags }) => Tags,
  async locate(_, context) {
    return [containerResource('key', context)]
  },
  async decide(values, context) {
    demandSettable(values.Tags, context)
    if (values.DKMSInstanceId) throw refuse('Forbidden.DKMSInstanceNotFound')
    if (values.ProtectionLevel === 'HSM' && !context.settings.hsmRegions.includes(context.scope.region))
      throw refuse('Unsupported.ProtectionLevel')
    if (values.KeySpec !== 'Aliyun_AES_256') throw refuse('UnsupportedOperation')
    if (values.KeyUsage !== 'ENCRYPT/DECRYPT')
      throw refuse('InvalidParameter', { name: 'KeyUsage', rule: 'A symmetric key is for ENCRYPT/DECRYPT.' })
    const rotation = values.EnableAutomaticRotation ? intervalMs(values.RotationInterval) : null
    if (rotation !== null && values.Origin === 'EXTERNAL')
      throw refuse('InvalidParameter', {
        name: 'EnableAutomaticRotation',
        rule: 'A key of origin EXTERNAL has only one version.',
      })
    const { scope, now, settings } = context
    const id = context.newRecordId()
    const versionId = values.Origin === 'Aliyun_KMS' ? context.newRecordId() : null
    const fresh: CmkBody = {
      description: values.Description,
      keySpec: values.KeySpec,
      keyUsage: values.KeyUsage,
      origin: values.Origin,
      protectionLevel: values.ProtectionLevel,
      state: versionId === null ? 'PendingImport' : 'Enabled',
      deleteAt: null,
      materialExpiresAt: null,
      primaryVersionId: versionId,
      lastRotationAt: versionId === null ? null : now,
      materialFingerprint: null,
      tags: values.Tags,
    }
    const body = withRotation(fresh, rotation)
    const changes: Change[] = [
      insert(CMK, { ...scope, id, createdAt: now, dueAt: dueAt(body), body }, settings.maxKeys),
    ]
    if (versionId !== null) {
      const material = await context.keystore.generate({
        ...scope,
        keyId: id,
        versionId,
        keySpec: body.keySpec,
        protectionLevel: body.protectionLevel,
      })
      const version = { ...scope, id: versionId, parent: id, createdAt: now, body: { keyId: id, material } }
      changes.push(insert(VERSION, version))
    }
    return {
      reply: { KeyMetadata: keyMetadata({ id, createdAt: now, body }, context) },
      changes,
      made: [newKeyResource(id, context)],
    }
  },
})
