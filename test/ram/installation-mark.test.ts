// Decisions about accounts, while another process changes what they read.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Ledger } from '../../src/ledger/ledger.ts'
import type { Recorded } from '../../src/ledger/record.ts'
import { commitMarked } from '../../src/ram/installation-mark.ts'

const record: Recorded<object> = {
  kind: 'installation',
  account: '',
  region: '',
  id: 'installation',
  parent: null,
  createdAt: 0,
  dueAt: null,
  revision: 1,
  body: {},
}

const installation = { record, look: async () => {} }

/** A ledger in which something that was read has changed, or nothing. */
function ledger(moved: boolean): Ledger {
  return { view: () => null, confirms: async () => !moved, commit: async () => 'committed' } as unknown as Ledger
}

describe('a decision that fails', () => {
  it('is made again when something that it read has changed', async () => {
    let decided = 0
    const result = await commitMarked(ledger(true), installation, async () => {
      if (++decided === 1) throw new Error('an AccessKey without its account')
      return { result: 'made by another process', change: null }
    })
    assert.deepEqual([result, decided], ['made by another process', 2])
  })

  it('fails the work when nothing has', async () => {
    let decided = 0
    const work = commitMarked(ledger(false), installation, async () => {
      decided++
      throw new Error('the AccessKey belongs to another account')
    })
    await assert.rejects(work, /belongs to another account/)
    assert.equal(decided, 1)
  })
})
