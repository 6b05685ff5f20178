// One run from one seed: servers, clients, a nemesis, then quiet, and the questions at the end.
import { type Cast, cast } from './cast.ts'
import { type Blob, client, History, perform, replay } from './clients.ts'
import { Database } from './database.ts'
import { drawFaults, NO_FAULTS } from './faults.ts'
import { checkCaches, checkOrder, checkRootKeyEvents, checkTrail, isEventDue, watchKeyStates } from './invariants.ts'
import type { Op } from './model.ts'
import { nemesis, rotation } from './nemesis.ts'
import { Random } from './random.ts'
import { type Mode, type Plant, World } from './world.ts'

export interface Run {
  readonly seed: number
  readonly mode: Mode
  /** What went wrong; null for nothing. */
  readonly failure: string | null
  readonly steps: number
  /** SHA-256 of the trace. */
  readonly trace: string
  /** The end of the trace. */
  readonly lines: readonly string[]
  /** Whether the search for one order of all calls came to an end. */
  readonly decided: boolean
  readonly calls: number
}

/** Caches are checked after each of so many steps. */
const CHECKED = 8
const MOST_STEPS = 300_000
/** How long the last questions are asked again. */
const INSISTS = 20
/** How many requests an attacker repeats that were answered before the last restart. */
const REPLAYS = 2

/** What else than the seed decides a run. */
interface Given {
  /** What the run is made to do wrong. */
  readonly plant?: Plant
  /** As the seed says where it is absent. */
  readonly mode?: Mode
}

/** Plays the run of a seed. The same seed gives the same run. */
export async function simulate(seed: number, { plant, mode: given }: Given = {}): Promise<Run> {
  const actors = await cast()
  const random = new Random(seed, 1)
  const drawn = random.chance(0.4) ? 'embedded' : 'shared'
  const mode = given ?? drawn
  const faults = drawFaults(random)
  const world = new World({ seed, mode, faults, plant: plant ?? null, database: new Database(actors.database) })
  watchKeyStates(world)
  const history = new History()
  let decided = true
  let failure: string | null = null
  const story = async () => {
    await play(world, actors, history)
    checkTrail(world, history)
    checkRootKeyEvents(world)
    decided = checkOrder(world, actors, history)
  }
  const afterEach = () => {
    if (world.scheduler.steps % CHECKED === 0) checkCaches(world)
    const [first] = world.violations
    if (first) throw first
  }
  try {
    await world.scheduler.run(story(), afterEach, MOST_STEPS)
    afterEach()
  } catch (error) {
    failure = error instanceof Error ? (error.stack ?? error.message) : String(error)
  }
  const { steps, lines } = world.scheduler
  return { seed, mode, failure, steps, trace: world.scheduler.digest(), lines, decided, calls: history.calls.length }
}

async function play(world: World, actors: Cast, history: History): Promise<void> {
  const { random, host, mode } = world
  const servers = mode === 'embedded' ? 1 : random.pick([2, 2, 2, 3])
  for (let place = 0; place < servers; place++) world.servers.push(null)
  await Promise.all(Array.from({ length: servers }, (_, place) => world.start(place)))
  let isOver = false
  const trouble =
    host.faults.nemesisMs === null ? null : nemesis(host.faults.nemesisMs, world, actors, history, () => isOver)
  const { clients, calls, sleepMs } = host.faults
  const inTurn = async (name: string, count: number) => {
    const each = Math.ceil(count / clients)
    await Promise.all(Array.from({ length: clients }, (_, i) => client(`${name}${i}`, each, world, actors, history)))
  }
  if (sleepMs === 0) await inTurn('client', calls)
  else {
    await Promise.all([inTurn('client', calls / 2), random.chance(0.7) ? rotation(world) : null])
    world.scheduler.note('everything sleeps')
    world.scheduler.sleep(sleepMs)
    await inTurn('later', calls / 2)
  }
  isOver = true
  await calmDown(world, servers)
  await trouble
  await calmDown(world, servers)
  await ask(world, actors, history)
  await recorded(world)
}

/** Servers record every event about the root keys that operators left due. */
async function recorded(world: World): Promise<void> {
  for (let tries = 0; isEventDue(world); tries++) {
    if (tries === INSISTS) return world.violated('an event about the root keys stays due')
    await world.pause(1000, 'insists')
  }
}

/** Ends all trouble: every server runs, none is held up, and nothing is lost any more. */
async function calmDown(world: World, servers: number): Promise<void> {
  const { skewMs, logged, rotates } = world.host.faults
  world.host.faults = { ...NO_FAULTS, skewMs, logged, rotates }
  world.host.isDown = false
  for (let place = 0; place < servers; place++) {
    const server = world.servers[place]
    if (server) server.process.pausedUntil = 0
    if (!server || server.rooms.ledger.failure) {
      world.kill(place)
      await world.start(place)
    }
  }
}

/** Whatever was acknowledged is there, for a new server, too: keys, aliases, the secret, permissions, and what was encrypted. */
async function ask(world: World, actors: Cast, history: History): Promise<void> {
  if (world.host.faults.rotates || world.isRotating)
    for (let tries = 0; !(await rotation(world)); tries++)
      if (tries === INSISTS) return world.violated('the root key never rotates')
  let asked = 0
  const insist = async (op: Exclude<Op, { do: 'operator' }>): Promise<string> => {
    for (let tries = 0; tries < INSISTS; tries++) {
      const answer = await perform(op, `end-${asked++}`, world, actors, history)
      if (answer !== null) return answer
      await world.pause(1000, 'insists')
    }
    world.violated(`no answer to ${JSON.stringify(op)} although nothing is in its way`)
    return ''
  }
  const root = { caller: 'root' } as const
  const secret = (stage: 'ACSCurrent' | 'ACSPrevious') => insist({ do: 'GetSecretValue', ...root, stage })
  world.kill(0)
  await world.start(0)
  for (let replays = 0; replays < REPLAYS && history.used.length > 0; replays++) await replay(world, history)
  await Promise.all([
    ...actors.keys.map((_, key) => insist({ do: 'DescribeKey', ...root, by: { key } })),
    ...(['user', 'second'] as const).map((caller) => insist({ do: 'DescribeKey', caller, by: { key: 0 } })),
    insist({ do: 'ListAliases', ...root }),
    secret('ACSCurrent'),
    secret('ACSPrevious'),
  ])
  const enable = async (key: number) => {
    await insist({ do: 'CancelKeyDeletion', ...root, key })
    await insist({ do: 'EnableKey', ...root, key })
  }
  await Promise.all([...new Set(history.blobs.map(({ key }) => key))].map(enable))
  const open = async (blob: Blob) => {
    const answer = await insist({ do: 'Decrypt', ...root, ...blob })
    if (answer !== `OK ${blob.text}`) world.violated(`what was encrypted as ${blob.text} decrypts as ${answer}`)
  }
  await Promise.all(history.blobs.map(open))
}
