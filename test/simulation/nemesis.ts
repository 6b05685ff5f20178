// What happens to servers, the database and the root keys while clients call.
import { rotate, stageOf } from '../../src/rootkeys/rotation.ts'
import type { Cast } from './cast.ts'
import type { History } from './clients.ts'
import { openSimulated } from './server.ts'
import { settingsOf, type World } from './world.ts'

/** Servers look at the root keys once a second. */
const SETTLE_MS = 1500
const REGION = 'cn-hangzhou'

/** Makes trouble until `isOver`, and no more than the run is to have. */
export async function nemesis(everyMs: number, world: World, cast: Cast, history: History, isOver: () => boolean) {
  const { random, host } = world
  const under: Promise<unknown>[] = []
  for (let left = host.faults.acts; left > 0 && !isOver(); left--) {
    await world.pause(2 * everyMs * random.fraction(), 'nemesis waits')
    if (isOver()) break
    under.push(act(world, cast, history))
  }
  await Promise.all(under)
}

async function act(world: World, cast: Cast, history: History): Promise<void> {
  const { random, host, scheduler } = world
  const place = random.below(world.servers.length)
  switch (random.below(world.mode === 'shared' ? 11 : 9)) {
    case 0:
      scheduler.note(`nemesis kills server ${place}`)
      return restart(place, world)
    case 1: {
      const server = world.servers[place]
      if (server) server.process.pausedUntil = scheduler.now + 2000 * random.fraction()
      scheduler.note(`nemesis pauses server ${place}`)
      return
    }
    case 2:
      return crash(world)
    case 3:
    case 4:
      return operate(world, cast, history, random.chance(0.6))
    case 5:
      return void (await rotation(world))
    case 6:
      scheduler.note('nemesis ends operators')
      return world.endOperators()
    case 9:
    case 10:
      return takeLane(place, world)
    default:
      host.isDown = random.chance(0.3)
      scheduler.note(`nemesis ${host.isDown ? 'takes the database away' : 'breaks connections'}`)
      host.outages++
      if (!host.isDown) return
      await world.pause(1000 * random.fraction(), 'outage')
      host.isDown = false
  }
}

async function restart(place: number, world: World): Promise<void> {
  if (!world.servers[place]) return
  world.kill(place)
  await world.pause(50 * world.random.fraction(), 'restart')
  await world.start(place)
}

/** Another process frees the lane of a server, as if that had been away for long. */
async function takeLane(place: number, world: World): Promise<void> {
  const node = world.servers[place]?.rooms.node
  const others = world.servers.filter((server, other) => server && other !== place)
  const other = world.random.pick(others)
  if (!other) return
  world.scheduler.note(`nemesis frees the lane of server ${place}`)
  const gone = new Promise<null>((resolve) => other.onGone(() => resolve(null)))
  const freeing = other.rooms.ledger.lane.releaseOf((holder) => holder === node).catch(() => null)
  world.scheduler.note(`nemesis freed ${(await Promise.race([freeing, gone])) ?? 'no'} lanes`)
}

/** The machine of an embedded database loses what was not synced, or a part of it; a shared one fails over. */
async function crash(world: World): Promise<void> {
  const { host, random, scheduler } = world
  const { database } = host
  host.outages++
  if (world.mode === 'shared') return
  const left = host.durable + random.below(database.committed - host.durable + 1)
  scheduler.note(`nemesis crashes the machine: ${database.committed - left} transactions are lost`)
  world.endOperators()
  world.endStarts()
  const places = world.servers.flatMap((server, place) => (server ? [place] : []))
  for (const place of places) world.kill(place)
  database.undoTo(left)
  host.durable = left
  await Promise.all(places.map((place) => world.start(place)))
}

/** The operator enables or disables an AccessKey of the account, on the database itself. */
async function operate(world: World, cast: Cast, history: History, active: boolean): Promise<void> {
  const { scheduler } = world
  const from = scheduler.steps
  const done = await asOperator(world, async (rooms, now) => {
    const { accessKeyId } = cast.credentials.second
    await rooms.operatorKeys.setStatus(cast.account, accessKeyId, active ? 'Active' : 'Inactive', REGION, now)
    return true
  })
  const op = { do: 'operator', active } as const
  scheduler.note(`operator ${active ? 'enables' : 'disables'} the second AccessKey: ${done ?? 'unknown'}`)
  if (done) history.calls.push({ op, from, to: scheduler.steps, answer: 'OK' })
  else history.calls.push({ op, from, to: Number.POSITIVE_INFINITY, answer: null })
}

/** Rotates the root key, or finishes a rotation. Returns whether it is finished. */
export async function rotation(world: World): Promise<boolean> {
  world.isRotating = true
  const done = await asOperator(world, async (rooms) => {
    const { ring, runtime } = rooms
    const pace = { now: runtime.now, settleMs: SETTLE_MS, progress: () => {}, giveWay: runtime.turn }
    await rotate(ring, { ...rooms, keys: ring.keys }, pace)
    return stageOf(ring) === 'retired'
  })
  world.isRotating = done !== true
  world.scheduler.note(`rotation: ${done ?? 'not finished'}`)
  return done ?? false
}

/** Runs a verb of the operator in a process of its own; null when it fails, or ends in the middle. */
async function asOperator<T>(
  world: World,
  work: (rooms: Awaited<ReturnType<typeof openSimulated>>, now: number) => Promise<T>,
): Promise<T | null> {
  const { process, storage } = world.process('operator')
  const setting = { settings: settingsOf(world.mode), process, storage, host: world.host, alarm: world.alarm(process) }
  const verb = async () => {
    const rooms = await openSimulated(setting)
    return work(rooms, process.runtime.now())
  }
  const ended = world.operator(process)
  return Promise.race([
    ended,
    verb().catch((error: unknown) => {
      world.scheduler.note(`${process.name} ends: ${error}`)
      return null
    }),
  ])
}
