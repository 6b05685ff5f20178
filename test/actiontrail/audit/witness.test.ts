// What tells that a database was put back: the witness outside of it, and the stored checkpoints that name one another.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { closeSync, existsSync, openSync, promises, readFileSync, statSync, writeFileSync, writeSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, it } from 'node:test'
import { verifyTrail } from '../../../src/actiontrail/audit/audit.ts'
import { publicKeyOf } from '../../../src/actiontrail/audit/checkpoint.ts'
import { missingCheckpoint } from '../../../src/actiontrail/audit/checkpoint-chain.ts'
import { TrailUpkeep } from '../../../src/actiontrail/audit/upkeep.ts'
import { account } from '../../../src/cli/account.ts'
import { openHouse } from '../../../src/house/open.ts'
import { contradiction, readWitness, unwitnessed, WITNESS_FILE, Witness } from '../../../src/house/witness.ts'
import { openWitnessed } from '../../../src/house/witnessed.ts'
import { readSettings } from '../../../src/settings/settings.ts'
import { openTestHouse, type TestHouse } from '../../house.ts'
import { until } from '../../until.ts'

const witnessOf = ({ data, open }: TestHouse) => readWitness(data, open.trailSigner.publicKey)

/** A house whose ledger has a witness, as a server's has; nothing renews it but the ledger. */
async function witnessed(): Promise<TestHouse> {
  const house = await openTestHouse(null)
  watch(house)
  return house
}

function watch(house: TestHouse): void {
  house.open.ledger.witnessedBy(new Witness(house.data, witnessOf(house), house.open))
}

function sql<T>(house: TestHouse, work: (db: DatabaseSync) => T): T {
  using db = new DatabaseSync(join(house.data, 'strongroom.db'))
  return work(db)
}

/** The trail's end as it is now; puts it back there when told to. */
function remembered(house: TestHouse): () => void {
  const where = "kind = 'event-head'"
  const head = sql(house, (db) => db.prepare(`SELECT body, revision, mac FROM record WHERE ${where}`).get()) as {
    body: string
    revision: number
    mac: Uint8Array
  }
  return () =>
    sql(house, (db) => {
      db.prepare(`UPDATE record SET body = ?, revision = ?, mac = ? WHERE ${where}`).run(
        head.body,
        head.revision,
        head.mac,
      )
      db.prepare('DELETE FROM event WHERE seq > ?').run((JSON.parse(head.body) as { seq: number }).seq)
    })
}

describe('the witness of the trail', () => {
  it('is on disk before anybody hears of what somebody may want undone', async () => {
    await using house = await witnessed()
    const { KeyId } = (await house.must('CreateKey')).KeyMetadata
    await house.must('Encrypt', { KeyId, Plaintext: 'x' })
    assert.equal(witnessOf(house), null, 'what is made or used waits for no second file')
    const trail = { Version: '2020-07-06', Name: 'evidence' }
    await house.must('CreateTrail', { ...trail, OssBucketName: 'evidence' })
    for (const [action, parameters] of [
      ['DisableKey', { KeyId }],
      ['StartLogging', trail],
      ['StopLogging', trail],
      ['DeleteTrail', trail],
      ['ScheduleKeyDeletion', { KeyId, PendingWindowInDays: '7' }],
    ] as const) {
      await house.must(action, parameters)
      assert.equal(witnessOf(house)?.seq, (await house.open.ledger.heads())[0]?.seq, action)
    }
    house.now += 8 * 86_400_000
    await house.sweep()
    const [deleted] = (await house.events()).slice(-1)
    assert.deepEqual([deleted?.['eventName'], witnessOf(house)?.seq], ['DeleteKey', (await house.events()).length])
    assert.deepEqual(house.failures, [])
  })

  it('is on disk before a call is refused because the database went back, even by a single call', async () => {
    await using house = await witnessed()
    await house.must('CreateKey')
    const putBack = remembered(house)
    await house.must('CreateKey')
    putBack()
    assert.equal(await house.outcome('CreateKey'), 'ServiceUnavailableTemporary')
    const seen = witnessOf(house)
    assert.equal(seen?.seq, 2)
    assert.match(house.failures.join('\n'), /the trail ends at event 1, and this server saw its event 2/)
    await house.restart()
    assert.ok(seen)
    assert.match((await contradiction(seen, house.open.ledger)) ?? '', /this server saw its event 2/)
  })

  it('leaves a server that can commit no call unready, until the database is brought forward again', async () => {
    await using house = await witnessed()
    await house.must('CreateKey')
    const putBack = remembered(house)
    await house.must('CreateKey')
    const bringForward = remembered(house)
    let now = house.now
    const ready = () => {
      now += 1000
      return house.open.ledger.canCommit(now)
    }
    assert.equal(await ready(), true)
    putBack()
    for (let i = 0; i < 2; i++) {
      assert.equal(await house.outcome('CreateKey'), 'ServiceUnavailableTemporary')
      const nonce = { accessKeyId: 'x', nonce: `${i}`, expiresAt: now }
      assert.equal(await house.open.ledger.commit({ changes: [], nonce, event: null }), 'committed')
      assert.deepEqual([await ready(), await ready()], [false, false])
    }
    bringForward()
    assert.equal(await ready(), true)
    await house.must('CreateKey')
    assert.equal(await ready(), true)
  })

  it('is evidence: a trail that contradicts it does not replace it', async () => {
    await using house = await witnessed()
    const { KeyId } = (await house.must('CreateKey')).KeyMetadata
    const putBack = remembered(house)
    await house.must('DisableKey', { KeyId })
    const seen = witnessOf(house)
    putBack()
    await house.restart()
    watch(house)
    const other = (await house.must('CreateKey')).KeyMetadata.KeyId
    await house.must('DisableKey', { KeyId: other })
    assert.deepEqual(witnessOf(house), seen)
    assert.match(house.failures.join('\n'), /the witness of the trail is kept as it is: event 2 of the trail is not/)
  })

  it('is not taken back by what was read before it', async () => {
    await using house = await openTestHouse(null)
    await house.must('CreateKey')
    const { ledger, trailSigner } = house.open
    const before = trailSigner.checkpoint(await ledger.heads(), 1)
    await house.must('CreateKey')
    const witness = new Witness(house.data, null, house.open)
    await witness.saw(await ledger.heads())
    await witness.renew(before)
    assert.equal(witnessOf(house)?.seq, 2)
  })

  for (const moment of ['open', 'rename'] as const)
    it(`is not set back when another process writes it at the same time (after ${moment})`, async (t) => {
      await using house = await openTestHouse(null)
      const { trailSigner } = house.open
      const checkpoint = (seq: number) => trailSigner.checkpoint([{ seq, hash: `${seq}` }], seq)
      const [mine, others] = moment === 'open' ? [5, 10] : [10, 5]
      const original = promises[moment] as (...what: unknown[]) => Promise<unknown>
      let done = false
      t.mock.method(promises, moment, async (...what: unknown[]) => {
        const result = await original(...what)
        if (!done) writeFileSync(join(house.data, WITNESS_FILE), `${JSON.stringify(checkpoint(others))}\n`)
        done = true
        return result
      })
      syncBuiltinESMExports()
      try {
        await new Witness(house.data, null, house.open).renew(checkpoint(mine))
      } finally {
        t.mock.restoreAll()
        syncBuiltinESMExports()
      }
      assert.deepEqual([done, witnessOf(house)?.seq], [true, 10])
    })

  it('that can not be written is reported, and holds up no call', async () => {
    await using house = await openTestHouse(null)
    const { KeyId } = (await house.must('CreateKey')).KeyMetadata
    house.open.ledger.witnessedBy(new Witness(join(house.data, 'nowhere'), null, house.open))
    await house.must('DisableKey', { KeyId })
    assert.match(house.failures.join('\n'), /the witness of the trail could not be written/)
  })

  it('holds up no call where the data folder hangs, and is written again when it does not any more', async () => {
    await using house = await openTestHouse(null)
    const { KeyId } = (await house.must('CreateKey')).KeyMetadata
    house.open.ledger.witnessedBy(new Witness(house.data, null, house.open, 100))
    // Who reads it waits until somebody writes.
    const path = join(house.data, WITNESS_FILE)
    execFileSync('mkfifo', [path])
    try {
      for (const action of ['DisableKey', 'EnableKey', 'DisableKey']) await house.must(action, { KeyId })
      assert.equal(house.failures.length, 3)
      assert.match(house.failures.join('\n'), /witness of the trail could not be written.+ has not taken it for 0\.1 s/)
    } finally {
      // Opened both ways, so that this waits for no reader.
      const file = openSync(path, 'r+')
      writeSync(file, '{"seq":0,')
      closeSync(file)
    }
    await until(async () => {
      await house.must('EnableKey', { KeyId })
      return statSync(path).isFile() && witnessOf(house)?.seq === (await house.open.ledger.heads())[0]?.seq
    })
  })

  it('is also renewed by a command that revokes rights, and never goes back', async () => {
    await using house = await openTestHouse(null)
    await house.must('CreateKey')
    const { accountId, accessKeyId } = house.credentials
    const around = {
      env: {},
      readFile: () => '',
      status: () => {},
      printsToTerminal: false,
      terminal: false,
      ask: async () => '',
    }
    const complaints: string[] = []
    const run = (...args: string[]) =>
      account(['key', ...args, '--data', house.data], openWitnessed, {
        ...around,
        output: process.stdout,
        input: () => process.stdin,
        print: () => {},
        complain: (text) => void complaints.push(text),
      })
    await house.stop()
    assert.equal(await run('create', accountId), 0)
    assert.equal(await run('disable', accountId, accessKeyId), 0)
    await house.start()
    const seen = witnessOf(house)
    assert.equal(seen?.seq, (await house.open.ledger.heads())[0]?.seq)
    assert.ok(seen)
    const behind = new Witness(house.data, null, house.open)
    await behind.renew(house.open.trailSigner.checkpoint([{ seq: 1, hash: 'x' }], 1))
    assert.deepEqual(witnessOf(house), seen)
    assert.deepEqual(complaints, [])
  })

  it('is reported as missing if there are events', async () => {
    await using house = await openTestHouse(null)
    const { ledger } = house.open
    assert.equal(await unwitnessed(null, house.data, ledger), null)
    await house.must('CreateKey')
    assert.match((await unwitnessed(null, house.data, ledger)) ?? '', /has 1 events, and `.+` is missing/)
    assert.equal(existsSync(join(house.data, WITNESS_FILE)), false)
  })
})

describe('the stored checkpoints', () => {
  /** A house with four of them. */
  async function withCheckpoints() {
    const house = await openTestHouse(null)
    const upkeep = new TrailUpkeep(house.open)
    for (let i = 1; i <= 4; i++) {
      await house.must('CreateKey')
      await upkeep.checkpoint(house.now, true)
      assert.equal(upkeep.stored, i)
    }
    return { house, upkeep, missing: (known = 0) => missingCheckpoint(house.open.ledger, known) }
  }
  const drop = (house: TestHouse, where: string) =>
    sql(house, (db) => db.exec(`DELETE FROM record WHERE kind = 'trail-checkpoint' AND ${where}`))
  const numbered = (seq: number) => `id = '${String(seq).padStart(16, '0')}'`

  for (const seq of [1, 2, 4])
    it(`are missed when one is deleted (number ${seq} of 4)`, async () => {
      const { house, missing } = await withCheckpoints()
      await using _ = house
      assert.equal(await missing(), null)
      drop(house, numbered(seq))
      assert.equal(await missing(), `the signed checkpoint at event ${seq} is missing: it was deleted`)
    })

  it('are missed when the record of the last one goes with it, or is put back', async () => {
    const { house, missing } = await withCheckpoints()
    await using _ = house
    const last = "kind = 'trail-last-checkpoint'"
    const row = sql(house, (db) => db.prepare(`SELECT body, revision, mac FROM record WHERE ${last}`).get()) as {
      body: string
      revision: number
      mac: Uint8Array
    }
    await house.must('CreateKey')
    await new TrailUpkeep(house.open).checkpoint(house.now, true)
    sql(house, (db) =>
      db
        .prepare(`UPDATE record SET body = ?, revision = ?, mac = ? WHERE ${last}`)
        .run(row.body, row.revision, row.mac),
    )
    drop(house, numbered(5))
    assert.equal(await missing(), null, 'the database alone is of one piece')
    assert.match((await missing(5)) ?? '', /checkpoint at event 5 is missing/)
    sql(house, (db) => db.exec(`DELETE FROM record WHERE ${last}`))
    assert.match((await missing()) ?? '', /the record of the last signed checkpoint is missing/)
  })

  it('may go with the events that were kept long enough', async () => {
    const { house, upkeep, missing } = await withCheckpoints()
    await using _ = house
    house.now += 10 * 86_400_000
    await house.must('CreateKey')
    await upkeep.checkpoint(house.now, true)
    assert.ok((await upkeep.prune(house.now, 5, async () => {})) > 0)
    assert.equal(await missing(), null)
  })

  it('may be dropped by a server while another process verifies the trail', async () => {
    const { house, upkeep } = await withCheckpoints()
    await using _ = house
    const settings = readSettings(['--data', house.data], {}, () => '')
    const beside = await openHouse(settings, (message, error) => assert.fail(`${message}: ${error}`), house.now)
    try {
      const publicKey = publicKeyOf(house.open.trailSigner.publicKey)
      const drop = async (days: number) => {
        house.now += days * 86_400_000
        await house.must('CreateKey')
        await upkeep.checkpoint(house.now, true)
        assert.ok((await upkeep.prune(house.now, days - 1, async () => {})) > 0)
      }
      await drop(10)
      let dropped = false
      const { after } = beside.storage.events
      beside.storage.events.after = async (...where) => {
        const rows = await after.call(beside.storage.events, ...where)
        if (dropped) return rows
        dropped = true
        await drop(20)
        return []
      }
      const { fault } = await verifyTrail(beside, { from: null, to: null }, publicKey, [], () => {})
      assert.deepEqual([dropped, fault], [true, null])
      assert.equal(await missingCheckpoint(beside.ledger, 0), null)
    } finally {
      await beside.storage.close()
    }
  })

  it('from before they named one another are taken as they are, and those behind them are missed', async () => {
    const { house, upkeep, missing } = await withCheckpoints()
    await using _ = house
    const { ledger, trailSigner } = house.open
    // As a program of before has left them.
    sql(house, (db) => db.exec("DELETE FROM record WHERE kind IN ('trail-checkpoint', 'trail-last-checkpoint')"))
    const { CHECKPOINT, checkpointId } = await import('../../../src/actiontrail/audit/checkpoint.ts')
    const { INSTALLATION, insert } = await import('../../../src/ledger/record.ts')
    const body = trailSigner.checkpoint(await ledger.heads(), house.now)
    const old = insert(CHECKPOINT, { ...INSTALLATION, id: checkpointId(body.seq), createdAt: house.now, body })
    assert.equal(await ledger.commit({ changes: [old], nonce: null, event: null }), 'committed')
    assert.equal(await missing(), null)
    await house.restart()
    for (let i = 0; i < 2; i++) {
      await house.must('CreateKey')
      await new TrailUpkeep(house.open).checkpoint(house.now, true)
    }
    assert.equal(await missingCheckpoint(house.open.ledger, 0), null)
    drop(house, numbered(5))
    assert.match((await missingCheckpoint(house.open.ledger, 0)) ?? '', /checkpoint at event 5 is missing/)
    assert.equal(upkeep.stored, 4)
  })
})

describe('the witness file', () => {
  it('can be read by the former release, too', async () => {
    await using house = await witnessed()
    const { KeyId } = (await house.must('CreateKey')).KeyMetadata
    await house.must('DisableKey', { KeyId })
    const text = readFileSync(join(house.data, WITNESS_FILE), 'utf8')
    assert.deepEqual(Object.keys(JSON.parse(text)), ['seq', 'hash', 'at', 'signature'])
  })
})
