// Databases that released versions made, opened by this one. test/vectors/databases has each as a user's data folder would hold it.
import assert from 'node:assert/strict'
import { chmodSync, copyFileSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { runHere } from '../acceptance/line.ts'
import { removeFolder, runProgram, startProgram, temporaryFolder } from '../acceptance/program.ts'
import { TestHouse } from '../house.ts'

interface Facts {
  readonly accountId: string
  readonly accessKeyId: string
  readonly accessKeySecret: string
  readonly keyId: string
  readonly externalKeyId: string
  readonly ciphertext: string
  readonly plaintext: string
  readonly encryptionContext: string
  readonly alice: { readonly AccessKey: { readonly AccessKeyId: string; readonly AccessKeySecret: string } }
}

const DAY_MS = 86_400_000
const FILES = ['strongroom.db', 'root-key', 'audit-witness.json']

describe('a data folder of version 0.1.0', () => {
  const folder = fileURLToPath(new URL('../vectors/databases/0.1.0/', import.meta.url))
  const facts = JSON.parse(readFileSync(join(folder, 'facts.json'), 'utf8')) as Facts
  const { ciphertext: CiphertextBlob, encryptionContext: EncryptionContext, plaintext: Plaintext } = facts
  const { AccessKeyId: accessKeyId, AccessKeySecret: accessKeySecret } = facts.alice.AccessKey
  const alice = { accountId: facts.accountId, accessKeyId, accessKeySecret }

  function copyTo(data: string): void {
    for (const name of FILES) copyFileSync(join(folder, name), join(data, name))
    chmodSync(join(data, 'root-key'), 0o600)
  }

  it('is upgraded by opening it, and everything that was made in it still works', async () => {
    await using house = new TestHouse(null, [], {})
    copyTo(house.data)
    house.now = Date.now()
    await house.start()
    const as = (who: typeof alice | Facts, action: string, parameters: Record<string, string> = {}) =>
      house.call(action, parameters, who)

    const { body: key } = await as(facts, 'DescribeKey', { KeyId: 'alias/first' })
    assert.deepEqual(
      [key.KeyMetadata.KeyId, key.KeyMetadata.Description, key.KeyMetadata.RotationInterval],
      [facts.keyId, 'of version 0.1.0', '604800s'],
    )
    const { body: external } = await as(facts, 'DescribeKey', { KeyId: facts.externalKeyId })
    assert.equal(external.KeyMetadata.KeyState, 'PendingImport')
    // By the policy of alice's group, on the key's tag.
    const decrypted = await as(alice, 'Decrypt', { CiphertextBlob, EncryptionContext })
    assert.deepEqual([decrypted.status, decrypted.body.Plaintext, decrypted.body.KeyId], [200, Plaintext, facts.keyId])
    assert.equal((await as(alice, 'Encrypt', { KeyId: 'alias/first', Plaintext })).body.Code, 'Forbidden.NoPermission')
    const { body: role } = await as(facts, 'GetRole', { Version: '2015-05-01', RoleName: 'app' })
    assert.equal(role.Role.Arn, `acs:ram::${facts.accountId}:role/app`)
    const { body: trails } = await as(facts, 'DescribeTrails', { Version: '2020-07-06' })
    assert.deepEqual(
      trails.TrailList.map((trail: { Name: string }) => trail.Name),
      ['first-trail'],
    )
    const { body: found } = await as(facts, 'LookupEvents', {
      Version: '2020-07-06',
      'LookupAttribute.1.Key': 'EventName',
      'LookupAttribute.1.Value': 'ListKeys',
    })
    const [refused] = found.Events
    assert.deepEqual([refused.userIdentity.userName, refused.errorCode], ['alice', 'Forbidden.NoPermission'])

    house.now += 8 * DAY_MS
    await house.sweep()
    const { body: versions } = await as(facts, 'ListKeyVersions', { KeyId: facts.keyId })
    assert.equal(versions.TotalCount, 2)
    await house.restart()
    const again = await as(facts, 'Decrypt', { CiphertextBlob, EncryptionContext })
    assert.equal(again.body.Plaintext, Plaintext)
    assert.deepEqual(house.failures, [])
    await house.stop()

    const verified = await runHere(['audit', 'verify', '--data', house.data])
    assert.equal(verified.code, 0, verified.err)
    assert.match(verified.out, /\b\d+ events\b/)
  })

  describe('gets the ids of the principals that its roles trust', () => {
    const env = {
      STRONGROOM_ACCOUNT_ID: facts.accountId,
      STRONGROOM_ROOT_ACCESS_KEY_ID: facts.accessKeyId,
      STRONGROOM_ROOT_ACCESS_KEY_SECRET: facts.accessKeySecret,
    }
    let data: string
    beforeEach(() => {
      data = temporaryFolder()
      copyTo(data)
    })
    afterEach(() => removeFolder(data))

    function trustedIds(): unknown {
      using db = new DatabaseSync(join(data, 'strongroom.db'))
      const row = db.prepare(`SELECT body FROM record WHERE kind = 'ram-role' AND id = 'app'`).get()
      return JSON.parse(String(row?.['body'])).trustedIds
    }

    /** Serves once, and disables a key, which the witness remembers. */
    async function serveOnce(): Promise<void> {
      const program = await startProgram({ data, env })
      try {
        assert.equal((await program.call('DisableKey', { KeyId: facts.keyId })).status, 200)
      } finally {
        assert.equal(await program.stop(), 0)
      }
    }

    it('from a server, not from commands', async () => {
      const listed = await runHere(['account', 'list', '--data', data])
      assert.deepEqual([listed.code, listed.err], [0, ''])
      assert.equal(trustedIds(), undefined)
      await serveOnce()
      assert.deepEqual(trustedIds(), {})
    })

    it('not from a start that refuses the database as an older copy', async () => {
      await serveOnce()
      for (const end of ['-wal', '-shm']) rmSync(join(data, `strongroom.db${end}`), { force: true })
      copyFileSync(join(folder, 'strongroom.db'), join(data, 'strongroom.db'))
      const refused = await runProgram(['serve', '--data', data, '--listen', '127.0.0.1:0'], env)
      assert.equal(refused.code, 1)
      assert.match(refused.err, /restored from an older copy/)
      assert.equal(trustedIds(), undefined)
    })
  })
})
