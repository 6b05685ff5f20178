// Any batch of calls arrives at the owner of the database as it was sent, and its outcomes come back.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type Batch, packBatch, packStored, unpackBatch, unpackStored } from '../../../src/storage/remote/batch.ts'
import { encodeFrame, FrameError, FrameReader } from '../../../src/storage/remote/frame.ts'
import type { Commit, EventRow, FormerRow, Row, RowChange } from '../../../src/storage/storage.ts'

const text = fc.string({ unit: 'grapheme', maxLength: 40 })
const number = fc.nat(Number.MAX_SAFE_INTEGER)
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const former = {
  kind: text,
  account: text,
  region: text,
  id: text,
  parent: fc.option(text),
  createdAt: number,
  dueAt: fc.option(number),
  revision: number,
  body: fc.json(),
}
const formerRow: fc.Arbitrary<FormerRow> = fc.record(former)
const row: fc.Arbitrary<Row> = fc.record({ ...former, mac: bytes(32) })
const change: fc.Arbitrary<RowChange> = fc.oneof(
  fc.record({
    change: fc.constant('insert' as const),
    row,
    counted: fc.option(fc.record({ atMost: fc.option(number) })),
  }),
  fc.record({ change: fc.constant('update' as const), row, before: formerRow }),
  fc.record({ change: fc.constant('delete' as const), row: formerRow, counted: fc.boolean() }),
  fc.record({ change: fc.constant('expect' as const), row: formerRow }),
)
const event: fc.Arbitrary<EventRow> = fc.record({
  eventId: text,
  account: text,
  region: text,
  at: number,
  body: fc.json(),
})
const commit: fc.Arbitrary<Commit> = fc.record(
  {
    changes: fc.array(change, { maxLength: 4 }),
    nonce: fc.option(fc.record({ digest: bytes(16), expiresAt: number })),
    event: fc.option(event),
    further: fc.array(event, { maxLength: 3 }),
    scrub: fc.boolean(),
  },
  { requiredKeys: ['changes', 'nonce', 'event', 'scrub'] },
)
const batch: fc.Arbitrary<Batch> = fc.record({
  commits: fc.array(commit, { maxLength: 6 }),
  basis: fc.option(fc.record({ number, reads: fc.option(fc.array(fc.array(text))) })),
})

/** With bytes as text, so that views compare. */
function shown(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  if (Array.isArray(value)) return value.map(shown)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, shown(one)]))
}

describe('a batch', () => {
  it('arrives as it was sent', () => {
    fc.assert(
      fc.property(batch, (sent) => {
        const frame = encodeFrame({ kind: 'request', subject: 1, number: 1, ...asPacked(packBatch(sent)) })
        const [arrived] = new FrameReader().take(frame)
        assert.ok(arrived)
        assert.deepEqual(shown(unpackBatch(arrived)), shown(sent))
      }),
    )
  })

  it('that is cut short or altered is refused, or read as another batch, and nothing else happens', () => {
    fc.assert(
      fc.property(batch, fc.nat(), fc.nat(255), (sent, at, byte) => {
        const { text: all, bytes: some } = asPacked(packBatch(sent))
        const cut = some.subarray(0, at % some.length)
        assert.throws(() => unpackBatch({ text: all, bytes: cut }), FrameError)
        const altered = Buffer.from(some)
        altered[at % some.length] = byte
        try {
          unpackBatch({ text: all, bytes: altered })
        } catch (error) {
          assert.ok(error instanceof FrameError || error instanceof SyntaxError, String(error))
        }
      }),
    )
  })

  it('has outcomes that come back', () => {
    const outcome = fc.constantFrom('committed', 'moved', 'full', 'nonce-used', 'unavailable')
    const others = fc.option(fc.record({ number, keys: fc.array(text) }, { noNullPrototype: true }))
    fc.assert(
      fc.property(fc.record({ outcomes: fc.array(outcome), number: fc.option(number) }), others, (ended, met) => {
        const stored = { ...ended, ...(met && { others: met }) }
        assert.deepEqual(unpackStored(packStored(stored)), stored)
      }),
    )
  })
})

function asPacked({ text: all, bytes: some }: { readonly text: string; readonly bytes: Uint8Array }) {
  return { text: all, bytes: some }
}
