// Times as texts: what the service writes and reads.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { fromIsoSeconds, isoSeconds } from '../../src/api/time.ts'

describe('a time to the second', () => {
  it('is read as it is written', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 253_402_300_799 }), (second) => {
        assert.equal(fromIsoSeconds(isoSeconds(second * 1000)), second * 1000)
      }),
    )
  })

  it('is in one form, and exists', () => {
    for (const text of [
      '',
      '2026-02-28',
      '2026-02-28T12:00Z',
      '2026-02-28T12:00:00',
      '2026-02-28T12:00:00.0Z',
      '2026-02-28T12:00:00+00:00',
      '2026-02-28t12:00:00z',
      ' 2026-02-28T12:00:00Z',
      '2026-02-29T12:00:00Z',
      '2026-02-30T12:00:00Z',
      '2026-04-31T12:00:00Z',
      '2026-13-01T12:00:00Z',
      '2026-02-28T24:00:00Z',
      '2026-02-28T23:59:60Z',
    ])
      assert.equal(fromIsoSeconds(text), null, text)
    assert.equal(fromIsoSeconds('2024-02-29T12:00:00Z'), Date.UTC(2024, 1, 29, 12))
  })
})
