// Material of software keys is looked for in the serving process's memory: it is there while it is in use, and nothing of it once it
// was destroyed, as soon as that is answered. No garbage collection is forced: what is destroyed is wiped, not left to be collected.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { derive } from '../../src/cryptography/seal.ts'
import { RootKeys } from '../../src/keystore/root-keys.ts'
import { materialPlace } from '../../src/keystore/version-place.ts'
import { openStorage } from '../../src/storage/open.ts'
import { wrap } from '../kms/byok.ts'
import { ringOf } from '../rootkeys/roots.ts'
import { formsOf, foundInMemory } from './memory.ts'
import { type Program, removeFolder, runProgram, startProgram } from './program.ts'

const ALGORITHMS = ['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256', 'RSAES_PKCS1_V1_5']

type Must = (
  action: string,
  parameters?: Record<string, string>,
) => ReturnType<Program['call']> extends Promise<infer C> ? Promise<C extends { body: infer B } ? B : never> : never

/** A key with material that the test knows, since it is imported. */
async function imported(must: Must, algorithm: string, more: Record<string, string> = {}) {
  const { KeyId } = (await must('CreateKey', { Origin: 'EXTERNAL' })).KeyMetadata
  const wrapping = { WrappingAlgorithm: algorithm, WrappingKeySpec: 'RSA_2048' }
  const { PublicKey, ImportToken } = await must('GetParametersForImport', { KeyId, ...wrapping })
  const material = randomBytes(32)
  await must('ImportKeyMaterial', {
    KeyId,
    ImportToken,
    EncryptedKeyMaterial: wrap(PublicKey, algorithm, material),
    ...more,
  })
  return { KeyId: KeyId as string, material }
}

/** The material of a key that the service made, as whoever has the root key can open it. */
async function materialOf(KeyId: string, { data, credentials }: Program, versionId: string, region: string) {
  const storage = await openStorage(join(data, 'strongroom.db'))
  try {
    const ring = await ringOf(storage, { file: join(data, 'root-key') })
    assert.ok(ring)
    const account = credentials.accountId
    const row = await storage.get('key-version', account, region, versionId)
    const sealed = Buffer.from(JSON.parse(row?.body ?? '').material, 'base64')
    const material = new RootKeys(ring).open(materialPlace({ account, region, keyId: KeyId, versionId }), sealed)
    assert.ok(material)
    return material
  } finally {
    await storage.close()
  }
}

async function use(must: Must, KeyId: string): Promise<void> {
  for (let i = 0; i < 20; i++) {
    const { CiphertextBlob } = await must('Encrypt', { KeyId, Plaintext: 'x' })
    await must('Decrypt', { CiphertextBlob })
    await must('GenerateDataKey', { KeyId })
  }
}

describe('the serving process', () => {
  it('holds nothing of software material that was destroyed', async () => {
    const program = await startProgram({ flags: ['--dev'] })
    try {
      const must: Must = async (action, parameters = {}) => {
        const { status, body } = await program.call(action, parameters)
        assert.equal(status, 200, `${action} ${JSON.stringify(body)}`)
        return body
      }
      const deleted = []
      for (const algorithm of ALGORITHMS) deleted.push(await imported(must, algorithm))
      const soon = String(Math.floor(Date.now() / 1000) + 86_400)
      const expiring = await imported(must, 'RSAES_OAEP_SHA_256', { KeyMaterialExpireUnix: soon })
      const { KeyMetadata } = await must('CreateKey')
      const { KeyId, PrimaryKeyVersion, Arn } = KeyMetadata
      const region = String(Arn).split(':')[2] ?? ''
      const made = { KeyId: KeyId as string, material: await materialOf(KeyId, program, PrimaryKeyVersion, region) }
      const kept = await imported(must, 'RSAES_OAEP_SHA_256')
      const all = [...deleted, expiring, made, kept]
      for (const key of all) await use(must, key.KeyId)
      const names = ['deleted 1', 'deleted 2', 'deleted 3', 'expired', 'of a deleted key', 'kept']
      const needles = new Map(all.flatMap(({ material }, i) => formsOf(names[i] ?? '', material)))
      const found = () => [...foundInMemory(program.process.pid ?? 0, needles)]
      // Or the search would prove nothing.
      assert.deepEqual(
        found()
          .filter((name) => names.includes(name))
          .toSorted(),
        names.toSorted(),
      )
      for (const key of deleted) await must('DeleteKeyMaterial', { KeyId: key.KeyId })
      const left = (which: readonly string[]) => found().filter((name) => which.some((one) => name.includes(one)))
      assert.deepEqual(left(names.slice(0, 3)), [])
      await must('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: '7' })
      // Used no more, it stays ready until it is destroyed.
      assert.ok(found().includes('of a deleted key'))
      const advanced = await runProgram(['dev', 'advance', '8d', '--endpoint', program.endpoint], {
        ALIBABA_CLOUD_ACCESS_KEY_ID: program.credentials.accessKeyId,
        ALIBABA_CLOUD_ACCESS_KEY_SECRET: program.credentials.accessKeySecret,
      })
      assert.equal(advanced.code, 0, advanced.err)
      assert.deepEqual(left(names.slice(0, 5)), [])
      assert.ok(found().includes('kept'))
    } finally {
      await program.stop()
      removeFolder(program.data)
    }
  })

  it('holds nothing of a root key that was dropped', async () => {
    const program = await startProgram()
    try {
      const secretsOf = async () => {
        const storage = await openStorage(join(program.data, 'strongroom.db'))
        try {
          const [root] = (await ringOf(storage, { file: join(program.data, 'root-key') }))?.roots ?? []
          assert.ok(root)
          const purposes = ['seal', 'record-mac', 'session-secret']
          const derived = purposes.map((purpose): [string, Buffer] => [
            purpose,
            derive(root, `strongroom/${purpose}/1`),
          ])
          return new Map([['root', Buffer.from(root)] as const, ...derived])
        } finally {
          await storage.close()
        }
      }
      const found = async (needles: ReadonlyMap<string, Buffer>) => [
        ...foundInMemory(program.process.pid ?? 0, needles),
      ]
      const former = await secretsOf()
      assert.equal((await program.call('CreateKey')).status, 200)
      assert.deepEqual((await found(former)).toSorted(), ['record-mac', 'seal', 'session-secret'])
      const rotated = await runProgram([
        ...['root-key', 'rotate', '--drop-now', '--settle-seconds', '0'],
        ...['--data', program.data],
      ])
      assert.equal(rotated.code, 0, rotated.err)
      // It commits under the new root alone, so it has taken that over.
      assert.equal((await program.call('CreateKey')).status, 200)
      assert.deepEqual(await found(former), [])
      assert.ok((await found(await secretsOf())).length > 0)
    } finally {
      await program.stop()
      removeFolder(program.data)
    }
  })
})
