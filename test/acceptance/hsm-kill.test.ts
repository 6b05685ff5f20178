// kill -9 of the service while it makes, imports and destroys keys in an HSM: no record names an object that is not there,
// and what is there without a record is found and removed.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { makeToken } from '../keystore/pkcs11/tokens.ts'
import { wrap } from '../kms/byok.ts'
import { times } from '../size.ts'
import { call, type Program, removeFolder, runProgram, startProgram, temporaryFolder } from './program.ts'

const KILLS = times('kills while keys are made in an HSM')
const CALLERS = 6
const REGION = { RegionId: 'cn-hongkong' }
const ALGORITHM = 'RSAES_OAEP_SHA_1'

async function until(what: () => boolean): Promise<void> {
  for (let tries = 0; !what(); tries++) {
    assert.ok(tries < 1000, 'it did not happen')
    await pause(50)
  }
}

describe('a server with an HSM, killed under load', () => {
  it('loses no key, and leaves no object in the device that nobody can find', async () => {
    const token = makeToken('SoftHSM2')
    const data = temporaryFolder()
    const blobs = new Map<string, string>()
    let last: Program | null = null
    async function work(program: Program): Promise<void> {
      const told = async (action: string, parameters: Record<string, string>) => {
        const all = { ...REGION, ...parameters }
        const { status, body } = await call(program.endpoint, program.credentials, action, all, Date.now())
        assert.equal(status, 200, JSON.stringify(body))
        return body
      }
      try {
        for (;;) {
          const { KeyId } = (await told('CreateKey', { ProtectionLevel: 'HSM' })).KeyMetadata
          const { CiphertextBlob } = await told('Encrypt', { KeyId, Plaintext: KeyId })
          blobs.set(KeyId, CiphertextBlob)
          const external = (await told('CreateKey', { ProtectionLevel: 'HSM', Origin: 'EXTERNAL' })).KeyMetadata.KeyId
          const wrapping = { WrappingAlgorithm: ALGORITHM, WrappingKeySpec: 'RSA_2048' }
          const { PublicKey, ImportToken } = await told('GetParametersForImport', { KeyId: external, ...wrapping })
          const EncryptedKeyMaterial = wrap(PublicKey, ALGORITHM, Buffer.alloc(32, 7))
          for (let i = 0; i < 3; i++) {
            await told('ImportKeyMaterial', { KeyId: external, ImportToken, EncryptedKeyMaterial })
            await told('DeleteKeyMaterial', { KeyId: external })
          }
        }
      } catch (error) {
        // The server was killed in the middle of a call.
        if (error instanceof assert.AssertionError) throw error
      }
    }
    try {
      for (let kill = 0; kill < KILLS; kill++) {
        const program = await startProgram({ data, flags: token.flags, env: token.env })
        const callers = Array.from({ length: CALLERS }, () => work(program))
        const before = blobs.size
        const working = Promise.all(callers)
        // A caller ends before its server only by an answer that is none of a well server's.
        await Promise.race([working, until(() => blobs.size > before)])
        await pause(Math.random() * 500)
        await program.stop('SIGKILL')
        await working
      }
      const program = await startProgram({ data, flags: token.flags, env: token.env })
      last = program
      for (const [KeyId, CiphertextBlob] of blobs) {
        const { status, body } = await program.call('Decrypt', { ...REGION, CiphertextBlob })
        assert.deepEqual([status, body.Plaintext], [200, KeyId])
      }
      const check = (...more: string[]) =>
        runProgram(
          ['hsm', 'check', '--data', data, ...token.flags, '--hsm-key-timeout-ms', '10000', ...more],
          token.env,
        )
      const found = await check()
      assert.match(found.out, / 0 missing on a token, \d+ orphans, 0 tokens/)
      const removed = await check('--remove-orphans')
      assert.equal(removed.code, 0, removed.out)
      assert.match(removed.out, / 0 missing on a token, 0 orphans/)
      // The sweep destroys what commits before a kill had recorded.
      const versions = Number(/(\d+) key versions in the HSM/.exec(removed.out)?.[1])
      await until(() => token.list('secrkey').match(/^Secret Key Object/gm)?.length === versions)
      assert.equal(await program.stop(), 0)
    } finally {
      await last?.stop()
      removeFolder(data)
      token[Symbol.dispose]()
    }
  })
})
