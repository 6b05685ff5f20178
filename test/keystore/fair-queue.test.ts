// The queue of work with asymmetric keys: who comes next, and who gives way.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FairQueue } from '../../src/keystore/fair-queue.ts'

function filled(most: number, ...added: readonly string[]): FairQueue<string> {
  const queue = new FairQueue<string>(most)
  for (const work of added) assert.equal(queue.add(work[0] ?? '', work), null)
  return queue
}

function emptied(queue: FairQueue<string>): string[] {
  const all: string[] = []
  for (let work = queue.next(); work !== null; work = queue.next()) all.push(work)
  assert.ok(queue.isEmpty)
  return all
}

describe('a full queue', () => {
  it('lets the newest work of the account with the most work give way', () => {
    const queue = filled(4, 'a1', 'a2', 'a3', 'b1')
    assert.equal(queue.add('c', 'c1'), 'a3')
    assert.equal(queue.add('b', 'b2'), 'b2')
    assert.deepEqual(emptied(queue), ['a1', 'b1', 'c1', 'a2'])
  })

  it('refuses the newest of accounts with as much work as each other', () => {
    const queue = filled(2, 'a1', 'b1')
    assert.equal(queue.add('a', 'a2'), 'a2')
    assert.equal(queue.add('c', 'c1'), 'c1')
    assert.deepEqual(emptied(queue), ['a1', 'b1'])
  })
})

describe('a queue', () => {
  it('goes round the accounts, each in its own order', () => {
    assert.deepEqual(emptied(filled(9, 'a1', 'a2', 'a3', 'b1', 'b2', 'c1')), ['a1', 'b1', 'c1', 'a2', 'b2', 'a3'])
  })

  it('gives out everything at the end', () => {
    const queue = filled(9, 'a1', 'b1', 'a2')
    assert.deepEqual(queue.drain().toSorted(), ['a1', 'a2', 'b1'])
    assert.equal(queue.next(), null)
  })
})
