// The software key store: what it keeps ready, and what becomes of that when material is destroyed.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Worker } from 'node:worker_threads'
import { Xaes } from '../../src/cryptography/xaes.ts'
import { Unreachable } from '../../src/keystore/keystore.ts'
import { PairThreads } from '../../src/keystore/pair-threads.ts'
import { RootKeys } from '../../src/keystore/root-keys.ts'
import type { VersionPlace } from '../../src/keystore/version-place.ts'
import { SYSTEM } from '../../src/runtime/system.ts'
import { until } from '../until.ts'
import { softwareStore } from './software-store.ts'

const place: VersionPlace = {
  account: '1',
  region: 'r',
  keyId: 'k',
  versionId: 'v',
  keySpec: 'Aliyun_AES_256',
  protectionLevel: 'SOFTWARE',
}
const aad = Buffer.from('aad')
const keystore = () => softwareStore(new RootKeys(new Uint8Array(32).fill(1)))

describe('a key made ready', () => {
  it('is of no use once it is wiped', () => {
    const xaes = new Xaes(new Uint8Array(32).fill(2))
    const sealed = xaes.seal(new Uint8Array(24), Buffer.from('x'), aad)
    xaes.wipe()
    assert.throws(() => xaes.open(new Uint8Array(24), sealed, aad))
    assert.throws(() => xaes.seal(new Uint8Array(24), Buffer.from('x'), aad))
  })
})

describe('work with asymmetric keys', () => {
  it('is refused when too much of it waits, and when its threads have stopped', async () => {
    const pairs = new PairThreads(1)
    const store = softwareStore(new RootKeys(new Uint8Array(32)), pairs)
    const signer = { ...place, keySpec: 'EC_P256' } as const
    const { material } = await store.generatePair(signer)
    const sign = () =>
      store.sign(signer, material, 'ECDSA_SHA_256', Buffer.alloc(32)).then(
        () => 'signed',
        (error: unknown) => (error instanceof Unreachable ? 'unreachable' : error),
      )
    const outcomes = await Promise.all(Array.from({ length: 300 }, sign))
    assert.deepEqual([...new Set(outcomes)].sort(), ['signed', 'unreachable'])
    assert.equal(await sign(), 'signed')
    const late = Array.from({ length: 20 }, sign)
    await pairs.stop()
    assert.ok((await Promise.all(late)).includes('unreachable'))
    assert.equal(await sign(), 'unreachable')
  })

  it('of one account does not keep another account from its own', async (t) => {
    const pairs = new PairThreads(1)
    t.after(() => pairs.stop())
    const store = softwareStore(new RootKeys(new Uint8Array(32)), pairs)
    const ended: string[] = []
    const signers = await Promise.all(
      ['busy', 'quiet'].map(async (account) => {
        const signer = { ...place, account, keySpec: 'EC_P256' } as const
        const { material } = await store.generatePair(signer)
        const sign = () => store.sign(signer, material, 'ECDSA_SHA_256', Buffer.alloc(32))
        return () =>
          sign().then(
            () => void ended.push(account),
            (error: unknown) => void ended.push(`${account} refused: ${(error as Error).message}`),
          )
      }),
    )
    const [busy, quiet] = signers
    assert.ok(busy && quiet)
    const all = Array.from({ length: 300 }, busy)
    await quiet()
    assert.equal(ended.at(-1), 'quiet')
    assert.ok(ended.filter((account) => account === 'busy').length < 10, 'the quiet account has its turn soon')
    await Promise.all(all)
    assert.equal(ended.filter((account) => account === 'busy').length, 2 + 256 - 1)
  })

  it('makes one wrapping key at a time, for all accounts, and refuses when too many calls wait', async () => {
    const made: (() => void)[] = []
    const rsaPair = async () => {
      await new Promise<void>((resolve) => made.push(resolve))
      return SYSTEM.rsaPair()
    }
    const store = softwareStore(new RootKeys(new Uint8Array(32)), new PairThreads(1), { ...SYSTEM, rsaPair })
    const ended: string[] = []
    const ask = (account: string) =>
      store
        .wrappingKey({ ...place, account, place: ['w'], algorithm: 'RSAES_OAEP_SHA_256', expiresAt: 1 })
        .then(({ outcome }) => ended.push(`${account} ${outcome}`))
        .catch((error: unknown) => ended.push(error instanceof Unreachable ? `${account} refused` : String(error)))
    const all = [...Array.from({ length: 18 }, () => ask('busy')), ask('quiet')]
    await until(() => ended.length === 2)
    assert.deepEqual(ended, ['busy refused', 'busy refused'])
    for (let asked = 0; asked < 17; asked++) {
      await until(() => made.length === asked + 1)
      made[asked]?.()
    }
    await Promise.all(all)
    assert.ok(ended.indexOf('quiet made') < 6, 'the quiet account has its turn soon')
    assert.equal(ended.filter((one) => one === 'busy made').length, 16)
  })

  it('makes pairs of all accounts, however many pairs one of them wants', async (t) => {
    const pairs = new PairThreads(1)
    t.after(() => pairs.stop())
    const make = (account: string) =>
      pairs.make(account, 'EC_P256').then(
        () => account,
        (error: unknown) => (error instanceof Unreachable ? 'unreachable' : error),
      )
    const all = Array.from({ length: 30 }, () => make('busy'))
    assert.equal(await make('quiet'), 'quiet')
    assert.ok((await Promise.all(all)).includes('unreachable'))
  })

  it('reaches its threads, and comes back, without a byte of other calls', async (t) => {
    const views: Uint8Array[] = []
    const { postMessage } = Worker.prototype
    t.mock.method(Worker.prototype, 'postMessage', function (this: Worker, ...sent: Parameters<typeof postMessage>) {
      views.push(...Object.values(structuredClone(sent[0])).filter((value) => value instanceof Uint8Array))
      postMessage.apply(this, sent)
    })
    const pairs = new PairThreads(1)
    t.after(() => pairs.stop())
    const store = softwareStore(new RootKeys(new Uint8Array(32)), pairs)
    const onCurve = { ...place, keySpec: 'EC_P256' } as const
    const { material, publicKey } = await store.generatePair(onCurve)
    // As parameters of calls are read: in a buffer that all calls share.
    const digest = Buffer.from(Buffer.alloc(32, 1).toString('base64'), 'base64')
    assert.ok(digest.buffer.byteLength > digest.length)
    const signature = await store.sign(onCurve, material, 'ECDSA_SHA_256', digest)
    const shared = Buffer.from(Buffer.from(signature).toString('base64'), 'base64')
    assert.equal(
      await pairs.verify(place.account, { publicKey, algorithm: 'ECDSA_SHA_256', digest, signature: shared }),
      true,
    )
    const decrypting = { ...place, keySpec: 'EC_SM2' } as const
    const other = await store.generatePair(decrypting)
    const ciphertext = await pairs.encrypt(place.account, {
      publicKey: other.publicKey,
      algorithm: 'SM2PKE',
      plaintext: digest,
    })
    const plaintext = await store.decryptAsymmetric(decrypting, other.material, 'SM2PKE', ciphertext)
    assert.deepEqual(plaintext && Buffer.from(plaintext), digest)
    assert.equal(views.length, 2 + 3 + 2 + 2, 'all bytes of all questions')
    for (const { buffer, length } of [...views, publicKey, signature, ciphertext, plaintext ?? digest])
      assert.equal(buffer.byteLength, length)
  })
})

describe('the software key store', () => {
  it('still serves a call that read the record before the material was destroyed, however often', async () => {
    const store = keystore()
    const material = await store.generate(place)
    const { nonce, sealed } = await store.encrypt(place, material, Buffer.from('x'), aad)
    store.forget(material, place.versionId)
    for (let i = 0; i < 3; i++)
      assert.equal((await store.decrypt(place, material, { nonce, sealed }, aad))?.toString(), 'x')
    const both = await Promise.all([1, 2].map(() => store.decrypt(place, material, { nonce, sealed }, aad)))
    assert.deepEqual(both.map(String), ['x', 'x'])
  })

  it('opens what another has sealed for the same version, and goes back', async () => {
    const store = keystore()
    const [one, other] = [await store.generate(place), await store.generate(place)]
    const messages = [one, other, one, other].map((material) => store.encrypt(place, material, Buffer.from('x'), aad))
    for (const [i, message] of (await Promise.all(messages)).entries()) {
      assert.equal((await store.decrypt(place, i % 2 ? other : one, message, aad))?.toString(), 'x')
      assert.equal(await store.decrypt(place, i % 2 ? one : other, message, aad), null)
    }
  })

  it('wipes what it opened of a version whose record another process changed, and opens the present material', async (t) => {
    const wiped = t.mock.method(Xaes.prototype, 'wipe')
    const store = keystore()
    const material = await store.generate(place)
    const { nonce, sealed } = await store.encrypt(place, material, Buffer.from('x'), aad)
    store.dropOpened(['another version'])
    assert.equal(wiped.mock.callCount(), 0)
    store.dropOpened([place.versionId])
    assert.equal(wiped.mock.callCount(), 1)
    assert.equal((await store.decrypt(place, material, { nonce, sealed }, aad))?.toString(), 'x')
    store.dropOpened(null)
    assert.equal(wiped.mock.callCount(), 2)
  })

  it('goes on when the root keys are replaced', async () => {
    const keys = new RootKeys(new Uint8Array(32).fill(1))
    const store = softwareStore(keys)
    const material = await store.generate(place)
    const message = await store.encrypt(place, material, Buffer.from('x'), aad)
    const roots = [new Uint8Array(32).fill(2), new Uint8Array(32).fill(1)]
    keys.replace({ generation: 1, roots, fingerprintKey: new Uint8Array(32) })
    assert.equal((await store.decrypt(place, material, message, aad))?.toString(), 'x')
    keys.replace({ generation: 2, roots: roots.slice(0, 1), fingerprintKey: new Uint8Array(32) })
    assert.throws(() => store.decrypt(place, material, message, aad), /does not open/)
  })
})
