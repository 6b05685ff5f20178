import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { inflateSync } from 'node:zlib'
import { armor, Decrypter, Encrypter, generateIdentity, identityToRecipient } from 'age-encryption'
import {
  decodeIdentity,
  decodeRecipient,
  encodeIdentity,
  encodeRecipient,
  identityOf,
  openHeader,
} from '../../src/cryptography/age.ts'
import { armored, unarmored } from '../../src/cryptography/age-armor.ts'
import { AgeFault } from '../../src/cryptography/age-header.ts'
import { openAge, openPayload, Source, sealAge, splitHeader } from '../../src/cryptography/age-stream.ts'
import { decodeBech32, encodeBech32 } from '../../src/cryptography/bech32.ts'
import { randomBytes } from '../../src/runtime/random.ts'

const { files } = JSON.parse(readFileSync(new URL('../vectors/age-testkit.json', import.meta.url), 'utf8')) as {
  files: Record<string, string>
}

/** What each expectation of the vectors is here. */
const KINDS: Readonly<Record<string, string>> = {
  success: 'success',
  'no match': 'no match',
  'HMAC failure': 'mac',
  'header failure': 'header',
  'payload failure': 'payload',
  'armor failure': 'armor',
}

/** Whether a file is in armor is told by its beginning: this one is none, and no age file either. */
const NO_ARMOR = 'armor_garbage_leading'

interface Vector {
  readonly fields: ReadonlyMap<string, string>
  readonly file: Buffer
}

function vectorOf(base64: string): Vector {
  const bytes = Buffer.from(base64, 'base64')
  const end = bytes.indexOf('\n\n')
  const fields = new Map(
    bytes
      .toString('utf8', 0, end)
      .split('\n')
      .map((line): [string, string] => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
  )
  const rest = bytes.subarray(end + 2)
  return { fields, file: fields.get('compressed') === 'zlib' ? inflateSync(rest) : rest }
}

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function all(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for await (const part of stream) parts.push(part)
  return Buffer.concat(parts)
}

async function* grouped(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer[]> {
  for await (const part of stream) yield [Buffer.from(part)]
}

async function flat(stream: AsyncIterable<readonly Buffer[]>): Promise<Buffer[]> {
  const all: Buffer[] = []
  for await (const parts of stream) all.push(...parts)
  return all
}

/** How opening ended, and the SHA-256 of all that was handed out before. */
async function opened(file: Buffer, identity: string, size: number) {
  const parts: Buffer[] = []
  const own = decodeIdentity(identity)
  assert.ok(own, identity)
  try {
    const { header, payload } = await splitHeader(await unarmored(new Source(inPieces(file, size)).fill))
    for await (const part of openPayload(payload, openHeader(header, [own]))) parts.push(...part)
    return { end: 'success', payload: hash('sha256', Buffer.concat(parts)) }
  } catch (error) {
    if (!(error instanceof AgeFault)) throw error
    return { end: error.kind, payload: hash('sha256', Buffer.concat(parts)) }
  }
}

describe('opening an age file', () => {
  for (const [name, text] of Object.entries(files))
    it(`does with ${name} what its vector says`, async () => {
      const { fields, file } = vectorOf(text)
      const identity = fields.get('identity') ?? encodeIdentity(identityOf(Buffer.alloc(32, 7)))
      for (const size of [file.length, 1000, 7]) {
        if (file.length / size > 10_000) continue
        const { end, payload } = await opened(file, identity, size)
        assert.equal(end, name === NO_ARMOR ? 'header' : KINDS[fields.get('expect') ?? ''], `in pieces of ${size}`)
        if (fields.has('payload')) assert.equal(payload, fields.get('payload'))
      }
    })
})

describe('sealing an age file', () => {
  it('makes what the official implementation opens, and opens what that makes, at every length about a chunk', async () => {
    const identity = await generateIdentity()
    const recipient = await identityToRecipient(identity)
    const [own, to] = [decodeIdentity(identity), decodeRecipient(recipient)]
    assert.ok(own && to)
    assert.deepEqual([encodeIdentity(own), encodeRecipient(own.recipient)], [identity, recipient])
    const other = identityOf(randomBytes(32))
    for (const length of [0, 1, 65_535, 65_536, 65_537, 200_000]) {
      const plaintext = Buffer.alloc(length, 'backup')
      const sealed = await all(sealAge(inPieces(plaintext, 10_000), [other.recipient, to], randomBytes))
      const decrypter = new Decrypter()
      decrypter.addIdentity(identity)
      assert.deepEqual(Buffer.from(await decrypter.decrypt(sealed)), plaintext)
      assert.deepEqual(await all(openAge(inPieces(sealed, 3000), [other])), plaintext)
      const encrypter = new Encrypter()
      encrypter.addRecipient(recipient)
      assert.deepEqual(await all(openAge(inPieces(await encrypter.encrypt(plaintext), 9999), [own])), plaintext)
    }
  })
})

describe('armor', () => {
  it('is what the official implementation reads, and reads what that writes, at every length about a line', async () => {
    for (const length of [0, 1, 46, 47, 48, 49, 95, 96, 97, 49_152, 200_001]) {
      const file = randomBytes(length)
      const text = Buffer.concat(await flat(armored(grouped(inPieces(file, 70))))).toString()
      assert.deepEqual(Buffer.from(armor.decode(text)), file)
      assert.equal(text, armor.encode(file))
      const read = Buffer.alloc(length + 1)
      for (const crlf of [text, text.replaceAll('\n', '\r\n')]) {
        const fill = await unarmored(new Source(inPieces(Buffer.from(crlf), 1000)).fill)
        assert.equal(await fill(read), length)
        assert.deepEqual(read.subarray(0, length), file)
      }
    }
  })

  it('refuses a carriage return within a line, at every place about the end of a read', async () => {
    const text = Buffer.from(armor.encode(randomBytes(60_000)))
    for (const at of [65_534, 65_535, 65_536]) {
      const altered = Buffer.concat([text.subarray(0, at), Buffer.from('\r'), text.subarray(at)])
      const fill = await unarmored(new Source(inPieces(altered, 1000)).fill)
      await assert.rejects(async () => fill(Buffer.alloc(60_001)), { kind: 'armor' }, String(at))
    }
  })
})

describe('Bech32', () => {
  it('takes the valid strings of BIP 173, and refuses the others', () => {
    assert.deepEqual(decodeBech32('a', 'A12UEL5L'), Buffer.alloc(0))
    const hrp = 'an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio'
    assert.deepEqual(decodeBech32(hrp, `${hrp}1tt5tgs`), Buffer.alloc(0))
    for (const text of ['a12uEL5L', 'a12uel5q', 'a1', 'pzry9x0s0muk', '1pzry9x0s0muk', 'x1b4n0q5v', 'b12uel5l', ''])
      assert.equal(decodeBech32('a', text), null, text)
    const bytes = Buffer.from('00ff10203040506070', 'hex')
    assert.deepEqual(decodeBech32('age', encodeBech32('age', bytes)), bytes)
  })

  it('keeps keys apart from other texts', () => {
    const identity = identityOf(Buffer.alloc(32, 1))
    assert.equal(decodeRecipient(encodeIdentity(identity)), null)
    assert.equal(decodeIdentity(encodeRecipient(identity.recipient)), null)
    assert.equal(decodeIdentity(encodeIdentity(identity).toLowerCase()), null)
    assert.equal(decodeRecipient(encodeBech32('age', Buffer.alloc(31))), null)
  })
})
