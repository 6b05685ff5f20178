import { refuse } from '../../api/errors.ts'
import { choice } from '../../api/parameters.ts'
import { isoSeconds } from '../../api/time.ts'
import { FIPS_WRAPPING, IMPORT_ALGORITHMS, IMPORT_WRAPPING, type ImportKeySpec } from '../../cryptography/wrap.ts'
import { encodeToken, TOKEN_VALID_MS, wrappingPlace } from '../import-token.ts'
import { keyId } from '../key-name.ts'
import { locateKey } from '../key-resource.ts'
import { operation } from '../operation.ts'
import { findUsersKey } from '../service-keys.ts'

export const GetParametersForImport = operation({
  name: 'GetParametersForImport',
  summary: 'Returns a public wrapping key and an import token. Both are valid for 24 hours.',
  parameters: {
    KeyId: keyId,
    WrappingAlgorithm: choice(...IMPORT_ALGORITHMS),
    WrappingKeySpec: choice(...(Object.keys(IMPORT_WRAPPING) as ImportKeySpec[])),
  },
  access: 'Read',
  trail: { show: ['KeyId', 'WrappingAlgorithm', 'WrappingKeySpec'], reply: ['KeyId', 'TokenExpireTime'] },
  refusals: [
    'Forbidden.KeyNotFound',
    'Unsupported.Alias',
    'UnsupportedOperation',
    'Unsupported.Origin',
    'Rejected.LimitExceeded',
  ],
  locate: locateKey,
  async decide({ KeyId, WrappingKeySpec, WrappingAlgorithm: algorithm }, context) {
    if (context.settings.strictCloud && WrappingKeySpec !== 'RSA_2048')
      throw refuse('InvalidParameter', {
        name: 'WrappingKeySpec',
        rule: 'RSA_2048. The operator allows no extensions.',
      })
    const fitting: readonly string[] = IMPORT_WRAPPING[WrappingKeySpec]
    if (!fitting.includes(algorithm))
      throw refuse('InvalidParameter', {
        name: 'WrappingAlgorithm',
        rule: `A key of ${WrappingKeySpec} takes ${fitting.join(' or ')}.`,
      })
    if (context.settings.fips && !FIPS_WRAPPING.includes(algorithm))
      throw refuse('InvalidParameter', {
        name: 'WrappingAlgorithm',
        rule: `In FIPS mode: ${FIPS_WRAPPING.join(' or ')}.`,
      })
    const { record, body } = await findUsersKey(KeyId, context, 'id')
    if (body.origin !== 'EXTERNAL') throw refuse('Unsupported.Origin')
    const expiresAt = context.now + TOKEN_VALID_MS
    const place = wrappingPlace(record.id, { algorithm, expiresAt }, context)
    const { protectionLevel } = body
    const purpose = { ...context.scope, keyId: record.id, protectionLevel, place, algorithm, expiresAt }
    const made = await context.keystore.wrappingKey(purpose)
    if (made.outcome === 'too many') throw refuse('Rejected.LimitExceeded')
    if (made.outcome === 'unsupported')
      throw refuse('InvalidParameter', {
        name: 'WrappingAlgorithm',
        rule: `The managed HSM here ${made.why}: choose another algorithm.`,
      })
    const { publicKey, sealedPrivateKey } = made
    const reply = {
      KeyId: record.id,
      PublicKey: Buffer.from(publicKey).toString('base64'),
      ImportToken: encodeToken({ algorithm, expiresAt, sealedPrivateKey }),
      TokenExpireTime: isoSeconds(expiresAt),
    }
    return { reply, changes: [] }
  },
})
