// Simulated servers whose clients stick to them and change one key without a pause, the first server far from the database.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { seed } from '../size.ts'
import { cast } from './cast.ts'
import { History } from './clients.ts'
import { Database } from './database.ts'
import { drawFaults, type Faults, NO_FAULTS } from './faults.ts'
import { checkCaches, checkTrail } from './invariants.ts'
import { Random } from './random.ts'
import { signed } from './requests.ts'
import { BEGINNING } from './runtime.ts'
import { World } from './world.ts'

const SERVERS = 3
/** Clients of each server, and calls of each client of the far one; the others go on until these are done. */
const CLIENTS = 4
const CALLS = 2
const RUNS = 3
const MOST_STEPS = 200_000

interface Run {
  /** How the calls ended: HTTP statuses. */
  readonly far: readonly number[]
  readonly near: readonly number[]
  readonly turns: number
}

/** Plays the run of a seed. Throws where an invariant does not hold. */
async function play(number: number, faults: Faults): Promise<Run> {
  const actors = await cast()
  const database = new Database(actors.database)
  const world = new World({ seed: number, mode: 'shared', faults, plant: null, database })
  const history = new History()
  const [far, near]: [number[], number[]] = [[], []]
  let turns = 0
  const change = async (place: number, name: string) => {
    const { scheduler, servers } = world
    const parameters = { KeyId: actors.keys[0] ?? '', Description: name }
    const request = signed('UpdateKeyDescription', parameters, actors.credentials.root, name, BEGINNING + scheduler.now)
    const { status, requestId } = (await servers[place]?.answer(request)) ?? assert.fail()
    if (status === 200) history.acknowledged.push(requestId)
    ;(place === 0 ? far : near).push(status)
  }
  const story = async () => {
    for (let place = 0; place < SERVERS; place++) await world.start(place)
    let going = true
    const clients = Array.from({ length: SERVERS * CLIENTS }, async (_, client) => {
      const place = client % SERVERS
      for (let i = 0; place === 0 ? i < CALLS : going; i++) await change(place, `client${client}-${i}`)
    })
    await Promise.all(clients.filter((_, client) => client % SERVERS === 0))
    going = false
    await Promise.all(clients)
    checkTrail(world, history)
  }
  let turn: object | null = null
  const afterEach = () => {
    const { host, scheduler, violations } = world
    if (host.turn && host.turn.of !== turn) turns++
    turn = host.turn?.of ?? turn
    if (scheduler.steps % 8 === 0) checkCaches(world)
    if (violations[0]) throw violations[0]
  }
  await world.scheduler.run(story(), afterEach, MOST_STEPS)
  afterEach()
  return { far, near, turns }
}

describe('simulated servers that change one key', () => {
  it('do every call in turns, however far one of them is', async () => {
    for (let i = 0; i < RUNS; i++) {
      const { far, near, turns } = await play(seed * 1000 + i, { ...NO_FAULTS, far: i % 2 ? 10 : 40 })
      const statuses = new Set([...far, ...near])
      assert.deepEqual([far.length, [...statuses]], [CLIENTS * CALLS, [200]], `seed ${seed}, run ${i}`)
      assert.ok(turns > 0)
    }
  })

  it('hold every invariant, whatever goes wrong', async () => {
    let turns = 0
    for (let i = 0; i < RUNS; i++) {
      const number = seed * 1000 + i
      const faults = { ...drawFaults(new Random(number, 1)), far: 20, nemesisMs: null }
      turns += (await play(number, faults)).turns
    }
    assert.ok(turns > 0)
  })
})
