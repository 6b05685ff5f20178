// Imported material that the test knows is looked for where it must never be: in the serving process's memory, in its database, in its log.
// (The tokens here are software: the process of the library holds what a real device would hold.)
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { makeToken, TOKEN_KINDS } from '../keystore/pkcs11/tokens.ts'
import { wrap } from '../kms/byok.ts'
import { removeFolder, startProgram } from './program.ts'

const REGION = { RegionId: 'cn-hongkong' }
const CHUNK = 4 << 20
/** What is looked for is shorter: no find is missed between two chunks. */
const OVERLAP = 128

/** Which of the needles a process has in its memory. */
function foundInMemory(pid: number, needles: ReadonlyMap<string, Buffer>): Set<string> {
  const found = new Set<string>()
  const memory = openSync(`/proc/${pid}/mem`, 'r')
  const buffer = Buffer.alloc(CHUNK + OVERLAP)
  for (const line of readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n')) {
    const [, from, to] = /^([0-9a-f]+)-([0-9a-f]+) r\S+ .*$/.exec(line) ?? []
    if (from === undefined || to === undefined || /\[v(var|syscall)/.test(line)) continue
    const end = Number.parseInt(to, 16)
    for (let at = Number.parseInt(from, 16); at < end; at += CHUNK) {
      let length = 0
      try {
        length = readSync(memory, buffer, 0, Math.min(buffer.length, end - at), at)
      } catch {
        // A page that is reserved and was never touched.
      }
      const bytes = buffer.subarray(0, length)
      for (const [name, needle] of needles) if (bytes.includes(needle)) found.add(name)
    }
  }
  closeSync(memory)
  return found
}

function foundInFiles(folder: string, needles: ReadonlyMap<string, Buffer>): Set<string> {
  const found = new Set<string>()
  for (const name of readdirSync(folder)) {
    const bytes = readFileSync(join(folder, name))
    for (const [needle, sought] of needles) if (bytes.includes(sought)) found.add(needle)
  }
  return found
}

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
          ['material', material],
          ['half of the material', material.subarray(0, 16)],
          ['the other half', material.subarray(16)],
          ['material in hexadecimal', Buffer.from(material.toString('hex'))],
          ['material in Base64', Buffer.from(material.toString('base64').slice(0, 40))],
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
