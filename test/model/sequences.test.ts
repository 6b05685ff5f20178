// Random sequences of all key operations, with time passing and restarts between, against the service and against a model:
// both agree on every answer's code and on all that can be seen.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import { kmsOperations } from '../../src/kms/operations.ts'
import { newCredentials } from '../../src/ram/account.ts'
import { SYSTEM } from '../../src/runtime/system.ts'
import { eachProtectionLevel } from '../databases.ts'
import type { TestHouse } from '../house.ts'
import { rsaPair } from '../kms/export.ts'
import { times } from '../size.ts'
import { KEYS, PLAYS, Run, type Step } from './play.ts'

/** What makes keys, uses them and lets time pass comes more often than what only looks. */
const OFTEN = [
  'Encrypt',
  'Decrypt',
  'ReEncrypt',
  // Most sequences see a key rotate, so that no run of the test is without one.
  ...['pass days', 'pass days', 'pass days'],
  'pass hours',
  'ImportKeyMaterial',
  'EnableKey',
  'CreateAlias',
]
const NAMES = [...Object.keys(PLAYS), ...OFTEN, ...OFTEN, 'restart']

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    operation: fc.constantFrom(...NAMES),
    key: fc.nat(KEYS),
    other: fc.nat(9),
    alias: fc.nat(3),
    value: fc.nat(5),
    yes: fc.boolean(),
  }),
  { minLength: 10, maxLength: 120, size: 'max' },
)

/** On PostgreSQL and in tokens a sequence takes several times as long. */
const runsOn = (where: string) =>
  times(where === 'SQLite' ? 'sequences against the model, on SQLite' : 'sequences against the model, elsewhere')

eachProtectionLevel((open, where) => {
  describe('random sequences of operations', () => {
    let house: TestHouse
    const rsa = rsaPair()
    before(async () => {
      house = await open()
    })
    after(() => house[Symbol.asyncDispose]())

    it('answer as the model does', async () => {
      let versions = 0
      await fc.assert(
        fc.asyncProperty(steps, async (all) => {
          const account = newCredentials(SYSTEM)
          await house.open.accounts.provide(account, 'round', house.now)
          const run = new Run(house, account, house.token ? 'HSM' : 'SOFTWARE', rsa)
          await run.begin()
          for (const step of all) await run.step(step)
          await run.everything()
          for (const key of run.model.keys) versions = Math.max(versions, key.versions.length)
        }),
        { numRuns: runsOn(where), includeErrorInReport: true },
      )
      // The sequences are long enough for keys to rotate, in many of them.
      assert.ok(versions > (where === 'SQLite' ? 1 : 0))
    })
  })
})

describe('the model', () => {
  it('knows every operation of the service', () => {
    assert.deepEqual(Object.keys(PLAYS).sort(), kmsOperations.map(({ name }) => name).sort())
  })
})
