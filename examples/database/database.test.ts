import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import postgres, { type Sql } from 'postgres'
import { openTestHouse, type TestHouse } from '../../test/house.ts'
import { type PostgresqlServer, startPostgresql } from '../../test/storage/postgresql-server.ts'
import { connect, type Kms, type Refused } from '../kms.ts'
import { Patients } from './sealed-column.ts'

describe('examples/database', () => {
  let house: TestHouse
  let server: PostgresqlServer
  let sql: Sql
  let kms: Kms
  let key: string
  before(async () => {
    ;[house, server] = await Promise.all([openTestHouse(null), startPostgresql()])
    // The SDK stamps its requests with the real time.
    house.now = Date.now()
    sql = postgres(server.database(), { onnotice: () => {} })
    kms = connect({ ...house.credentials, endpoint: house.endpoint })
    key = (await house.must('CreateKey')).KeyMetadata.KeyId
    await house.must('CreateAlias', { KeyId: key, AliasName: 'alias/patients' })
  })
  after(async () => {
    await sql.end()
    await server[Symbol.asyncDispose]()
    await house[Symbol.asyncDispose]()
  })

  /** Starts the program, which has no data key in memory yet. */
  const started = () => new Patients(sql, kms, 'alias/patients')

  it('has the column sealed in the database, and rotates its data key in steps while others write', async () => {
    const patients = started()
    await patients.prepare()
    for (let id = 1; id <= 250; id++) await patients.add(id, `name ${id}`, `diagnosis ${id}`)
    const stored = JSON.stringify(await sql`SELECT encode(diagnosis, 'escape') AS text FROM patient`)
    assert.equal(stored.includes('diagnosis'), false)
    const [before] = await sql<{ id: number; blob: string }[]>`SELECT * FROM data_key`

    const [rows] = await Promise.all([started().rotate(), started().add(251, 'late', 'diagnosis 251')])
    assert.ok(rows === 250 || rows === 251, `${rows}`)
    const keys = await sql<{ id: number; blob: string }[]>`SELECT * FROM data_key`
    assert.equal(keys.length, 1)
    assert.notEqual(keys[0]?.blob, before?.blob)
    const again = started()
    for (const id of [1, 100, 101, 250, 251]) assert.equal(await again.diagnosisOf(id), `diagnosis ${id}`)
    assert.equal(await again.diagnosisOf(252), null)
  })

  it('goes on with a rotation that was interrupted', async () => {
    const broken = { ...kms, decrypt: () => Promise.reject(new Error('interrupted')) }
    await assert.rejects(new Patients(sql, broken, 'alias/patients').rotate(), /interrupted/)
    assert.equal((await sql`SELECT FROM data_key`).length, 2)
    assert.equal(await started().diagnosisOf(7), 'diagnosis 7')
    assert.equal(await started().finishRotation(), 251)
    assert.equal((await sql`SELECT FROM data_key`).length, 1)
  })

  it('takes no value for that of another row', async () => {
    await sql`UPDATE patient SET diagnosis = (SELECT diagnosis FROM patient WHERE id = 2) WHERE id = 1`
    await assert.rejects(started().diagnosisOf(1), /unable to authenticate/)
  })

  it('reads nothing once its owner disabled the CMK', async () => {
    await house.must('DisableKey', { KeyId: key })
    await assert.rejects(started().diagnosisOf(2), ({ code }: Refused) => code === 'Rejected.Disabled')
    await house.must('EnableKey', { KeyId: key })
    assert.equal(await started().diagnosisOf(2), 'diagnosis 2')
  })
})
