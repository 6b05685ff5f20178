// Every failure of failures.ts, many times each, on a real deployment: PostgreSQL under Patroni, three servers, HAProxy, official clients.
// `npm run test:failures` runs this and prints its table. STRONGROOM_TEST_FAILURE_RUNS is how often each failure happens;
// STRONGROOM_TEST_FAILURE chooses those whose names contain it.
import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { cannotDeploy, prepareJudge } from './cell.ts'
import { FAILURES } from './failures.ts'
import { HEAD, repeated, row } from './table.ts'

const RUNS = Number(process.env['STRONGROOM_TEST_FAILURE_RUNS'] ?? 20)
const CHOSEN = process.env['STRONGROOM_TEST_FAILURE'] ?? ''
/** The promise: each server serves so soon after the database does, in seconds. On a machine that does much else, nothing holds it. */
const RESUMES_WITHIN_S = 10
const cannot = cannotDeploy()

describe('a deployment of three servers on PostgreSQL under Patroni', { skip: cannot }, () => {
  const table = [HEAD]
  after(() => console.log(table.join('\n')))
  for (const failure of FAILURES.filter(({ name }) => name.includes(CHOSEN))) {
    const missing = failure.missing?.() ?? null
    it(`loses nothing in ${RUNS} times ${failure.name}`, {
      skip: missing === null ? false : `not run: ${missing}`,
    }, async () => {
      await prepareJudge()
      const shown = await repeated(failure, RUNS)
      table.push(row(failure.name, shown))
      assert.equal(shown.length, RUNS)
      assert.deepEqual(
        shown.flatMap(({ wrongs }) => wrongs),
        [],
      )
      const late = shown.filter(({ resumed }) => resumed > RESUMES_WITHIN_S)
      assert.deepEqual(late, [], `service resumed later than ${RESUMES_WITHIN_S} s after the database`)
    })
  }
})
