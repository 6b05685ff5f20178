// The export of a trail of many lanes: all lanes are begun before the first event is written, so what is read of each is bounded.
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { describe, it } from 'node:test'
import { exportTrail } from '../../../src/actiontrail/audit/audit.ts'
import type { TrailRooms } from '../../../src/actiontrail/audit/range.ts'
import { genesisOf, link } from '../../../src/ledger/chain.ts'
import { laneOf } from '../../../src/storage/lane.ts'
import type { ChainedEvent, EventStorage } from '../../../src/storage/storage.ts'

const { publicKey } = generateKeyPairSync('ed25519')

/** The events of a lane. */
function laneOfEvents(lane: number, count: number): readonly ChainedEvent[] {
  let { seq, hash } = genesisOf(lane)
  return Array.from({ length: count }, (_, i) => {
    const event = { eventId: `${lane}-${i}`, account: '1', region: 'r', at: i, body: '{}' }
    hash = link(hash, ++seq, event, null)
    return { ...event, seq, hash, change: null }
  })
}

/** A trail, and the sizes of the reads of its events. */
function trail(lanes: number, events: number) {
  const rows = Array.from({ length: lanes }, (_, lane) => laneOfEvents(lane, events))
  const limits: number[] = []
  const after: EventStorage['after'] = async (seq, limit) => {
    limits.push(limit)
    return (rows[laneOf(seq)] ?? []).filter((row) => row.seq > seq).slice(0, limit)
  }
  const ledger = {
    get: async () => null,
    between: async () => [],
    heads: async () => rows.map((some) => some.at(-1) ?? assert.fail()),
    events: { after },
  }
  const eventIndex = { indexed: async () => ({ lanes: [] }) }
  return { rooms: { ledger, eventIndex } as unknown as TrailRooms, limits }
}

describe('the export of a trail', () => {
  for (const [lanes, events, most] of [
    [1, 6000, 5000],
    [10, 700, 500],
    [80, 130, 100],
  ] as const)
    it(`reads at most ${most} events of each of ${lanes} lanes at once`, async () => {
      const { rooms, limits } = trail(lanes, events)
      const seen: string[] = []
      const everything = { from: null, to: null }
      for await (const piece of exportTrail(rooms, everything, publicKey, () => {}))
        if ('row' in piece) seen.push(piece.row.eventId)
      assert.equal(Math.max(...limits), most)
      const all = Array.from({ length: lanes }, (_, lane) => Array.from({ length: events }, (_, i) => `${lane}-${i}`))
      assert.deepEqual(seen, all.flat())
    })
})
