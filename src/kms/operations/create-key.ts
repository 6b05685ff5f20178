import { because, refuse } from '../../api/errors.ts'
import { choice, optional, text } from '../../api/parameters.ts'
import {
  asymmetricSpec,
  isInCloud,
  isInFips,
  KEY_SPEC_NAMES,
  KEY_SPECS,
  type KeySpec,
  type KeyUsage,
  livesIn,
  usagesOf,
} from '../../keystore/key-spec.ts'
import { type Change, insert } from '../../ledger/record.ts'
import { containerResource, newKeyResource } from '../key-resource.ts'
import { dueAt } from '../key-state.ts'
import { keyMetadata } from '../metadata.ts'
import { operation } from '../operation.ts'
import { description, flag } from '../parameters.ts'
import { CMK, type CmkBody, VERSION } from '../records.ts'
import { intervalMs, rotationInterval, withRotation } from '../rotation.ts'
import { demandSettable, firstTags } from '../tags.ts'
import { newVersion } from '../version.ts'

const USAGES = ['ENCRYPT/DECRYPT', 'SIGN/VERIFY'] as const
const keyUsage = {
  ...choice(...USAGES),
  rule: `One of ${USAGES.join(', ')}. Default: ENCRYPT/DECRYPT, and SIGN/VERIFY for a KeySpec that only signs.`,
}

export const CreateKey = operation({
  name: 'CreateKey',
  summary: 'Creates a CMK. With origin EXTERNAL it has no key material until you import it.',
  parameters: {
    Description: description,
    KeySpec: optional(choice(...KEY_SPEC_NAMES), 'Aliyun_AES_256'),
    KeyUsage: optional(keyUsage, null),
    Origin: optional(choice('Aliyun_KMS', 'EXTERNAL'), 'Aliyun_KMS'),
    ProtectionLevel: optional(choice('SOFTWARE', 'HSM'), 'SOFTWARE'),
    EnableAutomaticRotation: flag,
    RotationInterval: optional(rotationInterval, null),
    Tags: firstTags,
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
    if (!livesIn(values.KeySpec, values.ProtectionLevel))
      throw because(refuse('UnsupportedOperation'), `PKCS #11 has no mechanism for ${values.KeySpec} in a managed HSM`)
    if (context.settings.strictCloud && !isInCloud(values.KeySpec, values.ProtectionLevel))
      throw refuse('InvalidParameter', {
        name: 'KeySpec',
        rule: `The cloud has no keys of ${values.KeySpec} at protection level ${values.ProtectionLevel}, and the operator allows no extensions.`,
      })
    if (context.settings.fips && !isInFips(values.KeySpec, values.ProtectionLevel))
      throw refuse('InvalidParameter', {
        name: 'KeySpec',
        rule: `In FIPS mode the software store has no keys of ${values.KeySpec}. It must be one of ${KEY_SPEC_NAMES.filter((spec) => KEY_SPECS[spec].fips).join(', ')}.`,
      })
    const keyUsage = usageFor(values)
    const isAsymmetric = asymmetricSpec(values.KeySpec) !== null
    if (isAsymmetric && values.Origin === 'EXTERNAL')
      throw refuse('InvalidParameter', {
        name: 'Origin',
        rule: 'Only the material of a symmetric key can be imported.',
      })
    const rotation = values.EnableAutomaticRotation ? intervalMs(values.RotationInterval) : null
    if (rotation !== null && values.Origin === 'EXTERNAL')
      throw refuse('InvalidParameter', {
        name: 'EnableAutomaticRotation',
        rule: 'A key of origin EXTERNAL has only one version.',
      })
    if (rotation !== null && isAsymmetric)
      throw refuse('InvalidParameter', {
        name: 'EnableAutomaticRotation',
        rule: 'An asymmetric key gets its versions from CreateKeyVersion.',
      })
    const { scope, now, settings } = context
    const id = context.newRecordId()
    const versionId = values.Origin === 'Aliyun_KMS' ? context.newRecordId() : null
    const fresh: CmkBody = {
      description: values.Description,
      keySpec: values.KeySpec,
      keyUsage,
      origin: values.Origin,
      protectionLevel: values.ProtectionLevel,
      state: versionId === null ? 'PendingImport' : 'Enabled',
      deleteAt: null,
      materialExpiresAt: null,
      primaryVersionId: isAsymmetric ? null : versionId,
      lastRotationAt: versionId === null ? null : now,
      materialFingerprint: null,
      tags: values.Tags,
    }
    const body = withRotation(fresh, rotation)
    const changes: Change[] = [
      insert(CMK, { ...scope, id, createdAt: now, dueAt: dueAt(body), body }, settings.maxKeys),
    ]
    if (versionId !== null) changes.push(insert(VERSION, await newVersion({ id, body }, versionId, context)))
    return {
      reply: { KeyMetadata: keyMetadata({ id, createdAt: now, body }, context) },
      changes,
      created: [newKeyResource(id, context)],
    }
  },
})

/** The usage of the new key. Refuses a usage that its spec does not support. */
function usageFor({ KeySpec, KeyUsage }: { readonly KeySpec: KeySpec; readonly KeyUsage: KeyUsage | null }): KeyUsage {
  const usages = usagesOf(KeySpec)
  const usage = usages.find((supported) => supported === (KeyUsage ?? usages[0]))
  if (usage) return usage
  throw refuse('InvalidParameter', { name: 'KeyUsage', rule: `A key of ${KeySpec} is for ${usages.join(' or ')}.` })
}
