// The states of the connection to an HSM, and what leads from one to another.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { after, type Happening, initial, type State } from '../../../src/keystore/pkcs11/supervisor-state.ts'

const TOKENS = [{ token: 't', up: true, pinRefused: false, reason: '' }]
const refusals = new Map() as never
const serves = { what: 'next serves', tokens: TOKENS, refusals } as const
const begins = (process: string) => ({ what: 'next begins', process }) as const
const run = (...happenings: Happening<string>[]) =>
  happenings.reduce<State<string>>((state, happening) => after(state, happening), initial())

describe('the connection to an HSM', () => {
  it('is served by the next process only when that one serves', () => {
    assert.deepEqual(
      [run().name, run(begins('a')).name, run(begins('a'), serves).name, run(begins('a'), serves, begins('b')).name],
      ['away', 'starting', 'serving', 'replacing'],
    )
    assert.equal(run(begins('a'), serves, begins('b')).now?.process, 'a')
    assert.equal(run(begins('a'), serves, begins('b'), serves).now?.process, 'b')
  })

  it('keeps the process that serves when the next one ends, and the next one when that process ends', () => {
    const replacing = [begins('a'), serves, begins('b')] as const
    assert.deepEqual(run(...replacing, { what: 'next ends' }), run(begins('a'), serves))
    assert.deepEqual(run(...replacing, { what: 'now ends' }), run(begins('b')))
  })

  it('needs a new process until one serves', () => {
    const wanted = [begins('a'), serves, { what: 'a fresh process is wanted' }, begins('b')] as const
    assert.equal(run(...wanted).now?.wantsFresh, true)
    assert.equal(run(...wanted, { what: 'next ends' }).now?.wantsFresh, true)
    assert.equal(run(...wanted, serves).now?.wantsFresh, false)
  })

  it('has never more than one next process, and begins none once it has stopped', () => {
    let n = 0
    const happening = fc.oneof(
      fc.constant(null).map(() => begins(`p${n++}`)),
      fc.constantFrom<Happening<string>>(
        serves,
        { what: 'next ends' },
        { what: 'now ends' },
        { what: 'a token changes', token: { token: 't', up: false, pinRefused: false, reason: 'gone' } },
        { what: 'a fresh process is wanted' },
        { what: 'it stops' },
      ),
    )
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 30 }), (happenings) => {
        let state = initial<string>()
        let hasStopped = false
        for (const one of happenings) {
          const before = state
          state = after(state, one)
          if (before.next !== null && state.next !== null) assert.equal(state.next, before.next)
          hasStopped ||= one.what === 'it stops'
          if (hasStopped) assert.deepEqual([state.name, state.next], ['stopped', null])
        }
      }),
    )
  })
})
