// Reading a trail that grows: no event is missed, and none is given twice, whatever order and however late events are recorded.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { eventLine } from '../../src/cli/event-line.ts'
import { readerOf } from '../../src/cli/trail-client.ts'
import { type EventPage, LATE_S, type LookUp, type TrailEvent, TrailReader } from '../../src/cli/trail-reader.ts'
import { times } from '../size.ts'

interface Recorded {
  readonly id: string
  /** The second of the call, and that from which on lookups show it. */
  readonly second: number
  readonly from: number
}

const START = 1_000_000

function event(eventId: string, second: number): TrailEvent {
  return { eventId, eventTime: `${new Date(second * 1000).toISOString().slice(0, 19)}Z` }
}

/** A trail whose clock tests move. Each lookup leaves an event of its own, as on a server; some fail. */
class Trail {
  now = START
  lookups = 0
  failsIn = Number.POSITIVE_INFINITY
  readonly #recorded: Recorded[]
  readonly #pageSize: number

  constructor(recorded: readonly Recorded[], pageSize: number) {
    this.#recorded = [...recorded]
    this.#pageSize = pageSize
  }

  readonly lookUp: LookUp = async (from, next): Promise<EventPage> => {
    if (--this.failsIn <= 0) {
      this.failsIn = Number.POSITIVE_INFINITY
      throw new Error('away')
    }
    // Where the page before ended: its second and the place of its last event in the order of recording.
    const [end, after] = next === null ? [this.now, null] : (JSON.parse(next) as [number, [number, number]])
    const shown = this.#recorded
      .map((one, i) => ({ ...one, i }))
      .filter((one) => one.from <= this.now && one.second >= from && one.second <= end)
      .sort((a, b) => a.second - b.second || a.i - b.i)
      .filter(({ second, i }) => after === null || second > after[0] || (second === after[0] && i > after[1]))
    const page = shown.slice(0, this.#pageSize)
    const last = page.at(-1)
    const requestId = `lookup ${++this.lookups}`
    this.#recorded.push({ id: requestId, second: this.now, from: this.now })
    return {
      events: page.map(({ id, second }) => event(id, second)),
      end,
      next: last && shown.length > page.length ? JSON.stringify([end, [last.second, last.i]]) : null,
      requestId,
    }
  }
}

describe('TrailReader', () => {
  const arrivals = fc.array(
    fc.record({ second: fc.integer({ min: -5, max: 200 }), late: fc.integer({ min: 0, max: LATE_S }) }),
    {
      maxLength: 60,
    },
  )
  const pauses = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 40 })

  it('gives every event once, however late it is recorded and whichever lookup fails', async () => {
    await fc.assert(
      fc.asyncProperty(
        arrivals,
        pauses,
        fc.integer({ min: 4, max: 9 }),
        fc.array(fc.nat(10), { maxLength: 5 }),
        async (given, waits, pageSize, failures) => {
          const recorded = given.map(({ second, late }, i) => ({
            id: `event ${i}`,
            second: START + second,
            from: START + second + late,
          }))
          // Each lookup adds an event of its own: pages must hold more than that, or no lookup ends.
          const trail = new Trail(recorded, pageSize)
          const reader = new TrailReader(trail.lookUp, START)
          const seen: string[] = []
          const poll = async () => {
            for await (const events of reader.poll()) seen.push(...events.map(({ eventId }) => eventId))
          }
          for (const [i, wait] of waits.entries()) {
            trail.failsIn = failures[i] || Number.POSITIVE_INFINITY
            await poll().catch((error: Error) => assert.equal(error.message, 'away'))
            trail.now += wait
          }
          trail.failsIn = Number.POSITIVE_INFINITY
          for (; trail.now < START + 400; trail.now += 10) await poll()
          const expected = recorded.filter(({ second }) => second >= START).map(({ id }) => id)
          assert.deepEqual(seen.toSorted(), expected.toSorted())
        },
      ),
      { numRuns: times('trails that grow') },
    )
  })

  it('gives the events of a moment in the order of the trail, over pages', async () => {
    const recorded = [3, 1, 2, 1].map((second, i) => ({ id: `${second}.${i}`, second: START + second, from: START }))
    const trail = new Trail(recorded, 2)
    trail.now = START + 10
    const seen: string[] = []
    for await (const events of new TrailReader(trail.lookUp, START).poll())
      seen.push(...events.map(({ eventId }) => eventId))
    assert.deepEqual(seen, ['1.1', '1.3', '2.2', '3.0'])
  })
})

describe('the line of an event', () => {
  it('obeys nothing that a stranger wrote into it', () => {
    const hostile = {
      ...event('1', START),
      eventName: 'A\u001b[2J\n\u202e',
      serviceName: 'Kms',
      resourceName: 'x'.repeat(500),
    }
    const line = eventLine(hostile)
    assert.match(line, /Kms\.A\\u001b\[2J\\u000a\\u202e/)
    assert.ok(!/\p{C}/u.test(line) && line.length < 400)
  })
})

it('begins in 1970 at the earliest, however long ago --since is', async () => {
  const trail = new Trail([{ id: 'first', second: 5, from: 5 }], 10)
  const { reader } = await readerOf(trail.lookUp, { ago: 9_999_999_999 * 86_400 })
  assert.equal(reader.end, 0)
  const read: string[] = []
  for await (const events of reader.poll()) read.push(...events.map(({ eventId }) => eventId))
  assert.deepEqual(read, ['first'])
})
