// Rotating the root key, in steps of which each is one commit, so that it can stop anywhere and go on from there:
//
//   announced   the new root is in the ring, last: every server opens what is sealed under it, none seals under it yet
//   current     it is the first: every server seals and authenticates under it
//   retired     nothing is left under the older ones; they stay for tokens that were handed out
//   dropped     the older ones are gone from the ring
//
// After the first two it waits until every server has seen them (LiveRing: who has not looked does not commit).
import { setTimeout as pause } from 'node:timers/promises'
import { MAX_ROOTS } from '../cryptography/ring.ts'
import { randomBytes } from '../keystore/random.ts'
import { rootStates } from './installation-record.ts'
import type { LiveRing } from './live-ring.ts'
import { type Progress, type Rooms, type Walked, walk } from './walk.ts'

/** How long servers get to see a step; more than the time after which they look before they commit. */
export const SETTLE_MS = 5000
/** How long a retired root stays: sessions last up to 12 hours, import tokens 24. */
export const RETIRED_MS = 36 * 3_600_000
/** How often a drop looks through all records before it gives up. */
const PASSES = 5

export interface Pace {
  now(): number
  readonly settleMs: number
  readonly progress: Progress
  readonly giveWay: () => Promise<void>
}

/** Where a rotation stands. */
export function stageOf(ring: LiveRing): 'none' | 'announced' | 'current' | 'retired' {
  const states = rootStates(ring.record)
  if (states.some(({ coming }) => coming)) return 'announced'
  if (states.length === 1) return 'none'
  return states.slice(1).every(({ retiredAt }) => retiredAt !== null) ? 'retired' : 'current'
}

/** Rotates the root key, or finishes a rotation that was interrupted. Throws with what to do; then it can go on later. */
export async function rotate(ring: LiveRing, rooms: Rooms, pace: Pace): Promise<Walked> {
  await ring.look()
  const unfinished = stageOf(ring)
  if (unfinished === 'none' || unfinished === 'retired') await announce(ring, pace.now())
  if (stageOf(ring) === 'announced') {
    await pause(pace.settleMs)
    await makeCurrent(ring, pace.now())
  }
  await pause(pace.settleMs)
  const walked = await walk(rooms, pace.progress, pace.giveWay)
  await ring.look()
  await retire(ring, pace.now())
  return walked
}

/**
 * Drops the retired roots, after a whole pass through the records has found nothing under them.
 * Throws when records keep coming under them.
 */
export async function dropRetired(ring: LiveRing, rooms: Rooms, pace: Pace): Promise<void> {
  for (let pass = 0; pass < PASSES; pass++) {
    const { renewed } = await walk(rooms, pace.progress, pace.giveWay)
    if (renewed > 0) continue
    await ring.look()
    if (stageOf(ring) !== 'retired') throw new Error('a rotation of the root key began meanwhile: finish it first')
    await step(ring, {
      change: ({ generation, roots: [current, ...older], fingerprintKey }, [state]) => {
        for (const root of older) root.fill(0)
        return current && state
          ? { ring: { generation: generation + 1, roots: [current], fingerprintKey }, states: [state] }
          : null
      },
    })
    return
  }
  throw new Error('records are still written under the older root keys: is a server of an older version running?')
}

/** Whether the retired roots' time is over. */
export function dropIsDue(ring: LiveRing, now: number): boolean {
  if (stageOf(ring) !== 'retired') return false
  return rootStates(ring.record).every(({ retiredAt }) => retiredAt === null || retiredAt + RETIRED_MS <= now)
}

async function announce(ring: LiveRing, now: number): Promise<void> {
  if (rootStates(ring.record).length >= MAX_ROOTS)
    throw new Error(`there are ${MAX_ROOTS} root keys already: drop the retired ones first, with --drop-now`)
  await step(ring, {
    change: ({ generation, roots, fingerprintKey }, states) => ({
      ring: { generation: generation + 1, roots: [...roots, randomBytes(32)], fingerprintKey },
      states: [...states, { since: now, coming: true, retiredAt: null }],
    }),
  })
}

async function makeCurrent(ring: LiveRing, now: number): Promise<void> {
  await ring.look()
  if (stageOf(ring) !== 'announced') return
  await step(ring, {
    change: ({ generation, roots, fingerprintKey }, states) => {
      const last = roots.at(-1)
      return last
        ? {
            ring: { generation: generation + 1, roots: [last, ...roots.slice(0, -1)], fingerprintKey },
            states: [{ since: now, retiredAt: null }, ...states.slice(0, -1)],
          }
        : null
    },
  })
}

async function retire(ring: LiveRing, now: number): Promise<void> {
  if (stageOf(ring) !== 'current') return
  await step(ring, {
    change: (held, [first, ...older]) =>
      first
        ? {
            ring: held,
            states: [first, ...older.map(({ since, retiredAt }) => ({ since, retiredAt: retiredAt ?? now }))],
          }
        : null,
  })
}

async function step(ring: LiveRing, change: Parameters<LiveRing['change']>[0]): Promise<void> {
  if (await ring.change(change)) return
  throw new Error('another change of the root keys came in between: see `strongroom root-key status`, and try again')
}
