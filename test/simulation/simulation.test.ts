// Simulations of the whole service from seeds: every invariant holds under all faults, and the simulations find each planted defect.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, realpathSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { runProgram } from '../acceptance/program.ts'
import { seed, times } from '../size.ts'
import { report } from './report.ts'
import { simulate } from './simulate.ts'
import { tracesOf } from './traces.ts'
import type { Mode, Plant } from './world.ts'

/** Each part has a test's limit of time for itself. */
const PARTS = 10
/** One of this number of seeds finds each planted defect. */
const FOUND_WITHIN = 300
/** Each run makes at least this number of calls: some by its clients, and those that check the state at the end. */
const FEWEST_CALLS = 12

/** The planted defects, the mode in which each is planted, and the failure of a run that finds it. */
const PLANTED: readonly (readonly [Plant, Mode, RegExp])[] = [
  ['answers before the sync', 'embedded', /before its event was durable/],
  ['nonces forgotten at a restart', 'embedded', /a replayed request succeeded|counted twice/],
  ['nonces forgotten at a restart', 'shared', /a replayed request succeeded|counted twice/],
  ['events dropped', 'embedded', /has 0 events|before its event was durable/],
  ['events dropped', 'shared', /has 0 events|before its event was durable/],
  ['changes of others not followed', 'shared', /older than the change number|no order explains|decrypts as/],
  ['one change in ten not followed', 'shared', /older than the change number|no order explains|decrypts as/],
  ['committed although what it read has changed', 'shared', /older than the change number|no order explains/],
  ['done for callers who gave up', 'shared', /was done for a caller who had given up/],
  ['rotations not recorded', 'embedded', /has 0 events RotateRootKey/],
  ['rotations not recorded', 'shared', /has 0 events RotateRootKey/],
]

describe('simulations', () => {
  for (let part = 0; part < PARTS; part++)
    it(`hold every invariant, whatever goes wrong (${part + 1} of ${PARTS})`, async () => {
      const runs = Math.ceil(times('simulations') / PARTS)
      let undecided = 0
      for (let i = 0; i < runs; i++) {
        const run = await simulate(seed * 1000 + part * runs + i)
        assert.equal(run.failure, null, report(run))
        if (!run.decided) undecided++
        assert.ok(run.calls >= FEWEST_CALLS, report(run))
      }
      assert.ok(undecided <= runs / 20, `${undecided} runs were undecided`)
    })

  it('are the same in every process, and on another version of Node', async () => {
    const script = fileURLToPath(new URL('traces.ts', import.meta.url))
    const traces = async (node: string) => {
      const { code, out, err } = await runProgram([script, String(seed), '10'], {}, node)
      assert.equal(code, 0, err)
      return out
    }
    const first = await tracesOf(seed, 10)
    assert.equal(first.split('\n').length, 11)
    assert.equal(await traces(process.execPath), first)
    const other = otherNode()
    if (other) assert.equal(await traces(other), first)
  })

  for (const [plant, mode, sign] of PLANTED)
    it(`find planted: ${plant} (${mode})`, async () => {
      for (let i = 0; i < FOUND_WITHIN; i++) {
        const { failure } = await simulate(seed * 1000 + i, { plant, mode })
        if (failure && sign.test(failure)) return
      }
      assert.fail(`${FOUND_WITHIN} runs did not find it`)
    })
})

/** The machine's own Node, where that runs sources of TypeScript; else null. */
function otherNode(): string | null {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const node = join(folder, 'node')
    if (!existsSync(node) || realpathSync(node) === realpathSync(process.execPath)) continue
    const { stdout } = spawnSync(node, ['--version'], { encoding: 'utf8' })
    if (Number(/^v(\d+)\./.exec(stdout)?.[1]) >= 24) return node
  }
  return null
}
