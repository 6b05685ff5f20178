// Decisions about accounts, while another process changes the installation record.
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

/** An installation record that another process moves as soon as `moves` says so. */
function installation(moves: () => boolean) {
  return {
    record,
    async look() {
      if (moves()) this.record = { ...record, revision: 2 }
    },
  }
}

const ledger = { commit: async () => 'committed' } as unknown as Ledger

describe('a decision that fails', () => {
  it('is made again when the installation record moved meanwhile', async () => {
    let decided = 0
    const result = await commitMarked(
      ledger,
      installation(() => true),
      async () => {
        if (++decided === 1) throw new Error('an AccessKey without its account')
        return { result: 'made by another process', change: null }
      },
    )
    assert.deepEqual([result, decided], ['made by another process', 2])
  })

  it('fails the work when nothing moved', async () => {
    let decided = 0
    const work = commitMarked(
      ledger,
      installation(() => false),
      async () => {
        decided++
        throw new Error('the AccessKey belongs to another account')
      },
    )
    await assert.rejects(work, /belongs to another account/)
    assert.equal(decided, 1)
  })
})
