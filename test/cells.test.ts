// The simulation that docs/scale.md rests on: it loses no call, agrees with the formulas of queues, and the proposed AccessKeyIds lead to shards.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { hintedAccessKeyId, SHARDS, shardIn } from '../bench/cells/hint.ts'
import { imbalance, inTurn, packed, shardsOf } from '../bench/cells/placement.ts'
import { needed, scenarios } from '../bench/cells/scenarios.ts'
import { type Model, type Result, type Station, simulate } from '../bench/cells/simulation.ts'
import { Random } from './simulation/random.ts'

const instant: Station = { servers: 1, meanUs: 0, spread: 'fixed', mostWaiting: 1e9 }

/** One cell of one station behind a router that takes no time. */
function single(station: Partial<Station>, change: Partial<Model> = {}): Model {
  return {
    ...{ seed: 1, seconds: 30, callsPerSecond: 7000, shards: [1], placement: [0], routers: 1, router: instant },
    ...{ cells: 1, cell: [{ ...instant, meanUs: 100, ...station }], syncUs: 0, shardLimit: null, failure: null },
    ...change,
  }
}

function conserved({ cells, all }: Result): void {
  for (const { arrived, served, full, lost, limited } of [...cells, all])
    assert.equal(arrived, served + full + lost + limited)
}

describe('the simulation of cells', () => {
  it('has as long a median and tail as the formula of M/M/1', () => {
    const { all } = simulate(single({ spread: 'exponential' }))
    // Sojourn times are exponential with rate 1/service − arrivals: 3,000 a second.
    for (const [found, part] of [
      [all.p50Ms, 0.5],
      [all.p99Ms, 0.99],
    ] as const) {
      const expected = (-Math.log(1 - part) / 3000) * 1000
      assert.ok(Math.abs(found / expected - 1) < 0.05, `${found} ms for ${expected} ms`)
    }
    assert.ok(Math.abs((all.busy[0] ?? 0) - 0.7) < 0.01)
  })

  it('has as long a mean as the formulas of M/D/1 and M/M/1', () => {
    for (const [spread, factor] of [
      ['fixed', 0.5],
      ['exponential', 1],
    ] as const) {
      const { all } = simulate(single({ spread }))
      // Pollaczek and Khinchine: the wait is the part of M/M/1's, whose mean is ρ / (1 − ρ) services.
      const expected = 0.1 * (1 + factor * (0.7 / 0.3))
      assert.ok(Math.abs(all.meanMs / expected - 1) < 0.05, `${spread}: ${all.meanMs} ms for ${expected} ms`)
    }
  })

  it('serves what it can under more load, refuses the rest, and counts each call once', () => {
    const result = simulate(single({ mostWaiting: 20 }, { callsPerSecond: 20_000, seconds: 5 }))
    conserved(result)
    assert.ok(Math.abs(result.all.served / 50_000 - 1) < 0.01)
    assert.ok(result.all.full > 45_000)
    assert.ok(result.all.p99Ms <= 2.1 + 1e-9, 'nobody waits for more than the queue')
  })

  it('lets a shard have its limit, in a burst at first', () => {
    const result = simulate(single({}, { shardLimit: 2000, seconds: 5 }))
    conserved(result)
    assert.ok(Math.abs(result.all.served / (2000 * 5.02) - 1) < 0.01)
    assert.equal(result.all.limited, result.all.arrived - result.all.served)
  })

  it('loses the calls of a cell that failed, and no others', () => {
    const failure = { cell: 1, from: 1, to: 2 }
    const change = { ...{ shards: [0.5, 0.5], placement: [0, 1], cells: 2 }, seconds: 4, failure }
    const result = simulate(single({}, change))
    conserved(result)
    const [whole, failed] = result.cells
    assert.equal(whole?.lost, 0)
    assert.ok(Math.abs((failed?.lost ?? 0) / (failed?.arrived ?? 1) - 0.25) < 0.02)
    const { cells } = simulate(single({}, { ...change, failure: null }))
    assert.deepEqual(whole, cells[0], 'the other cell does not notice')
  })

  it('gives the same result for the same seed, and another for another', () => {
    const model = single({ spread: 'exponential' }, { seconds: 0.5 })
    assert.deepEqual(simulate(model), simulate(model))
    assert.notDeepEqual(simulate({ ...model, seed: 2 }), simulate(model))
  })

  it('plays every scenario of the page', () => {
    for (const { name, model } of scenarios(1_000_000, 0.02)) {
      const result = simulate(model)
      conserved(result)
      assert.ok(result.all.served > 0, name)
      assert.equal(result.all.lost > 0, model.failure !== null, name)
      assert.equal(result.all.limited > 0, model.shardLimit !== null, name)
    }
    const { cells, routers, cores } = needed(1_000_000)
    assert.equal(cores, 4 * cells + routers)
  })
})

describe('shards over cells', () => {
  const shards = shardsOf(100_000, 0.8, SHARDS, new Random(1))

  it('hold all calls between them', () => {
    assert.ok(Math.abs(shards.reduce((sum, part) => sum + part) - 1) < 1e-9)
  })

  it('fill cells evenly when the largest are placed first', () => {
    assert.ok(imbalance(shards, packed(shards, 36), 36) < 1.01)
    assert.ok(imbalance(shards, inTurn(SHARDS, 36), 36) > 1.1)
    assert.equal(imbalance([1, 1, 2], [0, 0, 1], 2), 1)
    assert.equal(imbalance([1, 1, 2], [0, 1, 1], 2), 1.5)
  })
})

describe('an AccessKeyId with a hint', () => {
  const key = Buffer.alloc(32, 1)
  const random = new Random(7)
  const source = { randomBytes: (length: number) => random.bytes(length) }
  const made = (shard: number) => hintedAccessKeyId(shard, key, source)

  it('has the form of all others, and leads to its shard', () => {
    for (const shard of [0, 1, 62, 8191, SHARDS - 1]) {
      const id = made(shard)
      assert.match(id, /^LTAI[A-Za-z0-9]{20}$/)
      assert.equal(shardIn(id, key), shard)
    }
  })

  it('leads nowhere with another key, when a character differs, or in another form', () => {
    const id = made(5)
    assert.equal(shardIn(id, Buffer.alloc(32, 2)), null)
    for (let at = 4; at < id.length; at++) {
      const other = id[at] === 'A' ? 'B' : 'A'
      assert.equal(shardIn(`${id.slice(0, at)}${other}${id.slice(at + 1)}`, key), null, `character ${at}`)
    }
    for (const strange of ['LTAItesting', `${id}A`, `STS.${id.slice(4)}`, '']) assert.equal(shardIn(strange, key), null)
  })

  it('has the same characters for one shard as for all: nobody can tell which AccessKeys belong together', () => {
    const counts = new Map<string, number>()
    const COUNT = 6200
    for (let i = 0; i < COUNT; i++) {
      const masked = made(5).slice(16, 19)
      for (const [at, character] of [...masked].entries())
        counts.set(`${at}${character}`, (counts.get(`${at}${character}`) ?? 0) + 1)
    }
    // 100 of each are expected at each place: five standard deviations are 50.
    assert.equal(counts.size, 3 * 62)
    for (const [which, count] of counts) assert.ok(count > 50 && count < 150, `${which}: ${count}`)
  })
})
