// X25519 recipients and identities of age files (https://c2sp.org/age): their keys, and the stanzas that wrap the file key for each recipient.
// age-header.ts has the header, age-stream.ts the payload. Tests: test/cryptography/age.test.ts, by the vectors of C2SP/CCTV, and against the
// official TypeScript implementation.
import { createPrivateKey, createPublicKey, diffieHellman, hkdfSync, type KeyObject } from 'node:crypto'
import {
  AgeFault,
  damaged,
  decodeHeader,
  demandMac,
  encodeHeader,
  fromUnpadded,
  type Stanza,
  unpadded,
  unwrapFileKey,
  VERSION,
  WRAPPED_BYTES,
  wrapFileKey,
} from './age-header.ts'
import { decodeBech32, encodeBech32 } from './bech32.ts'

/** Length of an X25519 private key. Every value of this length is a valid one. */
export const SCALAR_BYTES = 32
const POINT_BYTES = 32

const LABEL = `${VERSION}/X25519`
const RAW_X25519 = { asymmetricKeyType: 'x25519' } as const

/** A public key, `age1…` in text. */
export interface Recipient {
  readonly point: Buffer
}

/** A private key, `AGE-SECRET-KEY-1…` in text. */
export interface Identity {
  readonly key: KeyObject
  readonly recipient: Recipient
}

/** The identity of these 32 bytes. */
export function identityOf(scalar: Uint8Array): Identity {
  const key = createPrivateKey({ key: Buffer.from(scalar), format: 'raw-private', ...RAW_X25519 })
  return { key, recipient: { point: createPublicKey(key).export({ format: 'raw-public' }) } }
}

/** Decodes an X25519 identity; null for any other text. */
export function decodeIdentity(text: string): Identity | null {
  const bytes = text === text.toUpperCase() ? decodeBech32('age-secret-key-', text) : null
  return bytes?.length === SCALAR_BYTES ? identityOf(bytes) : null
}

export function encodeIdentity({ key }: Identity): string {
  return encodeBech32('age-secret-key-', key.export({ format: 'raw-private' })).toUpperCase()
}

/** Decodes an X25519 recipient; null for any other text. */
export function decodeRecipient(text: string): Recipient | null {
  const point = text === text.toLowerCase() ? decodeBech32('age', text) : null
  return point?.length === POINT_BYTES ? { point } : null
}

export function encodeRecipient({ point }: Recipient): string {
  return encodeBech32('age', point)
}

/** Encodes the header for these recipients, each with its own ephemeral private key. Throws for a recipient of low order. */
export function sealHeader(
  fileKey: Uint8Array,
  recipients: readonly { readonly recipient: Recipient; readonly ephemeral: Uint8Array }[],
): Buffer {
  const stanzas = recipients.map(({ recipient, ephemeral }): Stanza => {
    const { key, recipient: share } = identityOf(ephemeral)
    const wrapping = wrappingKey(key, recipient.point, share.point, recipient.point)
    return { args: ['X25519', unpadded(share.point)], body: wrapFileKey(wrapping, fileKey) }
  })
  return encodeHeader(fileKey, stanzas)
}

/** Returns the file key in a header (without the line break at its end), and verifies the header's MAC. Throws AgeFault. */
export function openHeader(header: Uint8Array, identities: readonly Identity[]): Buffer {
  const read = decodeHeader(header)
  const fileKey = fileKeyIn(read.stanzas, identities)
  if (!fileKey) throw new AgeFault('no match', 'it was sealed for other keys than the identity given')
  demandMac(read, fileKey)
  return fileKey
}

function fileKeyIn(stanzas: readonly Stanza[], identities: readonly Identity[]): Buffer | null {
  let found: Buffer | null = null
  for (const { args, body } of stanzas) {
    if (args[0] !== 'X25519') continue
    const point = args[1] === undefined ? null : fromUnpadded(args[1])
    if (args.length !== 2 || point?.length !== POINT_BYTES || body.length !== WRAPPED_BYTES)
      throw damaged('an X25519 stanza is malformed')
    for (const { key, recipient } of identities)
      found ??= unwrapFileKey(wrappingKey(key, point, point, recipient.point), body)
  }
  return found
}

function wrappingKey(own: KeyObject, peer: Buffer, share: Buffer, recipient: Buffer): Buffer {
  const publicKey = createPublicKey({ key: peer, format: 'raw-public', ...RAW_X25519 })
  let secret: Buffer
  try {
    secret = diffieHellman({ privateKey: own, publicKey })
  } catch {
    // OpenSSL refuses an all-zero shared secret, as the specification demands.
    throw damaged('an X25519 point has low order')
  }
  const wrapping = Buffer.from(hkdfSync('sha256', secret, Buffer.concat([share, recipient]), LABEL, 32))
  secret.fill(0)
  return wrapping
}
