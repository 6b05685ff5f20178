// Data keys: their length, generation and export, shared by the operations that generate or export them.
import { refuse } from '../api/errors.ts'
import { choice, integer, optional, shaped, text, type Values } from '../api/parameters.ts'
import { OAEP_ALGORITHMS } from '../cryptography/algorithms.ts'
import { fromBase64 } from '../cryptography/encoding.ts'
import { EXPORT_CAPACITY, exportPublicKey, isSm2PublicKey } from '../cryptography/export-key.ts'
import { encryptRsa } from '../cryptography/rsa-encryption.ts'
import { KEY_SPECS } from '../keystore/key-spec.ts'
import { asBuffer } from '../runtime/bytes.ts'
import { endingWith, type MaybePromise } from '../runtime/maybe-promise.ts'
import type { KmsContext } from './operation.ts'

const DATA_KEY_BYTES: ReadonlyMap<string, number> = new Map([
  ['AES_256', 32],
  ['AES_128', 16],
])

export const dataKeyParameters = {
  KeySpec: optional(
    shaped(text({ max: 64, rule: 'AES_256 or AES_128. NumberOfBytes overrides it.' }), {
      choices: [...DATA_KEY_BYTES.keys()],
    }),
    'AES_256',
  ),
  NumberOfBytes: optional(integer({ min: 1, max: 1024 }), null),
}

/** Returns the length of the data key in bytes. Refuses with InvalidParameter. */
export function dataKeyLength({ KeySpec, NumberOfBytes }: Values<typeof dataKeyParameters>): number {
  const length = NumberOfBytes ?? DATA_KEY_BYTES.get(KeySpec)
  if (length === undefined) throw refuse('InvalidParameter', { name: 'KeySpec', rule: 'One of AES_256, AES_128.' })
  return length
}

/** Generates a data key, calls `use` with its bytes and their Base64 text, and then wipes both. A CMK encrypts the Base64 text. */
export function withNewDataKey<T>(
  length: number,
  context: KmsContext,
  use: (bytes: Uint8Array, text: Buffer) => MaybePromise<T>,
): MaybePromise<T> {
  const bytes = asBuffer(context.randomBytes(length))
  const base64 = Buffer.from(bytes.toString('base64'), 'latin1')
  return endingWith(
    () => use(bytes, base64),
    () => {
      bytes.fill(0)
      base64.fill(0)
    },
  )
}

/** The longest data key that an SM2 key wraps, in bytes: it wraps by encrypting. */
const SM2_CAPACITY = KEY_SPECS.EC_SM2.encryption.SM2PKE.mostPlaintext

const WRAPPING = { RSA_2048: OAEP_ALGORITHMS, EC_SM2: ['SM2PKE'] } as const
type WrappingKeySpec = keyof typeof WRAPPING

export const exportParameters = {
  PublicKeyBlob: text({
    max: 4096,
    rule: 'Base64 of the DER SubjectPublicKeyInfo of a key of WrappingKeySpec: RSA-2048 with an exponent of at most 64 bits, or SM2.',
  }),
  WrappingKeySpec: choice(...(Object.keys(WRAPPING) as WrappingKeySpec[])),
  WrappingAlgorithm: choice(...WRAPPING.RSA_2048, ...WRAPPING.EC_SM2),
}

/** The public key that an exported data key is wrapped for. */
interface Destination {
  /** The longest data key that it can wrap, in bytes. */
  readonly capacity: number
  wrap(dataKey: Uint8Array): Promise<Uint8Array>
}

/** Returns the destination that the parameters name. Refuses with InvalidParameter. */
export function destinationOf(
  { PublicKeyBlob, WrappingKeySpec, WrappingAlgorithm: algorithm }: Values<typeof exportParameters>,
  { publicKeys, scope }: KmsContext,
): Destination {
  const fitting: readonly string[] = WRAPPING[WrappingKeySpec]
  if (!fitting.includes(algorithm))
    throw refuse('InvalidParameter', {
      name: 'WrappingAlgorithm',
      rule: `A key of ${WrappingKeySpec} takes ${fitting.join(' or ')}.`,
    })
  const der = fromBase64(PublicKeyBlob)
  if (algorithm === 'SM2PKE' && der && isSm2PublicKey(der))
    return {
      capacity: SM2_CAPACITY,
      wrap: (dataKey) => publicKeys.encrypt(scope.account, { publicKey: der, algorithm, plaintext: dataKey }),
    }
  const publicKey = algorithm !== 'SM2PKE' && der ? exportPublicKey(der) : null
  if (!publicKey || algorithm === 'SM2PKE')
    throw refuse('InvalidParameter', { name: 'PublicKeyBlob', rule: exportParameters.PublicKeyBlob.rule })
  return {
    capacity: EXPORT_CAPACITY[algorithm],
    wrap: async (dataKey) => encryptRsa(publicKey, algorithm, dataKey),
  }
}

/** Returns the data key, wrapped for its destination, in Base64. */
export async function exported(destination: Destination, dataKey: Uint8Array): Promise<string> {
  return Buffer.from(await destination.wrap(dataKey)).toString('base64')
}
