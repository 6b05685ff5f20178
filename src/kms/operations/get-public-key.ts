import { pem } from '../../cryptography/encoding.ts'
import { ASYMMETRIC_REFUSALS, demandAsymmetric, usablePair, versionOfKey } from '../asymmetric.ts'
import { findKey } from '../key-name.ts'
import { locateKey } from '../key-resource.ts'
import { operation } from '../operation.ts'
import { dryRun } from '../parameters.ts'

export const GetPublicKey = operation({
  name: 'GetPublicKey',
  summary: 'Returns the public key of a version of an asymmetric CMK, in PEM.',
  parameters: { ...versionOfKey, ...dryRun },
  access: 'Read',
  trail: { show: ['KeyId', 'KeyVersionId', 'DryRun'], reply: [] },
  refusals: ASYMMETRIC_REFUSALS,
  locate: locateKey,
  async decide({ KeyId, KeyVersionId }, context) {
    const key = await findKey(KeyId, context, 'id or alias')
    demandAsymmetric(key, null)
    const { version, publicKey } = await usablePair(key, KeyVersionId, context)
    return {
      reply: { KeyId: key.record.id, KeyVersionId: version.id, PublicKey: pem('PUBLIC KEY', publicKey) },
      changes: [],
    }
  },
})
