// How fast log-ons may fail, and how many passwords are hashed at once.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { Attempts } from '../../src/console/attempts.ts'

describe('attempts to log on', () => {
  const failing = (attempts: Attempts, source: string, name: string, now: number) => {
    let admitted = 0
    while (attempts.admit(source, name, now)) admitted++
    return admitted
  }

  it('are bounded for a name, from whatever address, and come back with time', () => {
    const attempts = new Attempts()
    assert.equal(failing(attempts, '192.0.2.1', 'a@acme', 0), 10)
    assert.equal(failing(attempts, '192.0.2.2', 'a@acme', 0), 0)
    assert.equal(failing(attempts, '192.0.2.2', 'b@acme', 0), 10)
    assert.equal(failing(attempts, '192.0.2.2', 'a@acme', 6000), 2)
  })

  it('are bounded for an address, for whatever names', () => {
    const attempts = new Attempts()
    let admitted = 0
    for (let i = 0; i < 100; i++) if (attempts.admit('192.0.2.1', `user-${i}@acme`, 0)) admitted++
    assert.equal(admitted, 30)
    assert.ok(attempts.admit('192.0.2.2', 'user-0@acme', 0))
  })

  it('from elsewhere do not keep a user out at an address from which it logged on', () => {
    const attempts = new Attempts()
    attempts.admit('192.0.2.1', 'a@acme', 0)?.succeeded()
    assert.equal(failing(attempts, '192.0.2.9', 'a@acme', 0), 10)
    assert.ok(attempts.admit('192.0.2.1', 'a@acme', 0))
  })

  it('that succeed take nothing', () => {
    const attempts = new Attempts()
    for (let i = 0; i < 100; i++) {
      const attempt = attempts.admit('192.0.2.1', 'a@acme', 0)
      assert.ok(attempt, `the ${i}th`)
      attempt.succeeded()
    }
  })

  it('hash two passwords at once, and let 32 wait', async () => {
    const attempts = new Attempts()
    let [running, most] = [0, 0]
    const work = async () => {
      most = Math.max(most, ++running)
      await turn()
      running--
      return 'done'
    }
    const all = await Promise.all(Array.from({ length: 50 }, () => attempts.hashing('192.0.2.1', work)))
    assert.equal(most, 2)
    assert.equal(all.filter((one) => one === 'done').length, 34)
    const broken = () => Promise.reject(new Error('broken'))
    await assert.rejects(attempts.hashing('192.0.2.1', broken), /broken/)
    assert.equal(await attempts.hashing('192.0.2.1', work), 'done')
  })

  it('of the address that has most waiting give way to those of others', async () => {
    const attempts = new Attempts()
    const work = async () => {
      await turn()
      return 'done'
    }
    const many = Promise.all(Array.from({ length: 50 }, () => attempts.hashing('192.0.2.1', work)))
    const others = ['192.0.2.2', '192.0.2.3'].map((source) => attempts.hashing(source, work))
    assert.deepEqual(await Promise.all(others), ['done', 'done'])
    assert.equal((await many).filter((one) => one === 'done').length, 32)
  })
})
