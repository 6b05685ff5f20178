// Who gets a turn, and who loses it.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { FairWork } from '../../src/keystore/fair-work.ts'

describe('work in turns', () => {
  it('takes two at once, and lets 32 wait', async () => {
    const turns = new FairWork(2, 32)
    let [running, most] = [0, 0]
    const work = async () => {
      most = Math.max(most, ++running)
      await turn()
      running--
      return 'done'
    }
    const all = await Promise.all(Array.from({ length: 50 }, () => turns.run('192.0.2.1', work)))
    assert.equal(most, 2)
    assert.equal(all.filter((one) => one === 'done').length, 34)
    const broken = () => Promise.reject(new Error('broken'))
    await assert.rejects(turns.run('192.0.2.1', broken), /broken/)
    assert.equal(await turns.run('192.0.2.1', work), 'done')
  })

  it('lets the address that has most waiting give way to others', async () => {
    const turns = new FairWork(2, 32)
    const work = async () => {
      await turn()
      return 'done'
    }
    const many = Promise.all(Array.from({ length: 50 }, () => turns.run('192.0.2.1', work)))
    const others = ['192.0.2.2', '192.0.2.3'].map((source) => turns.run(source, work))
    assert.deepEqual(await Promise.all(others), ['done', 'done'])
    assert.equal((await many).filter((one) => one === 'done').length, 32)
  })

  it('gives turns to those who wait, however much one of them has', async () => {
    const turns = new FairWork(1, 32)
    const ran: string[] = []
    const run = (who: string) =>
      turns.run(who, async () => {
        ran.push(who)
        await turn()
      })
    await Promise.all(['many', 'many', 'many', 'many', 'few', 'few'].map(run))
    assert.deepEqual(ran, ['many', 'many', 'few', 'many', 'few', 'many'])
  })
})
