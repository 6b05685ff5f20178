// How sweeps follow each other, and what is counted.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Sweeps } from '../../src/house/sweeps.ts'

describe('sweeps', () => {
  it('run one at a time, and one that fails keeps no other from running', async () => {
    const order: string[] = []
    let turn = 0
    const sweeps = new Sweeps(async () => {
      const mine = ++turn
      order.push(`begin ${mine}`)
      await Promise.resolve()
      order.push(`end ${mine}`)
      if (mine === 1) throw new Error('away')
      return 0
    })
    const [first, second] = await Promise.allSettled([sweeps.run(), sweeps.run()])
    assert.deepEqual(order, ['begin 1', 'end 1', 'begin 2', 'end 2'])
    assert.deepEqual([first.status, second.status], ['rejected', 'fulfilled'])
  })

  it('count what another sweep changed while the clock was moved', async () => {
    let due = 0
    const sweeps = new Sweeps(async () => {
      const changed = due
      due = 0
      return changed
    })
    const changed = await sweeps.runAfter(async () => {
      due = 2
      await sweeps.run()
    })
    assert.equal(changed, 2)
  })
})
