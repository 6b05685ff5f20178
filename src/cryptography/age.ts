// Files of age (https://c2sp.org/age) for X25519 recipients: their keys, and the header that holds the file key for each recipient. age-stream.ts
// has the payload. Tests: test/cryptography/age.test.ts, by the vectors of C2SP/CCTV, and against the official TypeScript implementation.
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  hkdfSync,
  type KeyObject,
  timingSafeEqual,
} from 'node:crypto'
import { decodeBech32, encodeBech32 } from './bech32.ts'

export const FILE_KEY_BYTES = 16
/** Of a private key of X25519, an identity or an ephemeral one: any bytes will do. */
export const SCALAR_BYTES = 32
const POINT_BYTES = 32
const TAG_BYTES = 16
const MAC_BYTES = 32

const VERSION = 'age-encryption.org/v1'
const LABEL = `${VERSION}/X25519`
const CIPHER = 'chacha20-poly1305'
const RAW_X25519 = { asymmetricKeyType: 'x25519' } as const
/** Each file key wraps under a key of its own. */
const ZERO_NONCE = Buffer.alloc(12)

/** Why a file does not open. `no match`: it is for other identities. `header`, `mac` and `payload`: it is damaged, or no age file. */
export class AgeFault extends Error {
  readonly kind: 'no match' | 'header' | 'mac' | 'payload'
  constructor(kind: AgeFault['kind'], message: string) {
    super(message)
    this.kind = kind
  }
}

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

/** Returns null when the text is no identity of X25519. */
export function decodeIdentity(text: string): Identity | null {
  const bytes = text === text.toUpperCase() ? decodeBech32('age-secret-key-', text) : null
  return bytes?.length === SCALAR_BYTES ? identityOf(bytes) : null
}

export function encodeIdentity({ key }: Identity): string {
  return encodeBech32('age-secret-key-', key.export({ format: 'raw-private' })).toUpperCase()
}

/** Returns null when the text is no recipient of X25519. */
export function decodeRecipient(text: string): Recipient | null {
  const point = text === text.toLowerCase() ? decodeBech32('age', text) : null
  return point?.length === POINT_BYTES ? { point } : null
}

export function encodeRecipient({ point }: Recipient): string {
  return encodeBech32('age', point)
}

/** The header for these recipients, each with an ephemeral private key of its own. Throws for a recipient of low order. */
export function sealHeader(
  fileKey: Uint8Array,
  recipients: readonly { readonly recipient: Recipient; readonly ephemeral: Uint8Array }[],
): Buffer {
  const stanzas = recipients.map(({ recipient, ephemeral }) => {
    const { key, recipient: share } = identityOf(ephemeral)
    const wrapping = wrappingKey(key, recipient.point, share.point, recipient.point)
    const cipher = createCipheriv(CIPHER, wrapping, ZERO_NONCE, { authTagLength: TAG_BYTES })
    const body = Buffer.concat([cipher.update(fileKey), cipher.final(), cipher.getAuthTag()])
    return `-> X25519 ${unpadded(share.point)}\n${unpadded(body)}\n`
  })
  const signed = `${VERSION}\n${stanzas.join('')}---`
  return Buffer.from(`${signed} ${unpadded(macOf(fileKey, signed))}\n`, 'latin1')
}

/** The file key in a header, with its line break. Throws AgeFault. */
export function openHeader(header: Uint8Array, identities: readonly Identity[]): Buffer {
  const text = Buffer.from(header).toString('latin1')
  const { stanzas, mac, signed } = parsed(text)
  const fileKey = fileKeyIn(stanzas, identities)
  if (!fileKey) throw new AgeFault('no match', 'it was sealed for other keys than the identity given')
  if (!timingSafeEqual(mac, macOf(fileKey, signed)))
    throw new AgeFault('mac', 'its header was altered: the header does not fit the key that it holds')
  return fileKey
}

function fileKeyIn(stanzas: readonly Stanza[], identities: readonly Identity[]): Buffer | null {
  let found: Buffer | null = null
  for (const { args, body } of stanzas) {
    if (args[0] !== 'X25519') continue
    const point = args[1] === undefined ? null : decoded(args[1])
    if (args.length !== 2 || point?.length !== POINT_BYTES || body.length !== FILE_KEY_BYTES + TAG_BYTES)
      throw damaged('an X25519 stanza is malformed')
    for (const identity of identities) found ??= unwrapped(identity, point, body)
  }
  return found
}

function unwrapped({ key, recipient }: Identity, share: Buffer, body: Buffer): Buffer | null {
  const decipher = createDecipheriv(CIPHER, wrappingKey(key, share, share, recipient.point), ZERO_NONCE, {
    authTagLength: TAG_BYTES,
  })
  decipher.setAuthTag(body.subarray(FILE_KEY_BYTES))
  const fileKey = decipher.update(body.subarray(0, FILE_KEY_BYTES))
  try {
    decipher.final()
    return fileKey
  } catch {
    return null
  }
}

function wrappingKey(own: KeyObject, peer: Buffer, share: Buffer, recipient: Buffer): Buffer {
  const publicKey = createPublicKey({ key: peer, format: 'raw-public', ...RAW_X25519 })
  let secret: Buffer
  try {
    secret = diffieHellman({ privateKey: own, publicKey })
  } catch {
    // OpenSSL refuses the shared secret of zeros, as the specification demands.
    throw damaged('an X25519 point has low order')
  }
  const wrapping = Buffer.from(hkdfSync('sha256', secret, Buffer.concat([share, recipient]), LABEL, 32))
  secret.fill(0)
  return wrapping
}

function macOf(fileKey: Uint8Array, signed: string): Buffer {
  const key = Buffer.from(hkdfSync('sha256', fileKey, new Uint8Array(0), 'header', 32))
  return createHmac('sha256', key).update(signed, 'latin1').digest()
}

interface Stanza {
  readonly args: readonly string[]
  readonly body: Buffer
}

/** A line of a body has so many characters, all but the last. */
const LINE = 64
const ARGUMENTS = /^-> [\x21-\x7e]+(?: [\x21-\x7e]+)*$/

/** Reads the text of a header, which ends with the line of its MAC. Throws AgeFault. */
function parsed(text: string): { stanzas: readonly Stanza[]; mac: Buffer; signed: string } {
  const lines = text.split('\n')
  if (lines[0] !== VERSION) throw damaged('it is no age file, or of another version')
  const stanzas: Stanza[] = []
  let at = 1
  while (!(lines[at] ?? '---').startsWith('---')) {
    const head = lines[at++] ?? ''
    if (!ARGUMENTS.test(head)) throw damaged('a stanza is malformed')
    let body = ''
    for (;;) {
      const line = lines[at++]
      if (line === undefined || line.length > LINE) throw damaged('the body of a stanza is malformed')
      body += line
      if (line.length < LINE) break
    }
    const bytes = decoded(body)
    if (!bytes) throw damaged('the body of a stanza is not canonical Base64')
    stanzas.push({ args: head.slice(3).split(' '), body: bytes })
  }
  const mac = /^--- ([A-Za-z0-9+/]+)$/.exec(lines[at] ?? '')?.[1]
  const bytes = mac === undefined ? null : decoded(mac)
  if (bytes?.length !== MAC_BYTES || stanzas.length === 0) throw damaged('the line of its MAC is malformed')
  return { stanzas, mac: bytes, signed: text.slice(0, text.lastIndexOf('\n---') + 4) }
}

function damaged(what: string): AgeFault {
  return new AgeFault('header', `its header is damaged: ${what}`)
}

function unpadded(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replace(/=+$/, '')
}

/** Null for what is not canonical Base64 without padding. */
function decoded(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64')
  return unpadded(bytes) === text ? bytes : null
}
