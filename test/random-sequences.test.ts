// The same random sequences of operations give the same answers on SQLite and on PostgreSQL.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import { newCredentials } from '../src/ram/account.ts'
import { SYSTEM } from '../src/runtime/system.ts'
import type { Credentials } from './acceptance/program.ts'
import { openTestHouse, type TestHouse } from './house.ts'
import { makeToken } from './keystore/pkcs11/tokens.ts'
import { times } from './size.ts'
import { type PostgresqlServer, startPostgresql } from './storage/postgresql-server.ts'

const DAY = 86_400_000

/** A step names its key and alias by number, since ids differ from house to house. */
interface Step {
  readonly operation: string
  readonly key: number
  readonly alias: number
  readonly value: number
}

const OPERATIONS = [
  'CreateKey',
  'CreateExternalKey',
  'DescribeKey',
  'EnableKey',
  'DisableKey',
  'ScheduleKeyDeletion',
  'CancelKeyDeletion',
  'DeleteKeyMaterial',
  'Encrypt',
  'CreateAlias',
  'UpdateAlias',
  'DeleteAlias',
  'ListAliases',
  'ListAliasesByKeyId',
  'ListKeys',
  'TagResource',
  'UntagResource',
  'ListResourceTags',
  'pass days',
] as const

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    operation: fc.constantFrom(...OPERATIONS),
    key: fc.nat(3),
    alias: fc.nat(3),
    value: fc.nat(5),
  }),
  { minLength: 20, maxLength: 60 },
)

/** Plays the steps in an account of its own; answers with what a caller saw, ids replaced by their numbers. */
async function play(house: TestHouse, all: readonly Step[], account: Credentials): Promise<string[]> {
  await house.open.accounts.provide(account, 'round', house.now)
  const keys: string[] = []
  const seen: string[] = []
  for (const { operation, key, alias, value } of all) {
    if (operation === 'pass days') {
      house.now += value * DAY
      await house.sweep()
      continue
    }
    house.now += 1000
    const KeyId = keys[key] ?? 'alias/none'
    const AliasName = `alias/${'abcd'[alias]}`
    const parameters: Record<string, Record<string, string>> = {
      CreateKey: { Description: `d${value}` },
      CreateExternalKey: { Origin: 'EXTERNAL' },
      DescribeKey: { KeyId: value > 2 ? AliasName : KeyId },
      ScheduleKeyDeletion: { KeyId, PendingWindowInDays: String(value + 5) },
      Encrypt: { KeyId, Plaintext: 'x' },
      CreateAlias: { KeyId, AliasName },
      UpdateAlias: { KeyId, AliasName },
      DeleteAlias: { AliasName },
      ListAliases: { PageSize: String(value) },
      ListKeys: { PageNumber: '1', PageSize: String(value + 1) },
      TagResource: { KeyId, Tags: `[{"TagKey":"t${value}","TagValue":"${alias}"}]` },
      UntagResource: { KeyId, TagKeys: `["t${value}"]` },
    }
    const action = operation === 'CreateExternalKey' ? 'CreateKey' : operation
    const answer = await house.call(action, parameters[operation] ?? { KeyId }, account)
    if (action === 'CreateKey' && answer.status === 200) keys.push(answer.body.KeyMetadata.KeyId)
    seen.push(`${operation} ${answer.status} ${comparable(answer.body, keys)}`)
  }
  return seen
}

/** The answer without what is random by nature. */
function comparable(body: unknown, keys: readonly string[]): string {
  const text = JSON.stringify(body, (member, value) =>
    ['RequestId', 'PrimaryKeyVersion', 'KeyVersionId', 'CiphertextBlob', 'HostId'].includes(member)
      ? undefined
      : member === 'Recommend'
        ? new URL(value).hash
        : value,
  )
  const level = text.replaceAll('"ProtectionLevel":"HSM"', '"ProtectionLevel":"SOFTWARE"')
  return keys.reduce((shown, id, number) => shown.replaceAll(id, `KEY${number}`), level)
}

describe('random sequences of operations', () => {
  let server: PostgresqlServer
  let sqlite: TestHouse
  let postgresql: TestHouse
  let hsm: TestHouse
  before(async () => {
    server = await startPostgresql()
    sqlite = await openTestHouse(null)
    postgresql = await openTestHouse(server.database())
    hsm = await openTestHouse(null, [], { token: makeToken('SoftHSM2') })
  })
  after(async () => {
    await sqlite[Symbol.asyncDispose]()
    await postgresql[Symbol.asyncDispose]()
    await hsm[Symbol.asyncDispose]()
    await server[Symbol.asyncDispose]()
  })

  it('give the same answers on both databases, and with keys in an HSM', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (all) => {
        const account = newCredentials(SYSTEM)
        const houses = [sqlite, postgresql, hsm]
        const now = Math.max(...houses.map((house) => house.now))
        for (const house of houses) house.now = now
        const answers = await play(sqlite, all, account)
        assert.deepEqual(await play(postgresql, all, account), answers)
        assert.deepEqual(await play(hsm, all, account), answers)
      }),
      { numRuns: times('sequences on all databases at once'), endOnFailure: true },
    )
    assert.deepEqual([...sqlite.failures, ...postgresql.failures, ...hsm.failures], [])
    const summary = async (house: TestHouse) =>
      (await house.events()).map(({ eventName, errorCode }) => `${eventName} ${errorCode ?? ''}`)
    assert.deepEqual(await summary(postgresql), await summary(sqlite))
    assert.deepEqual(await summary(hsm), await summary(sqlite))
  })
})
