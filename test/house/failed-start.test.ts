// A start that fails closes what it opened: another attempt in the same process finds nothing in its way, and other servers no trace of it.
import assert from 'node:assert/strict'
import { readdirSync, readlinkSync, realpathSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, it } from 'node:test'
import postgres from 'postgres'
import { openLog } from '../../src/house/log.ts'
import { onlyServer } from '../../src/house/only-server.ts'
import { openServer } from '../../src/house/serve.ts'
import { openWitnessed } from '../../src/house/witnessed.ts'
import { readSettings } from '../../src/settings/settings.ts'
import { temporaryFolder } from '../acceptance/program.ts'
import { startPostgresql } from '../storage/postgresql-server.ts'
import { until } from '../until.ts'

/** Starts a server in this process. */
async function start(data: string, ...flags: string[]) {
  const settings = readSettings(
    ['--data', data, '--listen', '127.0.0.1:0', '--log-level', 'silent', ...flags],
    {},
    () => '',
  )
  const alarm = (message: string, error: unknown) => assert.fail(`${message}: ${error}`)
  const server = await openServer(settings, openWitnessed, { log: openLog('silent'), alarm, say: () => {} })
  return server.start()
}

/** The files of the folder that this process has open. */
function openFiles(folder: string): string[] {
  const files = readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [readlinkSync(join('/proc/self/fd', fd))]
    } catch {
      return []
    }
  })
  return files.filter((file) => file.startsWith(`${realpathSync(folder)}/`))
}

/** Occupies a port while `work` runs. */
async function beside<T>(work: (taken: string) => Promise<T>): Promise<T> {
  const server = createServer()
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  try {
    return await work(`127.0.0.1:${(server.address() as AddressInfo).port}`)
  } finally {
    server.close()
  }
}

describe('a start that fails', () => {
  it('leaves no file open, whatever it fails at', async () => {
    const data = temporaryFolder()
    await (await start(data)).stop()
    assert.deepEqual(openFiles(data), [])
    const fails = async (message: RegExp, ...flags: string[]) => {
      await assert.rejects(start(data, ...flags), message)
      assert.deepEqual(openFiles(data), [], String(message))
    }
    await beside(async (taken) => {
      const used = new RegExp(`\`${taken}\` can't be used: .*EADDRINUSE.*: choose another address, or free this one$`)
      await fails(used, '--listen', taken)
      await fails(used, '--metrics-listen', taken)
    })
    await fails(/`tls-cert` can't be read/, '--tls-cert', join(data, 'none'), '--tls-key', join(data, 'none'))
    await fails(/start with --dev|without --dev/, '--dev')
    {
      using _ = onlyServer({ data: join(temporaryFolder()), database: join(data, 'strongroom.db') })
      await assert.rejects(start(data), /another strongroom serves/)
    }
    assert.deepEqual(openFiles(data), [])
    await (await start(data)).stop()
    {
      using database = new DatabaseSync(join(data, 'strongroom.db'))
      database.exec('PRAGMA user_version = 1000')
    }
    await fails(/knows versions up to/)
    const text = join(data, 'text.db')
    writeFileSync(text, 'no database'.repeat(1000))
    await fails(/not a database/, '--database', text)
  })
  it('leaves no server on record, and no connection to PostgreSQL', async () => {
    await using server = await startPostgresql()
    const [url, data] = [server.database(), temporaryFolder()]
    await beside(async (taken) => {
      await assert.rejects(start(data, '--database', url, '--metrics-listen', taken), /EADDRINUSE/)
    })
    const sql = postgres(url, { max: 1, onnotice: () => {} })
    await using _ = { [Symbol.asyncDispose]: () => sql.end() }
    assert.deepEqual([...(await sql`SELECT id FROM record WHERE kind = 'server'`)], [])
    const others = () =>
      sql`SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`
    await until(async () => (await others()).length === 0)
  })
})
