// Imported material that the test knows is looked for where it must never be: in the serving process's memory, in its database, in its log.
// (The tokens here are software: the process of the library holds what a real device would hold.)
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { makeToken, TOKEN_KINDS } from '../keystore/pkcs11/tokens.ts'
import { wrap } from '../kms/byok.ts'
import { formsOf, foundInFiles, foundInMemory } from './memory.ts'
import { removeFolder, startProgram } from './program.ts'

const REGION = { RegionId: 'cn-hongkong' }
for (const kind of TOKEN_KINDS)
  describe(`the serving process with ${kind}`, () => {
    it('never holds material of an HSM key, nor does the database', async () => {
      const token = makeToken(kind)
      const program = await startProgram({ flags: token.flags, env: token.env })
      try {
        const must = async (action: string, parameters: Record<string, string>) => {
          const { status, body } = await program.call(action, { ...REGION, ...parameters })
          assert.equal(status, 200, JSON.stringify(body))
          return body
        }
        const { KeyId } = (await must('CreateKey', { ProtectionLevel: 'HSM', Origin: 'EXTERNAL' })).KeyMetadata
        const wrapping = { WrappingAlgorithm: 'RSAES_OAEP_SHA_1', WrappingKeySpec: 'RSA_2048' }
        const { PublicKey, ImportToken } = await must('GetParametersForImport', { KeyId, ...wrapping })
        const material = randomBytes(32)
        const EncryptedKeyMaterial = wrap(PublicKey, 'RSAES_OAEP_SHA_1', material)
        await must('ImportKeyMaterial', { KeyId, ImportToken, EncryptedKeyMaterial })
        for (let i = 0; i < 50; i++) {
          const { CiphertextBlob } = await must('Encrypt', { KeyId, Plaintext: 'canary-of-the-memory-test' })
          await must('Decrypt', { CiphertextBlob })
          await must('GenerateDataKey', { KeyId })
        }
        const needles = new Map([
          ...formsOf('material', material),
          ['something that is surely there', Buffer.from(program.credentials.accessKeyId)],
        ])
        const pid = program.process.pid ?? 0
        assert.deepEqual([...foundInMemory(pid, needles)], ['something that is surely there'])
        assert.deepEqual([...foundInFiles(program.data, needles)], ['something that is surely there'])
        for (const [name, needle] of needles)
          if (name !== 'something that is surely there')
            assert.equal(program.log().includes(needle.toString('latin1')), false)
      } finally {
        await program.stop()
        removeFolder(program.data)
        token[Symbol.dispose]()
      }
    })
  })
