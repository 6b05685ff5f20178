// The HSM as the root keys' provider, against who writes the database and knows some of the device's keys.
import assert from 'node:assert/strict'
import { createCipheriv, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, it } from 'node:test'
import { encodeRing } from '../../src/cryptography/ring.ts'
import { objectIdOf } from '../../src/keystore/pkcs11/object-names.ts'
import { HsmRootKeyProvider } from '../../src/keystore/pkcs11/root-key.ts'
import { WRAPPED_RING } from '../../src/keystore/root-key-provider.ts'
import { RootKeys } from '../../src/keystore/root-keys.ts'
import { VERSION, type VersionBody } from '../../src/kms/records.ts'
import { toRow } from '../../src/ledger/record.ts'
import { openTestHouse, type TestHouse } from '../house.ts'
import { makeToken } from '../keystore/pkcs11/tokens.ts'
import { importMaterial, prepareImport } from '../kms/byok.ts'

const inHsm = () => openTestHouse(null, ['--root-key-provider', 'hsm'], { token: makeToken('SoftHSM2') })

/** The CKA_ID of a key whose material its owner knows. */
async function importedObject(house: TestHouse, material: Buffer): Promise<string> {
  const { KeyId } = (await house.must('CreateKey', { Origin: 'EXTERNAL' })).KeyMetadata
  await importMaterial(house, await prepareImport(house, KeyId, { material }))
  const range = { kind: VERSION.name, account: house.credentials.accountId, region: 'cn-hangzhou', parent: KeyId }
  const versions = await house.open.storage.page(range, 0, 10, 1)
  const body = JSON.parse(versions[0]?.body ?? '{}') as VersionBody
  return objectIdOf(body.material ?? '', null) ?? ''
}

/** Wraps with AES-256-GCM outside of the device, as the device would with the object of this CKA_ID. */
function wrappedOutside(material: Buffer, objectId: string, plaintext: Uint8Array): Buffer {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', material, nonce)
  cipher.setAAD(WRAPPED_RING)
  const sealed = Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])
  return Buffer.concat([Buffer.from(objectId, 'hex'), nonce, sealed])
}

describe('an installation record that names another object of the device', () => {
  it('is refused, even if its author knows that object and wrote a ring of their own', async () => {
    await using house = await inHsm()
    const material = randomBytes(32)
    const objectId = await importedObject(house, material)
    assert.match(objectId, /^[0-9a-f]{48}$/)
    const ring = { generation: 2, roots: [randomBytes(32)], fingerprintKey: randomBytes(32) }
    const wrapped = wrappedOutside(material, objectId, encodeRing(ring))
    // The device does open it: only the name of the object tells it apart.
    const { device, ring: live } = house.open
    const opened = await device?.ask(
      'decrypt',
      { id: objectId, nonce: wrapped.subarray(24, 36), sealed: wrapped.subarray(36), aad: WRAPPED_RING },
      5000,
    )
    assert.deepEqual(Buffer.from(opened ?? []), encodeRing(ring))
    const state = { wrapped: wrapped.toString('base64'), generation: 2, roots: [{ since: 1, retiredAt: null }] }
    const { record } = live
    const forged = { ...record, revision: record.revision + 1, body: { ...record.body, ring: state } }
    const { body, mac, revision } = toRow(forged, new RootKeys(ring))
    {
      using db = new DatabaseSync(join(house.data, 'strongroom.db'))
      db.prepare("UPDATE record SET body = ?, mac = ?, revision = ? WHERE kind = 'installation'").run(
        body,
        mac,
        revision,
      )
    }
    await assert.rejects(live.look(), /installation record.* is damaged or was altered/)
    await assert.rejects(house.restart(), /installation record.* is damaged or was altered/)
  })
})

describe('the HSM as provider', () => {
  it('unwraps what it wrapped, and nothing that was altered, cut, or wrapped by another of its keys', async () => {
    await using house = await inHsm()
    const { device, hsm } = house.open
    assert.ok(device && hsm)
    const [one, other] = await Promise.all([1, 2].map((now) => HsmRootKeyProvider.create(device, hsm.tag, now)))
    assert.ok(one && other)
    const ring = randomBytes(298)
    const wrapped = Buffer.from(await one.wrap(ring))
    assert.equal(wrapped.indexOf(ring.subarray(0, 16)), -1)
    assert.deepEqual(Buffer.from((await one.unwrap(wrapped)) ?? []), ring)
    assert.deepEqual(Buffer.from((await HsmRootKeyProvider.of(device, wrapped)?.unwrap(wrapped)) ?? []), ring)
    assert.equal(await other.unwrap(wrapped), null)
    for (const at of [30, 40, wrapped.length - 1]) {
      const altered = Buffer.from(wrapped)
      altered[at] = (altered[at] ?? 0) ^ 1
      assert.equal(await one.unwrap(altered), null)
    }
    for (const length of [0, 10, 24, 30, 60]) assert.equal(await one.unwrap(wrapped.subarray(0, length)), null)
    await one.discard()
    await assert.rejects(one.unwrap(wrapped), /there is no secret key [0-9a-f]{48}: restore the token's backup/)
  })
})
