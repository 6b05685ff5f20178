// Random sequences of all key operations, with time passing and restarts between, against the service and against a model of the contract:
// both agree on every answer's code and on all that can be seen.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import { kmsOperations } from '../../src/kms/operations.ts'
import { newCredentials } from '../../src/ram/account.ts'
import { eachDatabase } from '../databases.ts'
import type { TestHouse } from '../house.ts'
import { rsaPair } from '../kms/export.ts'
import { KEYS, PLAYS, type ProtectionLevel, Run, type Step } from './play.ts'

/** The levels that the house can be opened with, each with the flags for it. */
const LEVELS: readonly { readonly level: ProtectionLevel; readonly flags: readonly string[] }[] = [
  { level: 'SOFTWARE', flags: [] },
]

/** What makes keys, uses them and lets time pass comes more often than what only looks. */
const OFTEN = [
  'Encrypt',
  'Decrypt',
  'ReEncrypt',
  'pass days',
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

eachDatabase((open, database) => {
  for (const { level, flags } of LEVELS)
    describe(`random sequences on keys of level ${level}`, () => {
      let house: TestHouse
      const rsa = rsaPair()
      before(async () => {
        house = await open(flags)
      })
      after(() => house[Symbol.asyncDispose]())

      it('answer as the model of the contract does', async () => {
        const codes = new Map<string, number>()
        await fc.assert(
          fc.asyncProperty(steps, async (all) => {
            const account = newCredentials()
            await house.open.accounts.provide(account, 'round', house.now)
            const run = new Run(house, account, level, rsa)
            await run.begin()
            for (const step of all) await run.step(step)
            await run.everything()
            for (const key of run.model.keys)
              codes.set('versions', Math.max(codes.get('versions') ?? 0, key.versions.length))
          }),
          { numRuns: database === 'SQLite' ? 100 : 20, interruptAfterTimeLimit: 90_000 },
        )
        // The sequences are long enough for keys to rotate more than once.
        assert.ok((codes.get('versions') ?? 0) > 2)
      })
    })
})

describe('the model', () => {
  it('knows every operation of the service', () => {
    assert.deepEqual(Object.keys(PLAYS).sort(), kmsOperations.map(({ name }) => name).sort())
  })
})
