// The rotation of the root key (docs/root-key.md#rotate-the-root-key). Each step is one commit, so a rotation can stop after any step and continue
// from there:
//
//   announced   the new root is the last of the ring: every server opens values sealed under it, and none seals under it yet
//   current     the new root is the first of the ring: every server seals and authenticates under it
//   retired     no stored record is under the older roots any more; they remain for tokens that were issued
//   dropped     the older roots are removed from the ring
//
// After the first step the rotation waits until every server has seen the new root, so that each server can open the tokens of all others. Records
// need no wait: the ledger commits nothing under root keys that the installation record does not have as current.
import { MAX_ROOTS } from '../cryptography/ring.ts'
import type { RowKey } from '../storage/storage.ts'
import { type RecordingRooms, recordDone, recordDueEvents } from './due-events.ts'
import { type Occurrence, type RootState, rootStates } from './installation-record.ts'
import type { LiveRing, RingStep } from './live-ring.ts'
import { type Progress, straysOf, type Walked, type Rooms as WalkRooms, walk } from './walk.ts'

/** How long a new root is announced before it becomes the current one, in milliseconds. Servers look once a second. */
export const SETTLE_MS = 5000
/** How long a retired root stays in the ring, in milliseconds: sessions last up to 12 hours, import tokens 24 hours. */
export const RETIRED_MS = 36 * 3_600_000

export interface Rooms extends WalkRooms {
  readonly ledger: WalkRooms['ledger'] & RecordingRooms['ledger']
  readonly accounts: RecordingRooms['accounts']
  readonly runtime: WalkRooms['runtime'] & RecordingRooms['runtime']
  /** The region of the events. */
  readonly region: string
}

/** The speed of a rotation. `giveWay` lets calls run between batches of records. */
export interface Pace {
  now(): number
  readonly settleMs: number
  readonly progress: Progress
  readonly giveWay: () => Promise<void>
}

type Stage = 'none' | 'announced' | 'current' | 'retired'

/** The last step that a rotation has taken. */
export function stageOf(ring: LiveRing): Stage {
  return stageIn(rootStates(ring.record))
}

function stageIn(states: readonly RootState[]): Stage {
  if (states.some(({ coming }) => coming)) return 'announced'
  if (states.length === 1) return 'none'
  return states.slice(1).every(({ retiredAt }) => retiredAt !== null) ? 'retired' : 'current'
}

interface Rotated extends Walked {
  /** Whether another process finished this rotation first. It may have changed the root keys again since. */
  readonly overtaken: boolean
}

/**
 * Rotates the root key, or finishes an interrupted rotation, and records the rotation. After an error, whose message says what to do, call
 * it again to continue, unless the message says that the rotation is done. `walked` gets the result of the walk at its end: an error that
 * follows would lose it.
 */
export async function rotate(
  ring: LiveRing,
  rooms: Rooms,
  pace: Pace,
  walked: (result: Walked) => void = () => {},
): Promise<Rotated> {
  await ring.look()
  // If a server recorded due events between a look and the announcement, the announcement would fail.
  await recordDueEvents(ring, rooms)
  const rotated = await finished(ring, rooms, pace, walked)
  await recordDone('the root key is rotated', ring, rooms)
  return rotated
}

async function finished(ring: LiveRing, rooms: Rooms, pace: Pace, walked: (result: Walked) => void): Promise<Rotated> {
  const unfinished = stageOf(ring)
  if (unfinished === 'none' || unfinished === 'retired') await announce(ring, pace.now(), rooms.runtime)
  if (stageOf(ring) === 'announced') {
    await rooms.runtime.pause(pace.settleMs)
    await makeCurrent(ring, pace.now())
  }
  const { generation } = rooms.keys
  const result = await walk(rooms, pace.progress, pace.giveWay)
  walked(result)
  for (;;) {
    await ring.look()
    // Another process may have finished this rotation and begun the next one. Then this walk has renewed nothing under the next root key.
    if (rooms.keys.generation !== generation || stageOf(ring) !== 'current') return { ...result, overtaken: true }
    if (await retire(ring, generation, { at: pace.now(), region: rooms.region })) return { ...result, overtaken: false }
  }
}

/** Records under a retired root key. No server writes such records; an attacker who knows the key may have forged them. */
export class Strays extends Error {
  readonly records: readonly RowKey[]
  constructor(records: readonly RowKey[]) {
    super(`${records.length} records were written under a retired root key after the rotation`)
    this.records = records
  }
}

/**
 * Drops the retired roots, after a pass through all records that finds none under them, and records that. Returns whether this process dropped them.
 * Throws Strays if there are such records. With `anyway`, drops the roots without the pass; such records are refused from then on.
 */
export async function dropRetired(ring: LiveRing, rooms: Rooms, pace: Pace, anyway = false): Promise<boolean> {
  const isMine = await dropped(ring, rooms, pace, anyway)
  await recordDone('the retired root keys are dropped', ring, rooms)
  return isMine
}

async function dropped(ring: LiveRing, rooms: Rooms, pace: Pace, anyway: boolean): Promise<boolean> {
  if (!(await isRetired(ring))) return false
  const { generation } = rooms.keys
  const strays = anyway ? [] : await straysOf(rooms, pace.progress, pace.giveWay)
  if (strays.length > 0) throw new Strays(strays)
  for (;;) {
    if (!(await isRetired(ring))) return false
    // These are the retired roots of another rotation.
    if (rooms.keys.generation !== generation) throw cameFirst()
    if (await drop(ring, generation, { at: pace.now(), region: rooms.region })) return true
  }
}

/** Whether there are retired roots. Throws when a rotation is under way. */
async function isRetired(ring: LiveRing): Promise<boolean> {
  await ring.look()
  const stage = stageOf(ring)
  if (stage === 'announced' || stage === 'current')
    throw new Error('a rotation of the root key is under way: finish it first')
  return stage === 'retired'
}

/** Whether all retired roots have been retired for RETIRED_MS at `now`. */
export function dropIsDue(ring: LiveRing, now: number): boolean {
  if (stageOf(ring) !== 'retired') return false
  return rootStates(ring.record).every(({ retiredAt }) => retiredAt === null || retiredAt + RETIRED_MS <= now)
}

async function announce(ring: LiveRing, now: number, { randomBytes }: Rooms['runtime']): Promise<void> {
  if (rootStates(ring.record).length >= MAX_ROOTS)
    throw new Error(`there are ${MAX_ROOTS} root keys already: drop the retired ones first, with --drop-now`)
  await step(ring, ({ generation, roots, fingerprintKey }, states) =>
    ['none', 'retired'].includes(stageIn(states)) && states.length < MAX_ROOTS
      ? {
          ring: { generation: generation + 1, roots: [...roots, randomBytes(32)], fingerprintKey },
          states: [...states, { since: now, coming: true, retiredAt: null }],
        }
      : null,
  )
}

async function makeCurrent(ring: LiveRing, now: number): Promise<void> {
  await ring.look()
  if (stageOf(ring) !== 'announced') return
  await step(ring, ({ generation, roots, fingerprintKey }, states) => {
    const last = roots.at(-1)
    return last && stageIn(states) === 'announced'
      ? {
          ring: { generation: generation + 1, roots: [last, ...roots.slice(0, -1)], fingerprintKey },
          states: [{ since: now, retiredAt: null }, ...states.slice(0, -1)],
        }
      : null
  })
}

/** Returns false, and changes nothing, when another change came first. */
function retire(ring: LiveRing, generation: number, when: Occurrence): Promise<boolean> {
  return ring.change({
    event: { name: 'RotateRootKey', ...when },
    change: (held, states) => {
      const [first, ...older] = states
      if (!first || held.generation !== generation || stageIn(states) !== 'current') return null
      return {
        ring: held,
        states: [first, ...older.map(({ since, retiredAt }) => ({ since, retiredAt: retiredAt ?? when.at }))],
      }
    },
  })
}

/** Returns false, and changes nothing, when another change came first. */
function drop(ring: LiveRing, generation: number, when: Occurrence): Promise<boolean> {
  return ring.change({
    event: { name: 'DropRetiredRootKeys', ...when },
    change: (held, states) => {
      const [current] = held.roots
      const [state] = states
      if (!current || !state || held.generation !== generation || stageIn(states) !== 'retired') return null
      return { ring: { ...held, generation: generation + 1, roots: [current] }, states: [state] }
    },
  })
}

async function step(ring: LiveRing, change: RingStep): Promise<void> {
  if (!(await ring.change({ change }))) throw cameFirst()
}

function cameFirst(): Error {
  return new Error('another change of the root keys came first: see `strongroom root-key status`, and try again')
}
