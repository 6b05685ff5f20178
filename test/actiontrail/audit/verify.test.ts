// The walk along a chain, over rows made here: what it says of events that are missing and of events that were rewritten.
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { describe, it } from 'node:test'
import { type Checkpoint, checkpointId, publicKeyOf, TrailSigner } from '../../../src/actiontrail/audit/checkpoint.ts'
import type { Reads } from '../../../src/actiontrail/audit/range.ts'
import { StoredWalk } from '../../../src/actiontrail/audit/stored-walk.ts'
import { ChainWalk, Checkpoints } from '../../../src/actiontrail/audit/verify.ts'
import { GENESIS, link } from '../../../src/ledger/chain.ts'
import type { ChainedEvent, Head } from '../../../src/storage/storage.ts'

const { publicKey, privateKey } = generateKeyPairSync('ed25519')
const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
const signer = new TrailSigner(pem, privateKey)

/** A chain of as many events from its beginning; `body` is the text of each. */
function chain(count: number, body: (seq: number) => string = (seq) => `event ${seq}`): readonly ChainedEvent[] {
  const rows: ChainedEvent[] = []
  let { hash } = GENESIS
  for (let seq = 1; seq <= count; seq++) {
    const event = { eventId: `id-${seq}`, account: '1', region: 'cn-hangzhou', at: seq, body: body(seq) }
    hash = link(hash, seq, event, 1)
    rows.push({ ...event, seq, hash, change: 1 })
  }
  return rows
}

/** A walk that knows signed checkpoints at these events of a chain. */
function walkOver(rows: readonly ChainedEvent[], marks: readonly number[]): ChainWalk {
  const all = marks.map((seq) => signer.checkpoint([headAt(rows, seq)], seq))
  return new ChainWalk(GENESIS, new Checkpoints(all, publicKeyOf(pem)))
}

function headAt(rows: readonly ChainedEvent[], count: number): Head {
  const { seq, hash } = rows[count - 1] ?? GENESIS
  return { seq, hash }
}

describe('a walk along a chain', () => {
  it('reports all events up to the last checkpoint as missing, not only those up to the next one', () => {
    const rows = chain(12)
    const walk = walkOver(rows, [3, 6, 10])
    assert.equal(walk.take(rows.slice(0, 5)), null)
    assert.deepEqual(walk.unmet(), {
      kind: 'Cut',
      seq: 6,
      message: 'events 6 to 10 are missing at the end: the trail was cut, or an older copy was put in its place',
    })
    assert.equal(walk.take(rows.slice(5)), null)
    assert.equal(walk.unmet(), null)
    assert.equal(walk.events, 12)
  })

  it('withdraws the events since the last confirmed checkpoint when they were rewritten', () => {
    const rows = chain(12)
    const rewritten = chain(12, (seq) => (seq === 8 ? 'another' : `event ${seq}`))
    const walk = walkOver(rows, [6, 10])
    const fault = walk.take(rewritten)
    assert.deepEqual(fault, {
      kind: 'Rewritten',
      seq: 7,
      message: 'the events from 7 to 10 were rewritten: they are not those that were recorded',
    })
    assert.deepEqual([walk.events, walk.head], [6, headAt(rows, 6)])
  })

  it('confirms the events up to the last checkpoint, and none that only agree with each other', () => {
    const rows = chain(12)
    const altered = rows.map((row) => (row.seq === 9 ? { ...row, body: 'another' } : row))
    const walk = walkOver(rows, [3, 6, 10])
    assert.match(walk.take(altered)?.message ?? '', /^event 9 \(id-9\) is not what was recorded/)
    assert.deepEqual([walk.events, walk.confirmed], [8, 6])
    const whole = walkOver(rows, [6, 10])
    assert.equal(whole.take(rows), null)
    assert.deepEqual([whole.events, whole.confirmed], [12, 10])
    assert.equal(whole.expect(headAt(rows, 12)), null)
    assert.deepEqual([whole.events, whole.confirmed], [12, 12])
  })

  it('withdraws all events when no checkpoint is known and the head differs', () => {
    const rows = chain(5)
    const walk = walkOver(rows, [])
    assert.equal(walk.take(chain(5, (seq) => `other ${seq}`)), null)
    const { message } = walk.expect(headAt(rows, 5)) ?? {}
    assert.equal(message, 'the events from 1 to 5 were rewritten: they are not those that were recorded')
    assert.deepEqual([walk.events, walk.head], [0, GENESIS])
  })
})

describe('a walk along a stored lane', () => {
  const COUNT = 2600
  const rows = chain(COUNT)
  const checkpoints = rows.map((_, i) => signer.checkpoint([headAt(rows, i + 1)], i + 1))

  /** A trail whose every event has a checkpoint; what of them was in memory at a time. */
  function stored(events: readonly ChainedEvent[], marks: readonly Checkpoint[]) {
    const pages: number[] = []
    const between = async (_: unknown, __: unknown, where: { after: string; before: string; limit: number }) => {
      const found = marks.filter(({ seq }) => seq > Number(where.after) && seq < Number(where.before))
      pages.push(Math.min(found.length, where.limit))
      return found.slice(0, where.limit).map((body) => ({ id: checkpointId(body.seq), body }))
    }
    const after = async (seq: number, limit: number) => events.slice(seq, seq + limit)
    const end = headAt(rows, COUNT)
    const range = { lanes: [], after: 0, before: COUNT + 1, vanished: null }
    const ledger = { between, events: { after } } as unknown as Reads
    const walking = { ledger, publicKey: publicKeyOf(pem), witnesses: [], range, rowsAtOnce: 256 }
    return { walk: new StoredWalk(walking, 0), end, pages }
  }

  it('knows a thousand checkpoints at a time, and meets them all', async () => {
    const { walk, end, pages } = stored(rows, checkpoints)
    assert.equal(await walk.to(end, () => {}), null)
    assert.equal(await walk.unmet(), null)
    assert.deepEqual([walk.events, pages], [COUNT, [1000, 1000, 600]])
  })

  for (const seq of [1, 999, 1000, 1001, 1280, 2000, 2001, 2600]) {
    it(`finds the checkpoint at event ${seq} forged`, async () => {
      const forged = checkpoints.map((one) => (one.seq === seq ? { ...one, at: 0 } : one))
      const { walk, end } = stored(rows, forged)
      const { kind, seq: found } = (await walk.to(end, () => {})) ?? (await walk.unmet()) ?? {}
      assert.deepEqual([kind, found], ['CheckpointForged', seq])
    })

    it(`finds that event ${seq} was rewritten`, async () => {
      const rewritten = chain(COUNT, (one) => (one === seq ? 'another' : `event ${one}`))
      const { walk, end } = stored(rewritten, checkpoints)
      const { kind, seq: found } = (await walk.to(end, () => {})) ?? {}
      assert.deepEqual([kind, found, walk.events], ['Rewritten', seq, seq - 1])
    })

    it(`finds that the trail was cut after event ${seq - 1}`, async () => {
      const { walk } = stored(rows.slice(0, seq - 1), checkpoints)
      assert.equal(await walk.to(headAt(rows, seq - 1), () => {}), null)
      const { kind, seq: found, message } = (await walk.unmet()) ?? {}
      assert.deepEqual([kind, found], ['Cut', seq])
      assert.match(message ?? '', new RegExp(seq === COUNT ? 'event 2600 is missing' : `${seq} to 2600 are missing`))
    })
  }
})
