// How many passwords a process hashes at once.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { Hashing } from '../../src/console/hashing.ts'

describe('hashing of passwords', () => {
  it('takes two at once, and lets 32 wait', async () => {
    const hashing = new Hashing()
    let [running, most] = [0, 0]
    const work = async () => {
      most = Math.max(most, ++running)
      await turn()
      running--
      return 'done'
    }
    const all = await Promise.all(Array.from({ length: 50 }, () => hashing.run('192.0.2.1', work)))
    assert.equal(most, 2)
    assert.equal(all.filter((one) => one === 'done').length, 34)
    const broken = () => Promise.reject(new Error('broken'))
    await assert.rejects(hashing.run('192.0.2.1', broken), /broken/)
    assert.equal(await hashing.run('192.0.2.1', work), 'done')
  })

  it('lets the address that has most waiting give way to others', async () => {
    const hashing = new Hashing()
    const work = async () => {
      await turn()
      return 'done'
    }
    const many = Promise.all(Array.from({ length: 50 }, () => hashing.run('192.0.2.1', work)))
    const others = ['192.0.2.2', '192.0.2.3'].map((source) => hashing.run(source, work))
    assert.deepEqual(await Promise.all(others), ['done', 'done'])
    assert.equal((await many).filter((one) => one === 'done').length, 32)
  })
})
