// Databases from before there were rings, made by the program of that time: they open, rotate, and change their provider.
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { type Program, removeFolder, runProgram, startProgram, temporaryFolder } from '../acceptance/program.ts'
import { wrap } from '../kms/byok.ts'
import { vectors } from '../vectors.ts'
import { filesHolding } from './roots.ts'

const ENV = {
  STRONGROOM_ACCOUNT_ID: '1000000000000001',
  STRONGROOM_ROOT_ACCESS_KEY_ID: 'TESTBEFORERINGS',
  STRONGROOM_ROOT_ACCESS_KEY_SECRET: 'a-secret-of-a-test',
}
const PASSPHRASE = 'a passphrase of a test'

interface Made {
  readonly rootKey: string | null
  readonly keyId: string
  /** A key whose imported material, 32 times 7, was deleted. */
  readonly external: string
  readonly ciphertext: string
}

async function opened(
  data: string,
  env: Record<string, string>,
  made: Made,
  work?: (program: Program) => Promise<void>,
) {
  const program = await startProgram({ data, env })
  const { status, body } = await program.call('Decrypt', { CiphertextBlob: made.ciphertext })
  assert.deepEqual([status, body.Plaintext, body.KeyId], [200, 'b2xk', made.keyId])
  await work?.(program)
  assert.equal(await program.stop(), 0)
  assert.doesNotMatch(program.log(), /"level":50/)
}

async function imports(program: Program, { external }: Made, byte: number): Promise<string> {
  const wrapping = { WrappingAlgorithm: 'RSAES_OAEP_SHA_256', WrappingKeySpec: 'RSA_2048' }
  const { PublicKey, ImportToken } = (await program.call('GetParametersForImport', { KeyId: external, ...wrapping }))
    .body
  const EncryptedKeyMaterial = wrap(PublicKey, 'RSAES_OAEP_SHA_256', Buffer.alloc(32, byte))
  const { status, body } = await program.call('ImportKeyMaterial', {
    KeyId: external,
    ImportToken,
    EncryptedKeyMaterial,
  })
  return status === 200 ? 'OK' : body.Code
}

for (const provider of ['file', 'passphrase'] as const)
  describe(`a database from before rings, whose root key comes from a ${provider}`, () => {
    const env: Record<string, string> = provider === 'passphrase' ? { ...ENV, STRONGROOM_PASSPHRASE: PASSPHRASE } : ENV
    const made = vectors<Made>(`before-rings/${provider}.json`)

    function unpacked(): string {
      const data = temporaryFolder()
      const packed = new URL(`../vectors/before-rings/${provider}.db.gz`, import.meta.url)
      writeFileSync(join(data, 'strongroom.db'), gunzipSync(readFileSync(packed)))
      if (made.rootKey) writeFileSync(join(data, 'root-key'), `${made.rootKey}\n`, { mode: 0o600 })
      return data
    }

    it('opens, knows its imported material again, rotates beside its server, and stays open', async () => {
      const data = unpacked()
      try {
        await opened(data, env, made, async (program) => {
          const { code, err } = await runProgram(['root-key', 'rotate', '--drop-now', '--data', data], env)
          assert.equal(code, 0, err)
          assert.notEqual(await imports(program, made, 8), 'OK')
          assert.equal(await imports(program, made, 7), 'OK')
        })
        await opened(data, env, made)
        const status = await runProgram(['root-key', 'status', '--data', data], env)
        assert.match(status.out, /root keys: 1\n/)
        assert.doesNotMatch(status.out, /the root key itself/)
      } finally {
        removeFolder(data)
      }
    })

    it('changes its provider', async () => {
      const data = unpacked()
      try {
        assert.match((await runProgram(['root-key', 'status', '--data', data], env)).out, /the root key itself/)
        const change = ['root-key', 'change-provider', '--to', 'file', '--data', data]
        await opened(data, env, made, async (program) => {
          const { code, err } = await runProgram(change, env)
          assert.equal(code, 0, err)
          await new Promise((resolve) => setTimeout(resolve, 1500))
          assert.equal((await program.call('CreateKey')).status, 200)
        })
        await opened(data, ENV, made, async (program) => assert.equal(await imports(program, made, 7), 'OK'))
        // The former key is nowhere any more.
        if (made.rootKey) assert.deepEqual(filesHolding([Buffer.from(made.rootKey, 'hex')], data), [])
      } finally {
        removeFolder(data)
      }
    })
  })
