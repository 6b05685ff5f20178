// Accounts from the operator's side, on the real program: the first start, the environment's credentials, and revoking AccessKeys.
import assert from 'node:assert/strict'
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, it } from 'node:test'
import { configuredCredentials, firstCredentials } from '../../src/house/first-start.ts'
import { type OpenHouse, openHouse } from '../../src/house/open.ts'
import type { Accounts } from '../../src/ram/account.ts'
import { readSettings, type Settings } from '../../src/settings/settings.ts'
import { startPostgresql } from '../storage/postgresql-server.ts'
import { runHere } from './line.ts'
import { type Program, runProgram, startProgram, temporaryFolder } from './program.ts'

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

const verb = (data: string, ...words: string[]) => runHere(['account', ...words, '--data', data])

describe('who can write the database', () => {
  it('gets no new account by removing rows or changing counts', async () => {
    const data = temporaryFolder()
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
    const data = temporaryFolder()
    const file = join(data, 'root-credentials.json')
    const kept = { accountId: '1000000000000007', accessKeyId: 'LTAIkept', accessKeySecret: 'kept-secret' }
    writeFileSync(file, JSON.stringify(kept), { mode: 0o600 })
    const other = await failing(data, { STRONGROOM_ACCOUNT_ID: '1000000000000008' })
    assert.match(other.err, /holds credentials of account 1000000000000007, but STRONGROOM_ACCOUNT_ID/)
    await serving({ data }, async (program) => {
      assert.equal((await program.call('CreateKey')).body.KeyMetadata.Creator, kept.accountId)
    })
    assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')), kept)

    const second = temporaryFolder()
    writeFileSync(join(second, 'root-credentials.json'), '{"accountId":"x"}', { mode: 0o600 })
    const { code, err } = await failing(second)
    assert.equal(code, 1)
    assert.match(err, /holds no credentials of an account: move it away/)
    assert.equal(readFileSync(join(second, 'root-credentials.json'), 'utf8'), '{"accountId":"x"}')
  })

  it('is not used where other users can access it: they could have put it there', async () => {
    const data = temporaryFolder()
    const file = join(data, 'root-credentials.json')
    const planted = { accountId: '1000000000000007', accessKeyId: 'LTAIplanted', accessKeySecret: 'known-secret' }
    writeFileSync(file, JSON.stringify(planted))
    chmodSync(file, 0o644)
    const { code, err } = await failing(data)
    assert.equal(code, 1)
    assert.match(err, /other users can access the file, so they may know the secret: move it away/)
  })
})

describe('two servers that start at once on an empty database', () => {
  type Two = readonly [OpenHouse, OpenHouse]

  /** Opens it from two data folders, which share the root key, or from one. */
  async function opened<T>(
    folders: readonly [string, string],
    work: (houses: Two, settings: readonly [Settings, Settings]) => Promise<T>,
  ): Promise<T> {
    await using server = await startPostgresql()
    const shared = ['--database', server.database(), '--root-key-file', join(folders[0], 'root-key')]
    const read = (data: string) => readSettings(['--data', data, ...shared], {}, () => '')
    const settings = [read(folders[0]), read(folders[1])] as const
    const houses = await Promise.all(settings.map((one) => openHouse(one, () => {}, Date.now())))
    try {
      return await work(houses as unknown as Two, settings)
    } finally {
      for (const { storage } of houses) await storage.close()
    }
  }

  const accountsOf = async ({ accounts }: OpenHouse) => (await accounts.list()).map(({ id }) => id)

  it('make one account, and one file of credentials', async () => {
    const folders = [temporaryFolder(), temporaryFolder()] as const
    await opened(folders, async (houses, settings) => {
      const made = await Promise.all(houses.map((house, i) => firstCredentials(settings[i] ?? settings[0], house)))
      assert.equal(made.filter((credentials) => credentials !== null).length, 1)
      for (const [i, data] of folders.entries())
        assert.equal(existsSync(join(data, 'root-credentials.json')), made[i] !== null)
      for (const house of houses)
        assert.deepEqual(
          await accountsOf(house),
          made.flatMap((credentials) => (credentials ? [credentials.accountId] : [])),
        )
    })
  })

  it('in one data folder make the account of the one file that both leave there', async () => {
    const data = temporaryFolder()
    await opened([data, data], async ([one, other], [settings]) => {
      // The one that made the file comes second to the account.
      const accounts: Pick<Accounts, 'first' | 'makeFirst'> = {
        first: () => one.accounts.first(),
        makeFirst: async (...given) => {
          assert.ok(await firstCredentials(settings, other))
          return one.accounts.makeFirst(...given)
        },
      }
      const made = firstCredentials(settings, { ...one, accounts })
      assert.equal(await made, null)
      const { accountId, accessKeyId } = JSON.parse(readFileSync(join(data, 'root-credentials.json'), 'utf8'))
      assert.deepEqual(await accountsOf(one), [accountId])
      assert.deepEqual(
        (await one.operatorKeys.list(accountId)).map(({ id }) => id),
        [accessKeyId],
      )
    })
  })

  it("make one account with the environment's credentials, where it names no account", async () => {
    await opened([temporaryFolder(), temporaryFolder()], async (houses, settings) => {
      const root = { accessKeyId: 'fixed-1', accessKeySecret: 'fixed-secret' }
      await Promise.all(
        houses.map((house) => configuredCredentials({ ...settings[0], root }, null, house, assert.fail)),
      )
      const [accounts] = await Promise.all(houses.map(accountsOf))
      assert.equal(accounts?.length, 1)
    })
  })

  it('are ready both, in one data folder', async () => {
    await using server = await startPostgresql()
    const start = { data: temporaryFolder(), flags: ['--database', server.database()] }
    const programs = await Promise.allSettled([startProgram(start), startProgram(start)])
    try {
      for (const program of programs) {
        assert.ok(program.status === 'fulfilled', String(program.status === 'rejected' && program.reason))
        assert.equal((await program.value.call('ListKeys')).status, 200)
      }
    } finally {
      for (const program of programs) if (program.status === 'fulfilled') await program.value.stop()
    }
  })
})

describe("the environment's credentials", () => {
  it('go to no other account than before', async () => {
    const data = temporaryFolder()
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
    const data = temporaryFolder()
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
    const data = temporaryFolder()
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
      const found = await runHere(list, env)
      assert.equal(JSON.parse(found.out).length, 2, found.err)
      assert.equal((await verb(data, 'key', 'delete', accountId, made.accessKeyId)).code, 0)
      assert.match((await runHere(list, env)).err, /InvalidAccessKeyId\.NotFound/)
    })
    const unknown = await verb(data, 'key', 'disable', '1000000000000009', 'LTAIx')
    assert.deepEqual([unknown.code, /there is no account/.test(unknown.err)], [1, true])
    assert.equal((await verb(data, 'key', 'disable')).code, 2)
  })
})
