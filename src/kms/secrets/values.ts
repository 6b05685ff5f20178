// The values of secrets under envelope encryption (docs/decisions/0025-sealed-values-of-secrets.md): each value has its own data key, which
// the secret's CMK encrypts. So a value can be read only while its CMK can decrypt.

import { refuse } from '../../api/errors.ts'
import type { Resource } from '../../api/operation.ts'
import { decodeCiphertext } from '../../cryptography/ciphertext.ts'
import { digestOf } from '../../cryptography/encoding.ts'
import { KEY_BYTES, type MessageKey, NONCE_BYTES, Xaes } from '../../cryptography/xaes.ts'
import { DeviceTime, Unopenable } from '../../keystore/keystore.ts'
import { type Change, insert, type Scope } from '../../ledger/record.ts'
import { andThen, type MaybePromise } from '../../runtime/maybe-promise.ts'
import { onceFor } from '../../runtime/once-for.ts'
import { decryptWith, type EncryptionContext, encryptWith, type UsableVersion, usableVersion } from '../cryptography.ts'
import { type FoundKey, findKeyById } from '../key-name.ts'
import { keyResourceById } from '../key-resource.ts'
import { asKms, serviceKeyOf, type ValueContext } from '../service-keys.ts'
import { messageKeyOf } from './message-keys.ts'
import { SECRET_VALUE, type SecretBody, type SecretDataType, type SecretValue, valueId } from './records.ts'
import { secretArn } from './secret-name.ts'

/** The version of a secret that a value belongs to. */
interface ValuePlace {
  readonly secretName: string
  readonly versionId: string
}

/** A value. `data` is text even where `dataType` is binary. */
export interface Value {
  readonly data: string
  readonly dataType: SecretDataType
}

const FORMAT = 1
/** Where the ciphertext begins in a sealed value, behind format and nonce. */
const SEALED_AT = 1 + NONCE_BYTES

/** Returns the key that encrypts new values of a secret: the key that its user chose, or else KMS's service key, which may be new. */
export function sealingKeyOf(encryptionKeyId: string | null, context: ValueContext): MaybePromise<FoundKey> {
  return encryptionKeyId === null ? serviceKeyOf('kms', context) : findKeyById(encryptionKeyId, context)
}

/**
 * Returns the change that stores the value of a new version. If the key is new, the caller must commit the key's changes too. Refuses as
 * Encrypt does where the CMK can't encrypt.
 */
export async function sealValue(
  { secretName, versionId }: ValuePlace,
  { data, dataType }: Value,
  key: FoundKey,
  context: ValueContext,
): Promise<Change> {
  const { scope, now } = context
  const place = { ...scope, secretName, versionId }
  const dataKey = context.randomBytes(KEY_BYTES)
  const plaintext = Buffer.from(data)
  try {
    const encrypted = await encryptWith(key, dataKey, boundTo(place), asKms(context))
    const body = {
      dataType,
      keyVersionId: encrypted.KeyVersionId,
      dataKey: encrypted.CiphertextBlob,
      sealed: sealedUnder(dataKey, place, plaintext, context),
    }
    const id = valueId(secretName, versionId)
    return insert(SECRET_VALUE, { ...scope, id, parent: secretName, createdAt: now, body })
  } finally {
    dataKey.fill(0)
    plaintext.fill(0)
  }
}

/** Returns the value of a version. Refuses as Decrypt does where the CMK can't decrypt. */
export function openValue(stored: SecretValue, context: ValueContext, time = new DeviceTime()): MaybePromise<string> {
  return andThen(usableVersion(stored.body.keyVersionId, asKms(context)), (usable) => {
    const bytes = Buffer.from(stored.body.sealed, 'base64')
    if (bytes.length < SEALED_AT) throw unopenable(stored)
    const keeps = usable.key.body.protectionLevel === 'SOFTWARE'
    const known = keeps ? context.messageKeys.get(stored) : null
    if (known) return opened(known, bytes, stored)
    return andThen(dataKeyOf(stored, usable, context, time), (dataKey) => {
      const nonce = bytes.subarray(1, SEALED_AT)
      if (keeps) return opened(context.messageKeys.keep(stored, dataKey, nonce), bytes, stored)
      const key = messageKeyOf(dataKey, nonce)
      try {
        return opened(key, bytes, stored)
      } finally {
        key.wipe()
      }
    })
  })
}

/** Decrypts the data key of a value. Throws Unopenable when it is not authentic. */
function dataKeyOf(
  stored: SecretValue,
  usable: UsableVersion,
  context: ValueContext,
  time: DeviceTime,
): MaybePromise<Uint8Array> {
  const message = decodeCiphertext(stored.body.dataKey)
  if (!message) throw unopenable(stored)
  const encryptionContext = boundTo(placeOf(stored))
  return andThen(decryptWith(usable, message, { encryptionContext, context, time }), (dataKey) => {
    if (!dataKey) throw unopenable(stored)
    return dataKey
  })
}

/** Refuses as openValue does, without the use of key material. */
export async function valueOfDryRun({ body }: SecretValue, context: ValueContext): Promise<string> {
  await usableVersion(body.keyVersionId, asKms(context))
  return ''
}

/** Returns the stored value of a version. Refuses with Forbidden.ResourceNotFound. */
export function findValue(
  { secretName, versionId }: ValuePlace,
  { ledger, scope }: Pick<ValueContext, 'ledger' | 'scope'>,
): MaybePromise<SecretValue> {
  return andThen(ledger.get(SECRET_VALUE, scope, valueId(secretName, versionId)), (stored) => {
    if (!stored) throw refuse('Forbidden.ResourceNotFound')
    return stored
  })
}

/** The CMK that the user of a secret chose, as a resource on which `action` must be allowed; a denial shows only the secret. */
export function keyResourcesOf(
  secretName: string,
  { encryptionKeyId }: Pick<SecretBody, 'encryptionKeyId'>,
  action: 'kms:Decrypt' | 'kms:GenerateDataKey',
  context: ValueContext,
): MaybePromise<readonly Resource[]> {
  if (encryptionKeyId === null) return []
  const asked = secretArn(secretName, context)
  return andThen(keyResourceById(encryptionKeyId, context), (key) => [{ ...key, action, asked }])
}

function placeOf({ account, region, id, parent }: SecretValue): Place {
  const secretName = parent ?? ''
  return { account, region, secretName, versionId: id.slice(secretName.length + 1) }
}

function sealedUnder(dataKey: Uint8Array, place: Place, plaintext: Uint8Array, context: ValueContext): string {
  const nonce = context.randomBytes(NONCE_BYTES)
  const xaes = new Xaes(dataKey)
  const sealed = xaes.seal(nonce, plaintext, associatedDataOf(place))
  xaes.wipe()
  return Buffer.concat([Buffer.of(FORMAT), nonce, sealed]).toString('base64')
}

/** Opens a sealed value: format, nonce, ciphertext and tag. */
function opened(key: MessageKey, bytes: Buffer, stored: SecretValue): string {
  const plaintext = bytes[0] === FORMAT ? key.open(bytes.subarray(SEALED_AT), associatedDataFor(stored)) : null
  if (!plaintext) throw unopenable(stored)
  const value = plaintext.toString()
  plaintext.fill(0)
  return value
}

type Place = ValuePlace & Scope

/** The associated data of a value: moved to another record, the value does not open. */
function associatedDataOf({ account, region, secretName, versionId }: Place): Buffer {
  return digestOf(['strongroom/secret-value/1', account, region, secretName, versionId])
}

/** The associated data of a stored value. */
const associatedDataFor = onceFor((stored: SecretValue): Uint8Array => associatedDataOf(placeOf(stored)))

/** The encryption context of a data key. Beside account, region and key, it binds the data key to one version of one secret. */
function boundTo({ secretName, versionId }: ValuePlace): EncryptionContext {
  return new Map([
    ['SecretName', secretName],
    ['VersionId', versionId],
  ])
}

function unopenable({ id }: SecretValue): Unopenable {
  return new Unopenable(`the value of secret version ${id} does not open`)
}
