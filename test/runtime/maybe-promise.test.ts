// Values that may have to be waited for: what is there is passed on at once, and an end comes once, however the work ends.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { andThen, endingWith } from '../../src/runtime/maybe-promise.ts'

const fail = () => {
  throw new Error('failed')
}

describe('a value that may be a promise', () => {
  it('is passed on at once, or when it resolves', async () => {
    assert.equal(
      andThen(1, (value) => value + 1),
      2,
    )
    assert.equal(
      andThen(null, (value) => value),
      null,
    )
    const later = andThen(Promise.resolve(1), (value) => value + 1)
    assert.ok(later instanceof Promise)
    assert.equal(await later, 2)
    assert.equal(await andThen(1, async (value) => value + 1), 2)
  })

  it('is not passed on after an error', async () => {
    assert.throws(() => andThen(1, fail), /failed/)
    await assert.rejects(async () => andThen(Promise.resolve(1), fail), /failed/)
    await assert.rejects(async () => andThen(Promise.reject(new Error('earlier')), fail), /earlier/)
  })

  it('runs its last step once, after the work, however the work ends', async () => {
    const ends = async (work: () => unknown) => {
      const order: string[] = []
      const note = () => {
        order.push('worked')
        return work()
      }
      const all = async () => endingWith(note, () => order.push('ended'))
      order.push(
        await all().then(
          (value) => `gave ${value}`,
          (error: Error) => error.message,
        ),
      )
      return order
    }
    assert.deepEqual(await ends(() => 1), ['worked', 'ended', 'gave 1'])
    assert.deepEqual(await ends(fail), ['worked', 'ended', 'failed'])
    assert.deepEqual(await ends(async () => 1), ['worked', 'ended', 'gave 1'])
    assert.deepEqual(await ends(async () => fail()), ['worked', 'ended', 'failed'])
    let ended = false
    const pending = endingWith(
      () => Promise.resolve(1),
      () => {
        ended = true
      },
    )
    assert.equal(ended, false)
    await pending
    assert.equal(ended, true)
  })
})
