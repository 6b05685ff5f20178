// Sessions and handles of a token, close up: the library is loaded into this very process, and trouble is made behind the token's back.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { Cluster } from '../../../src/keystore/pkcs11/cluster.ts'
import { Cryptoki } from '../../../src/keystore/pkcs11/cryptoki.ts'
import { Away, Missing } from '../../../src/keystore/pkcs11/faults.ts'
import type { TokenState } from '../../../src/keystore/pkcs11/protocol.ts'
import { Token } from '../../../src/keystore/pkcs11/token.ts'
import { makeToken, PIN, type TestToken } from './tokens.ts'

const ID = 'ab'.repeat(24)
const aad = Buffer.alloc(32, 1)
const plaintext = Buffer.from('a text')

describe('a token', () => {
  let test: TestToken
  let cryptoki: Cryptoki
  let states: TokenState[] = []
  const opened = (sessions: number, pin = PIN) => {
    states = []
    const token = new Token(cryptoki, { name: test.label, pin, sessions }, (state) => states.push(state))
    return { token, cluster: new Cluster(cryptoki, [token]) }
  }
  before(async () => {
    test = makeToken('SoftHSM2')
    Object.assign(process.env, test.env)
    cryptoki = await Cryptoki.load({ module: test.module, parameters: null })
    await opened(1).cluster.generate({ id: ID, label: 'strongroom/test' })
  })
  after(() => test[Symbol.dispose]())

  /** Logs the whole process out, as a device does that restarts or is told to. */
  function logOut(): void {
    const slot = cryptoki.findToken(test.label)?.slot
    assert.ok(slot)
    const session = cryptoki.openSession(slot)
    cryptoki.logout(session)
    cryptoki.closeSession(session)
  }

  it('logs in afresh when its login is gone, and finds its objects anew', async () => {
    const { cluster } = opened(4)
    const message = await cluster.encrypt({ id: ID, plaintext, aad })
    for (let i = 0; i < 3; i++) {
      logOut()
      assert.deepEqual(await cluster.decrypt({ id: ID, aad, ...message }), plaintext)
    }
    assert.deepEqual(
      states.map(({ up }) => up),
      [true, false, true, false, true, false, true],
    )
  })

  it('serves many calls at once over few sessions, also while its login goes away', async () => {
    const { cluster } = opened(2)
    const all = Array.from({ length: 200 }, async (_, i) => {
      const message = await cluster.encrypt({ id: ID, plaintext, aad })
      if (i % 50 === 0) logOut()
      return cluster.decrypt({ id: ID, aad, ...message })
    })
    for (const opening of await Promise.all(all)) assert.deepEqual(opening, plaintext)
  })

  it('never gives a nonce twice, and overwrites none', async () => {
    const { cluster } = opened(2)
    const nonces = new Set<string>()
    for (let i = 0; i < 500; i++) {
      const { nonce, sealed } = await cluster.encrypt({ id: ID, plaintext, aad })
      assert.deepEqual([nonce.length, sealed.length], [12, plaintext.length + 16])
      nonces.add(Buffer.from(nonce).toString('hex'))
    }
    assert.equal(nonces.size, 500)
  })

  it('tells a wrong ciphertext from a device that fails', async () => {
    const { cluster } = opened(2)
    const { nonce, sealed } = await cluster.encrypt({ id: ID, plaintext, aad })
    const altered = Buffer.from(sealed)
    altered[0] = (altered[0] ?? 0) ^ 1
    assert.equal(await cluster.decrypt({ id: ID, aad, nonce, sealed: altered }), null)
    assert.equal(await cluster.decrypt({ id: ID, aad: plaintext, nonce, sealed }), null)
    assert.equal(await cluster.decrypt({ id: ID, aad, nonce, sealed: sealed.subarray(0, 16) }), null)
    assert.deepEqual(await cluster.decrypt({ id: ID, aad, nonce, sealed }), plaintext)
    assert.deepEqual(
      states.map(({ up }) => up),
      [true],
    )
  })

  it('says that an object is missing when it is', async () => {
    await assert.rejects(opened(2).cluster.encrypt({ id: 'cd'.repeat(24), plaintext, aad }), Missing)
  })

  it('does not try a PIN again that was refused', () => {
    logOut()
    const { token } = opened(2, 'wrong-pin')
    const refused = (error: unknown) =>
      error instanceof Away && error.pinRefused && !error.message.includes('wrong-pin')
    for (let i = 0; i < 20; i++) assert.throws(() => token.open(), refused)
    assert.equal(states.length, 1)
  })
})
