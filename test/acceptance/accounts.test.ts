// Accounts from the operator's side, on the real program: the first start, the environment's credentials, and revoking AccessKeys.
import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, describe, it } from 'node:test'
import { firstCredentials } from '../../src/cli/first-start.ts'
import { type OpenHouse, openHouse } from '../../src/house/open.ts'
import { readSettings } from '../../src/settings/settings.ts'
import { startPostgresql } from '../storage/postgresql-server.ts'
import { type Program, removeFolder, runProgram, startProgram, temporaryFolder } from './program.ts'

const folders: string[] = []
function folder(): string {
  const made = temporaryFolder()
  folders.push(made)
  return made
}
after(() => folders.forEach(removeFolder))

const ID = 'STRONGROOM_ROOT_ACCESS_KEY_ID'
const FIXED = {
  STRONGROOM_ACCOUNT_ID: '1234567890123456',
  [ID]: 'fixed-1',
  STRONGROOM_ROOT_ACCESS_KEY_SECRET: 'fixed-secret',
}

/** Starts the program, does the work, and stops it however that ends. */
async function serving<T>(
  start: Parameters<typeof startProgram>[0],
  work: (program: Program) => Promise<T>,
): Promise<T> {
  const program = await startProgram(start)
  try {
    return await work(program)
  } finally {
    await program.stop()
  }
}

const failing = (data: string, env: Record<string, string> = {}) =>
  runProgram(['serve', '--listen', '127.0.0.1:0', '--data', data], env)

function inDatabase(data: string, sql: string): void {
  using db = new DatabaseSync(join(data, 'strongroom.db'))
  db.exec(sql)
}

const verb = (data: string, ...words: string[]) => runProgram(['account', ...words, '--data', data])

describe('who can write the database', () => {
  it('gets no new account by removing rows or changing counts', async () => {
    const data = folder()
    const file = join(data, 'root-credentials.json')
    await serving({ data }, (program) => program.call('CreateKey'))
    const before = readFileSync(file, 'utf8')
    inDatabase(data, 'UPDATE tally SET n = 0')
    await serving({ data }, async (program) => {
      assert.equal((await program.call('ListAliases')).status, 200, 'the account is as it was')
    })
    const { out } = await verb(data, 'list')
    assert.equal(JSON.parse(out).length, 1)
    inDatabase(data, "DELETE FROM record WHERE kind IN ('account', 'access-key'); DELETE FROM tally")
    const refused = await failing(data)
    assert.equal(refused.code, 1)
    assert.match(refused.err, /the record of account \d{16}, the first of this database, is missing: restore a backup/)
    assert.match((await failing(data, FIXED)).err, /is missing: restore a backup/)
    assert.equal(readFileSync(file, 'utf8'), before)
  })
})

describe('the file of the first credentials', () => {
  it('is made once: what a crash left there is used, and what is no credentials is not overwritten', async () => {
    const data = folder()
    const file = join(data, 'root-credentials.json')
    const kept = { accountId: '1000000000000007', accessKeyId: 'LTAIkept', accessKeySecret: 'kept-secret' }
    writeFileSync(file, JSON.stringify(kept))
    const other = await failing(data, { STRONGROOM_ACCOUNT_ID: '1000000000000008' })
    assert.match(other.err, /holds credentials of account 1000000000000007, but STRONGROOM_ACCOUNT_ID/)
    await serving({ data }, async (program) => {
      assert.equal((await program.call('CreateKey')).body.KeyMetadata.Creator, kept.accountId)
    })
    assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')), kept)

    const second = folder()
    writeFileSync(join(second, 'root-credentials.json'), '{"accountId":"x"}')
    const { code, err } = await failing(second)
    assert.equal(code, 1)
    assert.match(err, /holds no credentials of an account: move it away/)
    assert.equal(readFileSync(join(second, 'root-credentials.json'), 'utf8'), '{"accountId":"x"}')
  })
})

describe('two servers that start at once on an empty database', () => {
  it('make one account, and one file of credentials', async () => {
    await using server = await startPostgresql()
    const [first, second] = [folder(), folder()]
    const shared = ['--database', server.database(), '--root-key-file', join(first, 'root-key')]
    const settings = [first, second].map((data) => readSettings(['--data', data, ...shared], {}, () => ''))
    const houses: OpenHouse[] = []
    try {
      for (const one of settings) houses.push(await openHouse(one, () => {}, Date.now()))
      const made = await Promise.all(
        houses.map(({ accounts }, i) => {
          const told = settings[i]
          assert.ok(told)
          return firstCredentials(told, accounts)
        }),
      )
      assert.equal(made.filter((credentials) => credentials !== null).length, 1)
      for (const [i, data] of [first, second].entries())
        assert.equal(existsSync(join(data, 'root-credentials.json')), made[i] !== null)
      for (const { accounts } of houses)
        assert.deepEqual(
          (await accounts.list()).map(({ id }) => id),
          made.flatMap((credentials) => (credentials ? [credentials.accountId] : [])),
        )
    } finally {
      for (const { storage } of houses) await storage.close()
    }
  })
})

describe("the environment's credentials", () => {
  it('go to no other account than before', async () => {
    const data = folder()
    await serving({ data, env: FIXED }, (program) => program.call('CreateKey'))
    const env = { ...FIXED, STRONGROOM_ACCOUNT_ID: '1234567890123457' }
    const { code, err } = await failing(data, env)
    assert.equal(code, 1)
    assert.match(err, /STRONGROOM_ACCOUNT_ID is 1234567890123457, but this database's account is 1234567890123456/)
    assert.equal((await verb(data, 'create', '--account-id', '1234567890123457')).code, 0)
    assert.match((await failing(data, env)).err, /fixed-1 belongs to another account/)
    const moved = { ...env, [ID]: 'fixed-2' }
    await serving({ data, env: moved }, async (program) =>
      assert.equal((await program.call('ListKeys')).body.TotalCount, 0),
    )
  })

  it('supersede the former ones, and revive none that was revoked', async () => {
    const data = folder()
    await serving({ data, env: FIXED }, (program) => program.call('CreateKey'))
    const renewed = { ...FIXED, [ID]: 'fixed-2' }
    await serving({ data, env: renewed }, async (program) => {
      assert.match(program.log(), /fixed-1, which was configured before, is disabled/)
      assert.equal((await program.call('ListKeys')).body.TotalCount, 1)
    })
    await serving({ data, env: FIXED }, async (program) => {
      assert.match(program.log(), /fixed-1, which STRONGROOM_ROOT_ACCESS_KEY_ID names, was disabled, and stays so/)
      assert.equal((await program.call('ListKeys')).body.Code, 'Forbidden.AccessKey')
    })
    assert.equal((await verb(data, 'key', 'delete', FIXED.STRONGROOM_ACCOUNT_ID, FIXED[ID])).code, 0)
    await serving({ data, env: FIXED }, async (program) => {
      assert.match(program.log(), /fixed-1, which STRONGROOM_ROOT_ACCESS_KEY_ID names, was deleted, and stays so/)
      assert.equal((await program.call('ListKeys')).body.Code, 'InvalidAccessKeyId.NotFound')
    })
    await serving({ data, env: renewed }, async (program) => {
      assert.equal((await program.call('ListKeys')).body.TotalCount, 1, 'what does not work takes no place')
    })
  })
})

describe('strongroom account key', () => {
  it('revokes an AccessKey while the server runs', async () => {
    const data = folder()
    await serving({ data }, async (program) => {
      const { accountId, accessKeyId } = program.credentials
      assert.equal((await program.call('ListKeys')).status, 200)
      const listed = await verb(data, 'key', 'list', accountId)
      assert.deepEqual(
        JSON.parse(listed.out).map((key: { accessKeyId: string }) => key.accessKeyId),
        [accessKeyId],
      )
      const disabled = await verb(data, 'key', 'disable', accountId, accessKeyId)
      assert.deepEqual([disabled.code, JSON.parse(disabled.out)], [0, { accessKeyId, status: 'Inactive' }])
      assert.equal((await program.call('ListKeys')).body.Code, 'Forbidden.AccessKey')
      const made = JSON.parse((await verb(data, 'key', 'create', accountId)).out)
      const env = {
        ALIBABA_CLOUD_ACCESS_KEY_ID: made.accessKeyId,
        ALIBABA_CLOUD_ACCESS_KEY_SECRET: made.accessKeySecret,
      }
      const list = ['ram', 'ListAccessKeys', '--print', 'AccessKeys.AccessKey', '--endpoint', program.endpoint]
      const found = await runProgram(list, env)
      assert.equal(JSON.parse(found.out).length, 2, found.err)
      assert.equal((await verb(data, 'key', 'delete', accountId, made.accessKeyId)).code, 0)
      assert.match((await runProgram(list, env)).err, /InvalidAccessKeyId\.NotFound/)
    })
    const unknown = await verb(data, 'key', 'disable', '1000000000000009', 'LTAIx')
    assert.deepEqual([unknown.code, /there is no account/.test(unknown.err)], [1, true])
    assert.equal((await verb(data, 'key', 'disable')).code, 2)
  })
})
