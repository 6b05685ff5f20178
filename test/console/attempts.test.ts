// How fast log-ons may fail.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Attempts } from '../../src/console/attempts.ts'

describe('attempts to log on', () => {
  const failing = (attempts: Attempts, source: string, name: string, now: number) => {
    let admitted = 0
    while (attempts.admit(source, name, now)) admitted++
    return admitted
  }
  const succeed = (attempts: Attempts, source: string, name: string) => {
    const attempt = attempts.admit(source, name, 0)
    assert.ok(attempt)
    attempts.succeeded(attempt)
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

  it('from elsewhere do not lock a user out at an address where it logged on before', () => {
    const attempts = new Attempts()
    succeed(attempts, '192.0.2.1', 'a@acme')
    assert.equal(failing(attempts, '192.0.2.9', 'a@acme', 0), 10)
    assert.ok(attempts.admit('192.0.2.1', 'a@acme', 0))
  })

  it('stay counted while an address tries many other names', () => {
    const attempts = new Attempts()
    assert.equal(failing(attempts, '192.0.2.1', 'a@acme', 0), 10)
    for (let i = 0; i < 20_000; i++) attempts.admit('192.0.2.2', `user-${i}@acme`, 0)
    assert.equal(failing(attempts, '192.0.2.1', 'a@acme', 0), 0)
  })

  it('that succeed take nothing', () => {
    const attempts = new Attempts()
    for (let i = 0; i < 100; i++) succeed(attempts, '192.0.2.1', 'a@acme')
  })
})
