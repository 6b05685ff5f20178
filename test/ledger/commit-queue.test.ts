// Which calls become one batch: none is lost or overtaken, and none waits longer than it may.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate as settled } from 'node:timers/promises'
import fc from 'fast-check'
import { CommitQueue } from '../../src/ledger/commit-queue.ts'

/** The turns that a batch waits for more calls at the most, after the one in which its last call came. */
const TURNS = 4

/**
 * Plays turns of an event loop, each of which brings so many calls; a commit lasts `lasting` turns. Returns in which turn each batch was
 * committed.
 */
async function played(
  enough: number,
  arrivals: readonly number[],
  lasting = 0,
): Promise<{ turn: number; calls: readonly number[] }[]> {
  const batches: { turn: number; calls: readonly number[] }[] = []
  const ends: { turn: number; end: () => void }[] = []
  let soon: (() => void)[] = []
  let turn = 0
  const commit = async (calls: readonly number[]) => {
    batches.push({ turn, calls })
    if (lasting > 0) await new Promise<void>((end) => ends.push({ turn: turn + lasting, end }))
  }
  const queue = new CommitQueue<number>({ enough }, commit, { soon: (work) => void soon.push(work) })
  for (let call = 0; turn < arrivals.length || soon.length > 0 || ends.length > 0; turn++) {
    if (ends[0]?.turn === turn) ends.shift()?.end()
    await settled()
    for (let left = arrivals[turn] ?? 0; left > 0; left--) queue.add(call++, false)
    const due = soon
    soon = []
    for (const work of due) work()
    await settled()
  }
  return batches
}

const arrivals = fc.array(fc.nat(20), { maxLength: 30 })

describe('a queue of commits', () => {
  it('commits each call once, in its order, at most so many turns after it came', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 64 }), arrivals, async (enough, came) => {
        const batches = await played(enough, came)
        const turnOf = came.flatMap((calls, turn) => Array.from({ length: calls }, () => turn))
        assert.deepEqual(
          batches.flatMap(({ calls }) => calls),
          turnOf.map((_, call) => call),
        )
        for (const { turn, calls } of batches)
          for (const call of calls) assert.ok(turn - (turnOf[call] ?? 0) <= (enough === 1 ? 0 : TURNS))
      }),
    )
  })

  it('has a batch wait only while turns bring calls, and it has not enough', async () => {
    assert.deepEqual(await played(1, [3, 3]), [
      { turn: 0, calls: [0, 1, 2] },
      { turn: 1, calls: [3, 4, 5] },
    ])
    assert.deepEqual(await played(32, [2, 1, 0, 1]), [
      { turn: 2, calls: [0, 1, 2] },
      { turn: 3, calls: [3] },
    ])
    assert.deepEqual(await played(4, [2, 2, 1]), [
      { turn: 1, calls: [0, 1, 2, 3] },
      { turn: 2, calls: [4] },
    ])
  })

  it('commits a call that comes alone at once', async () => {
    assert.deepEqual(await played(32, [1, 1]), [
      { turn: 0, calls: [0] },
      { turn: 1, calls: [1] },
    ])
  })

  it('waits a turn after a batch for the next calls of its callers, and goes on while they come', async () => {
    assert.deepEqual(await played(32, [1, 3], 2), [
      { turn: 0, calls: [0] },
      { turn: 3, calls: [1, 2, 3] },
    ])
    assert.deepEqual(await played(32, [1, 3, 0, 2], 2), [
      { turn: 0, calls: [0] },
      { turn: 4, calls: [1, 2, 3, 4, 5] },
    ])
    assert.deepEqual(await played(1, [1, 3], 2), [
      { turn: 0, calls: [0] },
      { turn: 2, calls: [1, 2, 3] },
    ])
  })

  it('cuts a batch at last where every turn brings calls', async () => {
    const [first] = await played(
      32,
      Array.from({ length: 12 }, () => 2),
    )
    assert.deepEqual(first, { turn: 4, calls: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] })
  })
})
