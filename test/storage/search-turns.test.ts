// Searches take turns: one of each account at a time, and no account waits for all searches of another.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { SearchTurns } from '../../src/storage/search-turns.ts'
import { TooManySearches, Unavailable } from '../../src/storage/storage.ts'

/** Searches that end when they are told to, by name in the order in which they began. */
function searching(turns: SearchTurns) {
  const begun: string[] = []
  const ends = new Map<string, () => void>()
  return {
    begun,
    search: (account: string, name: string) =>
      turns.run(account, () => {
        begun.push(name)
        return new Promise<string>((resolve) => ends.set(name, () => resolve(name)))
      }),
    async end(name: string) {
      ends.get(name)?.()
      await turn()
    },
  }
}

describe('the turns of searches', () => {
  it('go round the accounts, however many searches one of them wants', async () => {
    const { begun, search, end } = searching(new SearchTurns(1))
    const all = ['a1', 'a2', 'a3', 'b1', 'c1', 'b2'].map((name) => search(name.slice(0, 1), name))
    await turn()
    for (const name of ['a1', 'a2', 'b1', 'c1', 'a3', 'b2']) {
      assert.equal(begun.at(-1), name)
      await end(name)
    }
    assert.deepEqual(await Promise.all(all), ['a1', 'a2', 'a3', 'b1', 'c1', 'b2'])
  })

  it('give an account one at a time where several may run', async () => {
    const { begun, search, end } = searching(new SearchTurns(2))
    const all = ['a1', 'a2', 'b1', 'c1'].map((name) => search(name.slice(0, 1), name))
    await turn()
    assert.deepEqual(begun, ['a1', 'b1'])
    await end('b1')
    assert.deepEqual(begun, ['a1', 'b1', 'c1'])
    await end('a1')
    assert.deepEqual(begun, ['a1', 'b1', 'c1', 'a2'])
    for (const name of ['c1', 'a2']) await end(name)
    await Promise.all(all)
  })

  it('go on after a search that failed', async () => {
    const turns = new SearchTurns(1)
    await assert.rejects(turns.run('a', () => Promise.reject(new Error('none'))))
    assert.equal(await turns.run('a', async () => 1), 1)
  })

  it('refuse an account that has 16 waiting, and no other one', async () => {
    const { search, end } = searching(new SearchTurns(1))
    const all = Array.from({ length: 17 }, (_, i) => search('a', `a${i}`))
    await assert.rejects(search('a', 'a17'), TooManySearches)
    const other = search('b', 'b')
    for (let i = 0; i < 17; i++) {
      await end(`a${i}`)
      if (i > 0) await end('b')
    }
    assert.deepEqual(await Promise.all([...all, other]), [...Array.from({ length: 17 }, (_, i) => `a${i}`), 'b'])
  })

  it('stop for work that no search may see, and go on after it', async () => {
    const turns = new SearchTurns(1)
    const { begun, search, end } = searching(turns)
    const first = search('a', 'a1')
    await turn()
    let done = false
    const work = turns.without(() => {
      done = true
    })
    const second = search('b', 'b1')
    await turn()
    assert.deepEqual([begun, done], [['a1'], false])
    await end('a1')
    await work
    assert.equal(done, true)
    await turn()
    assert.deepEqual(begun, ['a1', 'b1'])
    await end('b1')
    await Promise.all([first, second])
    await assert.rejects(
      turns.without(() => {
        throw new Error('no work')
      }),
    )
    assert.equal(await turns.run('a', async () => 1), 1)
  })

  it('end when the database is closed', async () => {
    const turns = new SearchTurns(1)
    const { search, end } = searching(turns)
    const first = search('a', 'a1')
    const second = assert.rejects(search('a', 'a2'), Unavailable)
    turns.close()
    await second
    await assert.rejects(search('b', 'b1'), Unavailable)
    await end('a1')
    assert.equal(await first, 'a1')
  })
})
