// A database that is put back to an older copy, after each verb that writes, while no server runs: nothing starts on it unseen.
import assert from 'node:assert/strict'
import { cpSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import postgres from 'postgres'
import { startAlone } from '../storage/postgresql-server.ts'
import { until } from '../until.ts'
import { runHere } from './line.ts'
import { removeFolder, startProgram, temporaryFolder } from './program.ts'

const WITNESS = 'audit-witness.json'

/** All of a data folder but the witness: the root key of that time, too. */
function copied(from: string, to: string): void {
  for (const name of readdirSync(to)) if (name !== WITNESS) rmSync(join(to, name), { recursive: true })
  for (const name of readdirSync(from)) if (name !== WITNESS) cpSync(join(from, name), join(to, name))
}

describe('a database that is put back to before', () => {
  it('a verb wrote to it is refused by all verbs, until the operator accepts it', async () => {
    const [data, before, after] = [temporaryFolder(), temporaryFolder(), temporaryFolder()]
    try {
      const program = await startProgram({ data })
      await program.call('CreateKey')
      assert.equal(await program.stop(), 0)
      const { accountId, accessKeyId } = program.credentials
      const run = (...words: string[]) => runHere([...words, '--data', data])
      const rotate = ['root-key', 'rotate', '--settle-seconds', '0']
      for (const verb of [
        ['account', 'key', 'create', accountId],
        ['account', 'key', 'disable', accountId, accessKeyId],
        ['account', 'key', 'enable', accountId, accessKeyId],
        ['account', 'key', 'delete', accountId, accessKeyId],
        rotate,
        [...rotate, '--drop-now'],
        ['root-key', 'change-provider', '--to', 'file'],
      ]) {
        copied(data, before)
        const { code, err } = await run(...verb)
        assert.equal(code, 0, `${verb.join(' ')}: ${err}`)
        copied(data, after)
        copied(before, data)
        const refused = await run('account', 'key', 'list', accountId)
        assert.equal(refused.code, 1, `${verb.join(' ')} was undone unseen`)
        assert.match(refused.err, /the trail ends at event \d+, and this server saw its event \d+ .*accept-restore/)
        copied(after, data)
      }
      copied(before, data)
      for (const verb of [['serve', '--listen', '127.0.0.1:0'], ['root-key', 'status'], rotate])
        assert.match((await run(...verb)).err, /run `strongroom audit accept-restore`/)
      assert.match((await run('audit', 'accept-restore')).out, /^accepted: the trail ends at event/)
      assert.match((await run('root-key', 'status')).out, /root keys: 1/)
    } finally {
      for (const folder of [data, before, after]) removeFolder(folder)
    }
  })

  it('under a running server makes it refuse every call, and say so where a balancer asks', async () => {
    for (const workers of ['0', '2']) {
      await using database = await startAlone()
      const url = database.database()
      const sql = postgres(url, { onnotice: () => {} })
      const flags = ['--database', url, '--workers', workers, '--metrics-listen', '127.0.0.1:0']
      const program = await startProgram({ flags })
      const readiness = async () => (await fetch(`${program.endpoint}/readyz`)).status
      try {
        const { KeyId } = (await program.call('CreateKey')).body.KeyMetadata
        const tables = ['record', 'event', 'change_log', 'tally']
        for (const table of tables) await sql.unsafe(`CREATE TABLE old_${table} AS TABLE ${table}`)
        assert.equal((await program.call('DisableKey', { KeyId })).status, 200)
        assert.equal(await readiness(), 200)
        await sql.begin(async (transaction) => {
          for (const table of tables)
            await transaction.unsafe(`DELETE FROM ${table}; INSERT INTO ${table} SELECT * FROM old_${table}`)
        })
        await until(async () => (await program.call('Encrypt', { KeyId, Plaintext: 'aGk=' })).status === 503)
        assert.equal(await readiness(), 503, `${workers} workers`)
        assert.match(await (await fetch(program.metrics ?? '')).text(), /^strongroom_ready 0$/m)
      } finally {
        await sql.end()
        await program.stop('SIGKILL')
        removeFolder(program.data)
      }
    }
  })
})
