// The names of objects in a device, and what a ciphertext's layout says of its key.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { decodeCiphertext, encodeCiphertext, splitMessage } from '../../../src/cryptography/ciphertext.ts'
import {
  keyLabel,
  keyPlace,
  newObjectId,
  objectIdOf,
  objectIdPrefix,
  toReference,
  wrappingExpiry,
  wrappingLabel,
} from '../../../src/keystore/pkcs11/object-names.ts'
import type { VersionPlace } from '../../../src/keystore/version-place.ts'

const TAG = '0123456789abcdef'
const place: VersionPlace = {
  account: '1234567890123456',
  region: 'cn-hongkong',
  keyId: '7c1f3c2a-0f6e-7000-8000-000000000001',
  versionId: '7c1f3c2a-0f6e-7000-8000-000000000002',
  keySpec: 'Aliyun_AES_256',
  protectionLevel: 'HSM',
}

describe('a reference', () => {
  const id = newObjectId(objectIdPrefix(keyPlace(TAG, place)), (length) => Buffer.alloc(length, 0xab))
  const reference = toReference(id)

  it('names its object at its own place only', () => {
    assert.equal(objectIdOf(reference, keyPlace(TAG, place)), id)
    for (const other of [
      { account: '1234567890123457' },
      { region: 'cn-hangzhou' },
      { keyId: place.versionId },
      { versionId: place.keyId },
    ])
      assert.equal(objectIdOf(reference, keyPlace(TAG, { ...place, ...other })), null)
    assert.equal(objectIdOf(reference, keyPlace('fedcba9876543210', place)), null)
  })

  it('differs from sealed material, and from what only looks like it', () => {
    assert.equal(objectIdOf(reference, null), id)
    const others = [
      '',
      'AQ==',
      'hsm/1/',
      'hsm/1/xyz',
      reference.toUpperCase(),
      ` ${reference}`,
      `${reference}00`,
      `${reference}\n`,
    ]
    for (const other of others) assert.equal(objectIdOf(other, null), null, JSON.stringify(other))
  })

  it('has a label that people can read', () => {
    assert.equal(keyLabel(TAG, place), `strongroom/${TAG}/${place.account}/cn-hongkong/${place.versionId}`)
  })
})

describe('the label of a wrapping key', () => {
  it('tells when it expires, to its own installation', () => {
    const label = wrappingLabel(TAG, { ...place, expiresAt: 1_772_000_000_000 })
    assert.equal(wrappingExpiry(TAG, label), 1_772_000_000_000)
    assert.equal(wrappingExpiry('fedcba9876543210', label), null)
    for (const other of ['', 'strongroom-import', keyLabel(TAG, place), `${label}x`, label.replace(/\d+$/, '-1')])
      assert.equal(wrappingExpiry(TAG, other), null, other)
  })
})

describe('a message', () => {
  const sealed = Buffer.alloc(16 + 30, 2)

  it('is cut after the nonce of its version’s protection level, whatever its length', () => {
    for (const nonceBytes of [12, 24]) {
      const nonce = Buffer.alloc(nonceBytes, 1)
      const decoded = decodeCiphertext(encodeCiphertext({ versionId: place.versionId, nonce, sealed }))
      assert.equal(decoded?.versionId, place.versionId)
      assert.deepEqual(splitMessage(decoded?.message ?? Buffer.alloc(0), nonceBytes), { nonce, sealed })
    }
  })

  it('is none when nonce and tag do not fit in', () => {
    assert.equal(splitMessage(Buffer.alloc(39), 24), null)
    assert.equal(splitMessage(Buffer.alloc(27), 12), null)
    assert.deepEqual(splitMessage(Buffer.alloc(28), 12)?.sealed.length, 16)
    assert.equal(decodeCiphertext(Buffer.alloc(63).toString('base64')), null)
  })
})
