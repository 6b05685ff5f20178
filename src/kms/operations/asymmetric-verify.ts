import { demandInFips } from '../../keystore/in-fips.ts'
import {
  ASYMMETRIC_REFUSALS,
  demandAsymmetric,
  demandSignable,
  signature,
  signingParameters,
  usablePair,
} from '../asymmetric.ts'
import { findKey } from '../key-name.ts'
import { locateKey } from '../key-resource.ts'
import { operation } from '../operation.ts'

export const AsymmetricVerify = operation({
  name: 'AsymmetricVerify',
  summary: 'Says whether a signature over a digest was made with a version of an asymmetric CMK.',
  parameters: { ...signingParameters, Value: signature },
  access: 'Read',
  trail: { show: ['KeyId', 'KeyVersionId', 'Algorithm', 'DryRun'], reply: ['KeyId', 'KeyVersionId'] },
  refusals: ASYMMETRIC_REFUSALS,
  locate: locateKey,
  async decide({ KeyId, KeyVersionId, Algorithm, Digest, Value }, context) {
    const key = await findKey(KeyId, context, 'id or alias')
    demandSignable(demandAsymmetric(key, 'SIGN/VERIFY'), Algorithm, Digest)
    const { version, publicKey } = await usablePair(key, KeyVersionId, context)
    if (context.settings.fips) demandInFips(key.body.keySpec, key.body.protectionLevel)
    const verified = await context.publicKeys.verify(context.scope.account, {
      publicKey,
      algorithm: Algorithm,
      digest: Digest,
      signature: Value,
    })
    return { reply: { KeyId: key.record.id, KeyVersionId: version.id, Value: verified }, changes: [] }
  },
})
