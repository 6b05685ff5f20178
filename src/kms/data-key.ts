// Data keys: their length, generation and export, shared by the operations that generate or export them.
import type { KeyObject } from 'node:crypto'
import { refuse } from '../api/errors.ts'
import { choice, integer, optional, shaped, text, type Values } from '../api/parameters.ts'
import { fromBase64 } from '../cryptography/encoding.ts'
import {
  EXPORT_ALGORITHMS,
  EXPORT_CAPACITY,
  type ExportAlgorithm,
  exportPublicKey,
  wrapForExport,
} from '../cryptography/export-key.ts'
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

/** Generates a data key and passes `use` its bytes and their Base64 text, which is what a CMK encrypts; then wipes both. */
export async function withNewDataKey<T>(
  length: number,
  context: KmsContext,
  use: (bytes: Uint8Array, text: Buffer) => Promise<T>,
): Promise<T> {
  const random = context.randomBytes(length)
  const bytes = Buffer.from(random.buffer, random.byteOffset, random.byteLength)
  const base64 = Buffer.from(bytes.toString('base64'), 'latin1')
  try {
    return await use(bytes, base64)
  } finally {
    bytes.fill(0)
    base64.fill(0)
  }
}

export const exportParameters = {
  PublicKeyBlob: text({ max: 4096, rule: 'Base64 of the DER SubjectPublicKeyInfo of an RSA-2048 key.' }),
  WrappingKeySpec: choice('RSA_2048'),
  WrappingAlgorithm: choice(...EXPORT_ALGORITHMS),
}

/** The public key that an exported data key is wrapped for. */
export interface Destination {
  readonly publicKey: KeyObject
  readonly algorithm: ExportAlgorithm
  /** The most bytes that it can wrap. */
  readonly capacity: number
}

/** Returns the destination that the parameters name. Refuses with InvalidParameter. */
export function destinationOf({ PublicKeyBlob, WrappingAlgorithm: algorithm }: Values<typeof exportParameters>) {
  const der = fromBase64(PublicKeyBlob)
  const publicKey = der && exportPublicKey(der)
  if (!publicKey) throw refuse('InvalidParameter', { name: 'PublicKeyBlob', rule: exportParameters.PublicKeyBlob.rule })
  return { publicKey, algorithm, capacity: EXPORT_CAPACITY[algorithm] } satisfies Destination
}

/** Returns the data key, wrapped for its destination, in Base64. */
export function exported({ publicKey, algorithm }: Destination, dataKey: Uint8Array): string {
  return wrapForExport(publicKey, algorithm, dataKey).toString('base64')
}
