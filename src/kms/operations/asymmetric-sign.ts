import { ASYMMETRIC_REFUSALS, demandAsymmetric, demandSignable, signingParameters, usablePair } from '../asymmetric.ts'
import { findKey } from '../key-name.ts'
import { locateKey } from '../key-resource.ts'
import { operation } from '../operation.ts'

export const AsymmetricSign = operation({
  name: 'AsymmetricSign',
  summary: 'Signs a digest with the private key of a version of an asymmetric CMK.',
  parameters: signingParameters,
  access: 'Read',
  trail: { show: ['KeyId', 'KeyVersionId', 'Algorithm', 'DryRun'], reply: ['KeyId', 'KeyVersionId'] },
  refusals: ASYMMETRIC_REFUSALS,
  locate: locateKey,
  async decide({ KeyId, KeyVersionId, Algorithm, Digest }, context) {
    const key = await findKey(KeyId, context, 'id or alias')
    demandSignable(demandAsymmetric(key, 'SIGN/VERIFY'), Algorithm, Digest)
    const { version, place, material } = await usablePair(key, KeyVersionId, context)
    const signature = await context.keystore.sign(place, material, Algorithm, Digest)
    const Value = Buffer.from(signature).toString('base64')
    return { reply: { KeyId: key.record.id, KeyVersionId: version.id, Value }, changes: [] }
  },
})
