// Our own formats, held by test/vectors/strongroom: a folder for each format, a file for each claim, named by the claim. Each vector is
// decoded, or fails as it says, and where it decodes, the encoder makes the very same bytes of what was decoded.
import assert from 'node:assert/strict'
import { createDecipheriv } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { renderEvent } from '../src/actiontrail/events/event.ts'
import { PageTokens } from '../src/actiontrail/lookup/page-token.ts'
import { associatedData, decodeCiphertext, encodeCiphertext, splitMessage } from '../src/cryptography/ciphertext.ts'
import { decodeRing, encodeRing } from '../src/cryptography/ring.ts'
import { Xaes } from '../src/cryptography/xaes.ts'
import { KeyProvider } from '../src/keystore/root-key-provider.ts'
import { RootKeys } from '../src/keystore/root-keys.ts'
import { decodeToken, encodeToken, wrappingPlace } from '../src/kms/import-token.ts'
import { Forged, fromRow, toRow } from '../src/ledger/record.ts'
import { storedCall } from '../src/ledger/stored-call.ts'
import { storedServiceWork } from '../src/ledger/stored-event.ts'
import { SYSTEM } from '../src/runtime/system.ts'
import { SecurityTokens } from '../src/sts/security-token.ts'

const FOLDER = new URL('vectors/strongroom/', import.meta.url)
// biome-ignore lint/suspicious/noExplicitAny: each format's vectors have their own members
type Vector = any

const hex = (text: string) => Buffer.from(text, 'hex')
const base64 = (text: string) => Buffer.from(text, 'base64')

/** A ring of these roots, the current one first. */
function keysOf({ roots }: { roots: readonly string[] }): RootKeys {
  return new RootKeys({ generation: 1, roots: roots.map(hex), fingerprintKey: Buffer.alloc(32, 9) })
}

/** Ciphertext and tag, opened as the store of this protection level does. */
function decrypted({ level, key }: Vector, nonce: Uint8Array, sealed: Uint8Array, aad: Uint8Array): Buffer | null {
  if (level === 'SOFTWARE') return new Xaes(hex(key)).open(nonce, sealed, aad)
  const decipher = createDecipheriv('aes-256-gcm', hex(key), nonce, { authTagLength: 16 })
  decipher.setAAD(aad).setAuthTag(sealed.subarray(-16))
  return Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()])
}

/** What each format's vectors claim. Those without `expect` can't fail. */
const FORMATS: Readonly<Record<string, (vector: Vector) => void | Promise<void>>> = {
  ciphertext(vector) {
    const { level, key, binding, blob, expect, plaintext } = vector
    const aad = associatedData(binding, new Map(Object.entries(vector.context)))
    const decoded = decodeCiphertext(blob)
    const message = decoded && splitMessage(decoded.message, level === 'HSM' ? 12 : 24)
    const opened = message && decrypted(vector, message.nonce, message.sealed, aad)
    const how = !decoded ? 'no ciphertext' : !message ? 'too short' : !opened ? 'does not open' : 'plaintext'
    assert.equal(how, expect)
    if (!decoded || !message || !opened) return
    const { versionId } = binding
    const nonce = hex(vector.nonce)
    assert.deepEqual([opened.toString('base64'), decoded.versionId], [plaintext, versionId])
    assert.deepEqual(Buffer.from(message.nonce), nonce)
    const sealed = level === 'SOFTWARE' ? new Xaes(hex(key)).seal(nonce, opened, aad) : message.sealed
    assert.equal(encodeCiphertext({ versionId, nonce, sealed }), blob)
  },
  'sealed-value'(vector) {
    const keys = keysOf(vector)
    const opened = keys.open(vector.place, base64(vector.sealed))
    assert.equal(opened ? 'plaintext' : 'does not open', vector.expect)
    if (!opened) return
    assert.equal(opened.toString('base64'), vector.plaintext)
    const sealing = keysOf({ roots: vector.roots.slice(-1) })
    assert.equal(sealing.seal(vector.place, hex(vector.nonce), opened).toString('base64'), vector.sealed)
  },
  ring(vector) {
    const ring = decodeRing(hex(vector.ring))
    assert.equal(ring ? 'ring' : 'no ring', vector.expect)
    if (!ring) return
    const { generation, roots, fingerprintKey } = vector
    assert.deepEqual(
      [ring.generation, ring.roots.map((root) => Buffer.from(root).toString('hex'))],
      [generation, roots],
    )
    assert.deepEqual(ring.fingerprintKey, hex(fingerprintKey))
    assert.deepEqual(
      encodeRing({ generation, roots: roots.map(hex), fingerprintKey: hex(fingerprintKey) }),
      hex(vector.ring),
    )
  },
  async 'wrapped-ring'({ provider, wrapped, ring, expect }) {
    const wrapping = new KeyProvider('file', 'root key file', hex(provider), SYSTEM)
    const unwrapped = await wrapping.unwrap(base64(wrapped))
    assert.equal(unwrapped ? 'ring' : 'does not unwrap', expect)
    if (!unwrapped) return
    assert.deepEqual(Buffer.from(unwrapped), hex(ring))
    assert.deepEqual(await wrapping.unwrap(await wrapping.wrap(unwrapped)), unwrapped)
  },
  fingerprint({ ring, soleRoot, place, material, fingerprint }) {
    const decoded = soleRoot ? hex(soleRoot) : decodeRing(hex(ring))
    assert.ok(decoded)
    assert.equal(new RootKeys(decoded).fingerprint(place, hex(material)), fingerprint)
  },
  record(vector) {
    const row = { ...vector.row, mac: hex(vector.mac) }
    const read = () => fromRow<unknown>(row, keysOf(vector))
    if (vector.expect === 'forged') return void assert.throws(read, Forged)
    assert.equal(vector.expect, 'authentic')
    assert.deepEqual(toRow(read(), keysOf({ roots: vector.roots.slice(-1) })), row)
  },
  'import-token'(vector) {
    const { account, region, keyId, token, expect, algorithm, expiresAt, privateKey } = vector
    let decoded: ReturnType<typeof decodeToken> | null = null
    try {
      decoded = decodeToken(token)
    } catch (error) {
      assert.equal((error as { code?: string }).code, 'InvalidImportToken')
    }
    const context = { scope: { account, region } } as Parameters<typeof wrappingPlace>[2]
    const opened = decoded && keysOf(vector).open(wrappingPlace(keyId, decoded, context), decoded.sealedPrivateKey)
    assert.equal(!decoded ? 'no token' : !opened ? 'does not open' : 'private key', expect)
    if (!decoded || !opened) return
    assert.deepEqual([decoded.algorithm, decoded.expiresAt], [algorithm, expiresAt])
    assert.equal(opened.toString('base64'), privateKey)
    assert.equal(encodeToken(decoded), token)
  },
  'security-token'(vector) {
    const session = new SecurityTokens(keysOf(vector)).open(vector.token)
    assert.equal(session ? 'session' : 'no token', vector.expect)
    if (!session) return
    assert.deepEqual(session, vector.session)
    const issuing = new SecurityTokens(keysOf({ roots: vector.roots.slice(-1) }))
    const nonce = hex(vector.nonce)
    const issued = 'person' in session ? issuing.issueTo(session.person, nonce) : issuing.issue(session, nonce)
    assert.deepEqual(issued, { token: vector.token, secret: session.secret })
  },
  'page-token'(vector) {
    const tokens = new PageTokens(keysOf(vector))
    const page = tokens.open(vector.account, vector.token)
    assert.equal(page ? 'page' : 'no token', vector.expect)
    if (!page) return
    assert.deepEqual(page, vector.page)
    const { after, ...lookup } = page.lookup
    assert.ok(after)
    assert.equal(tokens.issue(lookup, after, page.issuedAt, hex(vector.nonce)), vector.token)
  },
  'stored-event'({ row, facts, event }) {
    assert.deepEqual(renderEvent(row), event)
    if (facts?.work) assert.equal(storedServiceWork(facts.work, facts.resources), row.body)
    else if (facts)
      assert.equal(
        storedCall({ ...facts, parameters: new Map(Object.entries(facts.parameters)), isPiece: () => false }),
        row.body,
      )
  },
}

describe('every format has vectors, and all vectors a format', () => {
  const folders = readdirSync(FOLDER, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  it('of the same name', () => assert.deepEqual(folders.map(({ name }) => name).sort(), Object.keys(FORMATS).sort()))
})

for (const [format, claimed] of Object.entries(FORMATS))
  describe(format, () => {
    const folder = new URL(`${format}/`, FOLDER)
    for (const file of readdirSync(folder))
      it(file.replace(/\.json$/, '').replaceAll('_', ' '), () =>
        claimed(JSON.parse(readFileSync(new URL(file, folder), 'utf8'))),
      )
  })
