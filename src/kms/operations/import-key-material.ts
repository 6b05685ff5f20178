import { type Refusal, refuse } from '../../api/errors.ts'
import { integer, optional, type Parameter, secret } from '../../api/parameters.ts'
import { isoSeconds } from '../../api/time.ts'
import { fromBase64 } from '../../cryptography/encoding.ts'
import { FIPS_WRAPPING, type ImportAlgorithm } from '../../cryptography/wrap.ts'
import type { Imported } from '../../keystore/keystore.ts'
import type { StoredMaterial } from '../../keystore/stored-material.ts'
import { type Change, insert, update } from '../../ledger/record.ts'
import { destructionOf } from '../destruction.ts'
import { decodeToken, wrappingPlace } from '../import-token.ts'
import { findVersion, keyId } from '../key-name.ts'
import { locateKey } from '../key-resource.ts'
import { dueAt, withMaterial } from '../key-state.ts'
import { type KmsContext, operation } from '../operation.ts'
import { VERSION } from '../records.ts'
import { findUsersKey } from '../service-keys.ts'

/** 9999-12-31T23:59:59Z: the last second that the API's dates can express. */
const LAST_SECOND = 253_402_300_799
const EXPIRY_RULE =
  'Seconds since 1970, not milliseconds, at which the material expires: in the future, up to the year 9999; 0 or absent for never.'

/** Whole seconds since 1970. A number that can only be milliseconds is refused with the corresponding seconds as a hint. */
const expirySecond: Parameter<number> = {
  ...integer({ min: 0, max: LAST_SECOND, rule: EXPIRY_RULE }),
  read(name, text) {
    const number = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
    if (number <= LAST_SECOND) return number
    const seconds = Math.floor(number / 1000)
    const hint = seconds <= LAST_SECOND ? ` As milliseconds it would be ${isoSeconds(number)}: send ${seconds}.` : ''
    throw refuse('InvalidParameter', { name, rule: EXPIRY_RULE + hint })
  },
}

export const ImportKeyMaterial = operation({
  name: 'ImportKeyMaterial',
  summary: 'Imports key material into a CMK of origin EXTERNAL. Importing the same material again changes its expiry.',
  parameters: {
    KeyId: keyId,
    EncryptedKeyMaterial: secret({ max: 65_536, rule: 'Base64 of the wrapped key material.' }),
    ImportToken: secret({ max: 65_536, rule: 'The ImportToken of GetParametersForImport.' }),
    KeyMaterialExpireUnix: optional(expirySecond, 0),
  },
  access: 'Write',
  trail: { show: ['KeyId', 'KeyMaterialExpireUnix'], reply: ['RequestId'] },
  refusals: [
    'Forbidden.KeyNotFound',
    'Unsupported.Alias',
    'UnsupportedOperation',
    'Unsupported.Origin',
    'Rejected.StateModifiedFailed',
    'InvalidImportToken',
    'ExpiredImportToken',
    'InvalidKeyMaterial',
  ],
  locate: locateKey,
  async decide({ KeyId, EncryptedKeyMaterial, ImportToken, KeyMaterialExpireUnix }, context) {
    const { now, scope } = context
    const expiresAt = KeyMaterialExpireUnix === 0 ? null : KeyMaterialExpireUnix * 1000
    if (expiresAt !== null && expiresAt <= now)
      throw refuse('InvalidParameter', { name: 'KeyMaterialExpireUnix', rule: 'It must be in the future, or 0.' })
    const { record, body } = await findUsersKey(KeyId, context, 'id')
    if (body.origin !== 'EXTERNAL') throw refuse('Unsupported.Origin')
    const ready = withMaterial(body, expiresAt)

    const token = decodeToken(ImportToken)
    if (context.settings.fips && !FIPS_WRAPPING.includes(token.algorithm))
      throw refuse('InvalidParameter', {
        name: 'ImportToken',
        rule: `It is for ${token.algorithm}, which FIPS mode does not support: get a token for ${FIPS_WRAPPING.join(' or ')}.`,
      })
    const versionId = body.primaryVersionId ?? context.newRecordId()
    const imported = await context.keystore.importMaterial(
      { ...scope, keyId: record.id, versionId, keySpec: body.keySpec, protectionLevel: body.protectionLevel },
      { ...token, place: wrappingPlace(record.id, token, context), expired: token.expiresAt <= now },
      fromBase64(EncryptedKeyMaterial) ?? new Uint8Array(0),
      body.materialFingerprint,
    )
    if (imported.outcome !== 'imported') throw refusalOf(imported, token.algorithm)

    const after = {
      ...ready,
      primaryVersionId: versionId,
      lastRotationAt: body.lastRotationAt ?? now,
      materialFingerprint: imported.fingerprint,
    }
    const change = update(record, { body: after, dueAt: dueAt(after) })
    const isFirst = body.primaryVersionId === null
    const version = isFirst
      ? [firstVersion(record.id, versionId, imported.material, context)]
      : await versionWithMaterial(record.id, versionId, imported.material, context)
    return { reply: {}, changes: [change, ...version] }
  },
})

/** Returns the refusal of a failed import. InvalidKeyMaterial gives no reason, since a reason would reveal something about the wrapped text. */
function refusalOf(imported: Exclude<Imported, { outcome: 'imported' }>, algorithm: ImportAlgorithm): Refusal {
  switch (imported.outcome) {
    case 'not a wrapping key':
      return refuse('InvalidImportToken')
    case 'expired':
      return refuse('ExpiredImportToken')
    case 'not material':
      return refuse('InvalidKeyMaterial')
    case 'unsupported': {
      const rule = `It is for ${algorithm}, and the managed HSM here ${imported.why}: get a token for another WrappingAlgorithm.`
      return refuse('InvalidParameter', { name: 'ImportToken', rule })
    }
  }
}

/** The change that inserts the CMK's first version. */
function firstVersion(
  keyId: string,
  id: string,
  material: StoredMaterial,
  { scope, now }: Pick<KmsContext, 'scope' | 'now'>,
): Change {
  return insert(VERSION, { ...scope, id, parent: keyId, createdAt: now, body: { keyId, material } })
}

/** The changes that set the version's material and destroy the material that it replaces. */
async function versionWithMaterial(
  keyId: string,
  versionId: string,
  material: StoredMaterial,
  context: KmsContext,
): Promise<readonly Change[]> {
  const version = await findVersion(versionId, context)
  if (!version) throw new Error(`key ${keyId} has no version ${versionId}`)
  const replaced = version.body.material
  const change = update(version, { body: { ...version.body, material } }, replaced !== null)
  return replaced === null ? [change] : [change, ...destructionOf(replaced, context.scope, context.now)]
}
