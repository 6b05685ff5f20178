// The header of age files (https://c2sp.org/age): a stanza for each recipient, which wraps the file key, and a MAC under the file key.
// Tests: test/cryptography/age.test.ts, by the vectors of C2SP/CCTV.
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'

export const FILE_KEY_BYTES = 16
/** The length of a wrapped file key in a stanza. */
export const WRAPPED_BYTES = FILE_KEY_BYTES + 16
const MAC_BYTES = 32

export const VERSION = 'age-encryption.org/v1'
export const CIPHER = 'chacha20-poly1305'
export const TAG_BYTES = 16
/** A fixed nonce is safe because each wrapping key wraps only one file key. */
const ZERO_NONCE = Buffer.alloc(12)

/** Why a file does not open. `no match`: it is encrypted for other identities. All others: it is damaged, or not an age file. */
export class AgeFault extends Error {
  readonly kind: 'no match' | 'header' | 'mac' | 'payload' | 'armor'
  constructor(kind: AgeFault['kind'], message: string) {
    super(message)
    this.kind = kind
  }
}

export interface Stanza {
  /** At least one argument, the type. Each consists of visible ASCII characters. */
  readonly args: readonly string[]
  readonly body: Uint8Array
}

interface Header {
  readonly stanzas: readonly Stanza[]
  readonly mac: Buffer
  /** The text that the MAC covers. */
  readonly signed: string
}

/** The length of each line of a body except the last, which is shorter. */
const LINE = 64
const ARGUMENTS = /^-> [\x21-\x7e]+(?: [\x21-\x7e]+)*$/

/** Parses stanzas line by line. */
export class StanzaLines {
  #args: readonly string[] | null = null
  #body = ''

  /** Takes a line. Returns the stanza that ends with it, or null where the stanza continues. Throws AgeFault. */
  take(line: string): Stanza | null {
    if (this.#args === null) {
      if (!ARGUMENTS.test(line)) throw damaged('a stanza is malformed')
      this.#args = line.slice(3).split(' ')
      this.#body = ''
      return null
    }
    if (line.length > LINE) throw damaged('the body of a stanza is malformed')
    this.#body += line
    if (line.length === LINE) return null
    const body = fromUnpadded(this.#body)
    if (!body) throw damaged('the body of a stanza is not canonical Base64')
    const stanza = { args: this.#args, body }
    this.#args = null
    return stanza
  }

  /** Whether a stanza has begun and not ended. */
  get within(): boolean {
    return this.#args !== null
  }
}

export function encodeStanza({ args, body }: Stanza): string {
  const lines = unpadded(body).replace(/.{64}/g, '$&\n')
  return `-> ${args.join(' ')}\n${lines}\n`
}

/** Encodes the header with these stanzas, each of which wraps the file key. */
export function encodeHeader(fileKey: Uint8Array, stanzas: readonly Stanza[]): Buffer {
  const signed = `${VERSION}\n${stanzas.map(encodeStanza).join('')}---`
  return Buffer.from(`${signed} ${unpadded(macOf(fileKey, signed))}\n`, 'latin1')
}

/** Parses a header, without the line break at its end. `demandMac` verifies the MAC. Throws AgeFault. */
export function decodeHeader(header: Uint8Array): Header {
  const text = Buffer.from(header).toString('latin1')
  const lines = text.split('\n')
  if (lines[0] !== VERSION) throw damaged('it is no age file, or of another version')
  const reader = new StanzaLines()
  const stanzas: Stanza[] = []
  let at = 1
  for (; reader.within || !(lines[at] ?? '---').startsWith('---'); at++) {
    const line = lines[at]
    if (line === undefined) throw damaged('the body of a stanza is malformed')
    const stanza = reader.take(line)
    if (stanza) stanzas.push(stanza)
  }
  const mac = /^--- ([A-Za-z0-9+/]+)$/.exec(lines[at] ?? '')?.[1]
  const bytes = mac === undefined ? null : fromUnpadded(mac)
  if (bytes?.length !== MAC_BYTES || stanzas.length === 0) throw damaged('the line of its MAC is malformed')
  return { stanzas, mac: bytes, signed: text.slice(0, text.lastIndexOf('\n---') + 4) }
}

/** Throws AgeFault unless the header's MAC is valid for this file key. */
export function demandMac({ mac, signed }: Header, fileKey: Uint8Array): void {
  if (!timingSafeEqual(mac, macOf(fileKey, signed)))
    throw new AgeFault('mac', 'its header was altered: the header does not fit the key that it holds')
}

function macOf(fileKey: Uint8Array, signed: string): Buffer {
  const key = Buffer.from(hkdfSync('sha256', fileKey, new Uint8Array(0), 'header', 32))
  return createHmac('sha256', key).update(signed, 'latin1').digest()
}

/** Wraps the file key for the body of a stanza. The wrapping key (32 bytes) must not wrap anything else. */
export function wrapFileKey(wrapping: Uint8Array, fileKey: Uint8Array): Buffer {
  const cipher = createCipheriv(CIPHER, wrapping, ZERO_NONCE, { authTagLength: TAG_BYTES })
  return Buffer.concat([cipher.update(fileKey), cipher.final(), cipher.getAuthTag()])
}

/** Unwraps the file key in the body of a stanza (WRAPPED_BYTES); null when another key wrapped it. */
export function unwrapFileKey(wrapping: Uint8Array, body: Uint8Array): Buffer | null {
  const decipher = createDecipheriv(CIPHER, wrapping, ZERO_NONCE, { authTagLength: TAG_BYTES })
  decipher.setAuthTag(body.subarray(FILE_KEY_BYTES))
  const fileKey = decipher.update(body.subarray(0, FILE_KEY_BYTES))
  try {
    decipher.final()
    return fileKey
  } catch {
    return null
  }
}

export function damaged(what: string): AgeFault {
  return new AgeFault('header', `its header is damaged: ${what}`)
}

/** Base64 without padding, the form in headers. */
export function unpadded(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replace(/=+$/, '')
}

/** Decodes canonical Base64 without padding; null for any other text. */
export function fromUnpadded(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64')
  return unpadded(bytes) === text ? bytes : null
}
