// Sessions and handles of a token, close up: the library is loaded into this very process, and trouble is made behind the token's back.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { Cluster } from '../../../src/keystore/pkcs11/cluster.ts'
import { Cryptoki } from '../../../src/keystore/pkcs11/cryptoki.ts'
import { Away, Missing } from '../../../src/keystore/pkcs11/faults.ts'
import { loadLibrary } from '../../../src/keystore/pkcs11/library.ts'
import { monotonicMs, type TokenState } from '../../../src/keystore/pkcs11/protocol.ts'
import { Token } from '../../../src/keystore/pkcs11/token.ts'
import { makeToken, PIN, type TestToken } from './tokens.ts'

let ID = ''
const aad = Buffer.alloc(32, 1)
const plaintext = Buffer.from('a text')

const soon = () => monotonicMs() + 5000

describe('a token', () => {
  let test: TestToken
  let cryptoki: Cryptoki
  let states: TokenState[] = []
  const opened = (sessions: number, pin = PIN) => {
    states = []
    const token = new Token(cryptoki, { name: test.label, pin, sessions, leftAlone: null }, (state) =>
      states.push(state),
    )
    const cluster = new Cluster(cryptoki, [token])
    return {
      token,
      encrypt: (id = ID) => cluster.encrypt({ id, plaintext, aad }, soon()),
      decrypt: (message: { nonce: Uint8Array; sealed: Uint8Array }, its = aad) =>
        cluster.decrypt({ id: ID, aad: its, ...message }, soon()),
      generate: () => cluster.generate({ prefix: 'ab'.repeat(16), label: 'strongroom/test' }, soon()),
    }
  }
  before(async () => {
    test = makeToken('SoftHSM2')
    Object.assign(process.env, test.env)
    cryptoki = new Cryptoki(await loadLibrary({ module: test.module, parameters: null }))
    ID = (await opened(1).generate()).id
  })
  after(() => test[Symbol.dispose]())

  /** Logs the whole process out, as a device does that restarts. */
  function logOut(): void {
    const slot = cryptoki.findToken(test.label)?.slot
    assert.ok(slot)
    const session = cryptoki.openSession(slot)
    cryptoki.logout(session)
    cryptoki.closeSession(session)
  }

  it('logs in afresh when its login is gone, and finds its objects again', async () => {
    const { encrypt, decrypt } = opened(4)
    const message = await encrypt()
    for (let i = 0; i < 3; i++) {
      logOut()
      assert.deepEqual(await decrypt(message), plaintext)
    }
    assert.deepEqual(
      states.map(({ up }) => up),
      [true, false, true, false, true, false, true],
    )
  })

  it('serves many calls at once over few sessions, also while its login goes away', async () => {
    const { encrypt, decrypt } = opened(2)
    const all = Array.from({ length: 200 }, async (_, i) => {
      const message = await encrypt()
      if (i % 50 === 0) logOut()
      return decrypt(message)
    })
    for (const opening of await Promise.all(all)) assert.deepEqual(opening, plaintext)
  })

  it('never gives a nonce twice, and overwrites none', async () => {
    const { encrypt } = opened(2)
    const nonces = new Set<string>()
    for (let i = 0; i < 500; i++) {
      const { nonce, sealed } = await encrypt()
      assert.deepEqual([nonce.length, sealed.length], [12, plaintext.length + 16])
      nonces.add(Buffer.from(nonce).toString('hex'))
    }
    assert.equal(nonces.size, 500)
  })

  it('tells a wrong ciphertext from a device that fails', async () => {
    const { encrypt, decrypt } = opened(2)
    const { nonce, sealed } = await encrypt()
    const altered = Buffer.from(sealed)
    altered[0] = (altered[0] ?? 0) ^ 1
    assert.equal(await decrypt({ nonce, sealed: altered }), null)
    assert.equal(await decrypt({ nonce, sealed }, plaintext), null)
    assert.equal(await decrypt({ nonce, sealed: sealed.subarray(0, 16) }), null)
    assert.deepEqual(await decrypt({ nonce, sealed }), plaintext)
    assert.deepEqual(
      states.map(({ up }) => up),
      [true],
    )
  })

  it('says that an object is missing when it is', async () => {
    await assert.rejects(opened(2).encrypt('cd'.repeat(24)), Missing)
  })

  it('takes no answer from another thread once its login is over', async () => {
    const { token, encrypt } = opened(4)
    await encrypt()
    let tries = 0
    await token.use(async (access) => {
      cryptoki.encryptInit(access, access.find('secret', ID), access.nonce(), aad)
      const sealing = cryptoki.encryptAside(access, plaintext)
      if (++tries === 1)
        await token.use((other) => {
          if (tries === 1) cryptoki.closeSession(other.session)
          tries = 2
          return cryptoki.random(other, 8)
        }, soon())
      return sealing
    }, soon())
    assert.equal(tries, 3)
  })

  it('logs in afresh for its first work, too', async () => {
    const { token, encrypt } = opened(2)
    token.open()
    logOut()
    await pause(1100)
    await encrypt()
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
