// The trail verified by the service itself, from outside: with workers, and with several servers on one database. And what of the HSM a
// worker can tell.
import assert from 'node:assert/strict'
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { makeToken } from '../keystore/pkcs11/tokens.ts'
import { type PostgresqlServer, startPostgresql } from '../storage/postgresql-server.ts'
import { until } from '../until.ts'
import { type Credentials, call, type Program, removeFolder, startProgram, temporaryFolder } from './program.ts'

interface Shown {
  readonly State: string
  readonly SeenEvents: number
  readonly Fault?: object
}

async function asked(program: Program, { accessKeyId, accessKeySecret }: Credentials, action: string, version: string) {
  const parameters = { Version: version }
  const { status, body } = await call(
    program.endpoint,
    { accessKeyId, accessKeySecret },
    action,
    parameters,
    Date.now(),
  )
  assert.equal(status, 200, `${action}: ${JSON.stringify(body)}`)
  return body
}

/** Has the verification begin, once the account has rested from the last one. */
async function started({ endpoint }: Program, credentials: Credentials): Promise<void> {
  const { accessKeyId, accessKeySecret } = credentials
  const parameters = { Version: '2020-07-06' }
  await until(async () => {
    const { status, body } = await call(
      endpoint,
      { accessKeyId, accessKeySecret },
      'StartEventVerification',
      parameters,
      Date.now(),
    )
    if (status !== 200) assert.equal(body.Code, 'VerificationTooSoonException')
    return status === 200
  })
}

/** The verdict as a server says it, once there is one. */
async function verdict(program: Program, credentials: Credentials): Promise<Shown> {
  const shown = async () => (await asked(program, credentials, 'InspectEventChain', '2020-07-06')).Verification as Shown
  await until(async () => !['Waiting', 'Running'].includes((await shown()).State))
  return shown()
}

describe('a verification of the trail', () => {
  let server: PostgresqlServer
  let one: Program
  let two: Program
  let root: Credentials
  before(async () => {
    server = await startPostgresql()
    const flags = ['--database', server.database()]
    const [data, second] = [temporaryFolder(), temporaryFolder()]
    one = await startProgram({ data, flags })
    for (const file of ['root-key', 'root-credentials.json']) copyFileSync(join(data, file), join(second, file))
    two = await startProgram({ data: second, flags: [...flags, '--workers', '2'] })
    root = one.credentials
  })
  after(async () => {
    await one.stop()
    await two.stop()
    await server[Symbol.asyncDispose]()
    for (const { data } of [one, two]) removeFolder(data)
  })

  it('is requested from one server, done by either, covers all lanes, and is known to both', async () => {
    for (let i = 0; i < 20; i++) for (const program of [one, two]) await program.call('CreateKey')
    await asked(one, root, 'StartEventVerification', '2020-07-06')
    const { State, SeenEvents, Fault } = await verdict(two, root)
    assert.deepEqual([State, Fault], ['Intact', undefined])
    assert.ok(SeenEvents >= 40, `${SeenEvents}`)
    await started(two, root)
    assert.equal((await verdict(one, root)).State, 'Intact')
  })

  it('is done by the server that is left', async () => {
    await started(one, root)
    await one.stop()
    assert.equal((await verdict(two, root)).State, 'Intact')
  })
})

describe('a server with workers on SQLite', () => {
  it('verifies the trail, and each worker knows the tokens of the HSM', async () => {
    using token = makeToken('SoftHSM2')
    const program = await startProgram({ flags: ['--workers', '2', ...token.flags], env: token.env })
    try {
      for (let i = 0; i < 20; i++) await program.call('CreateKey')
      await asked(program, program.credentials, 'StartEventVerification', '2020-07-06')
      assert.equal((await verdict(program, program.credentials)).State, 'Intact')
      for (let i = 0; i < 4; i++) {
        const { Tokens } = await asked(program, program.credentials, 'InspectHsm', '2016-01-20')
        const [{ Name, State, Manufacturer }] = Tokens.Token
        assert.deepEqual([Name, State, Manufacturer], [token.label, 'Serving', 'SoftHSM project'])
      }
    } finally {
      await program.stop()
      removeFolder(program.data)
    }
  })
})
