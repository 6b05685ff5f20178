// `strongroom root-key rotate`: makes a new root key current, and drops the retired ones.
import { breathe } from '../house/root-key-watch.ts'
import type { LiveRing } from '../rootkeys/live-ring.ts'
import { dropRetired, type Pace, rotate, SETTLE_MS, Strays, stageOf } from '../rootkeys/rotation.ts'
import type { Flags } from '../settings/flags.ts'
import { UsageError } from '../settings/usage-error.ts'
import { bar } from './progress.ts'
import type { RootKeyWork } from './root-key-work.ts'

/** Rotates or drops, as the flags say; returns the exit code. Throws UsageError. */
export async function rotateRootKey(work: RootKeyWork): Promise<number> {
  const { flags, rooms, around } = work
  const pace: Pace = {
    now: Date.now,
    settleMs: settleMs(flags),
    progress: bar(around, 'records'),
    giveWay: () => breathe(rooms.runtime),
  }
  const begun = isUnderWay(rooms.ring)
  if (begun || !flags.has('resume')) {
    around.complain(begun ? 'finishing the unfinished rotation' : 'rotating: servers load the new root key')
    if (!(await isRotated(work, pace))) return 1
  } else if (!flags.has('drop-now')) around.print('there is no rotation to finish')
  return flags.has('drop-now') ? drop(work, pace) : 0
}

function settleMs(flags: Flags): number {
  const seconds = Number(flags.get('settle-seconds') ?? SETTLE_MS / 1000)
  if (!Number.isInteger(seconds) || seconds < 0 || seconds > 3600)
    throw new UsageError('`--settle-seconds` must be a whole number from 0 to 3600')
  return seconds * 1000
}

/** Rotates, or finishes an unfinished rotation, and prints the result. Returns whether no rotation is left unfinished. */
async function isRotated({ rooms, around }: RootKeyWork, pace: Pace): Promise<boolean> {
  const { ring } = rooms
  const beforeRings = !ring.record.body.ring
  const { renewed, overtaken } = await rotate(ring, { ...rooms, keys: ring.keys }, pace, ({ forged }) => {
    around.status('')
    for (const { kind, account, region, id } of forged)
      around.complain(`record ${kind}/${account}/${region}/${id} is not authentic, and was not changed`)
  })
  if (overtaken) {
    const isUnfinished = isUnderWay(ring)
    around.complain(
      isUnfinished
        ? 'another process finished this rotation, and began another one: finish the new one with `strongroom root-key rotate --resume`'
        : 'another process finished this rotation',
    )
    return !isUnfinished
  }
  around.print(`rotated: ${renewed} records are now under the new root key`)
  if (beforeRings && ring.record.body.rootKey === 'file')
    around.print(
      'the key file still contains the former root key: `root-key change-provider --to file` replaces the file',
    )
  return true
}

function isUnderWay(ring: LiveRing): boolean {
  return ['announced', 'current'].includes(stageOf(ring))
}

/** Drops the retired root keys, if there are any; returns the exit code. */
async function drop(work: RootKeyWork, pace: Pace): Promise<number> {
  const { rooms, around } = work
  if (stageOf(rooms.ring) !== 'retired') {
    around.print('there is no retired root key to drop')
    return 0
  }
  if (!(await dropped(work, pace))) return 1
  around.print('dropped: sessions and import tokens of older root keys are invalid now')
  return 0
}

/** Drops the retired root keys. Returns false, and prints the records in the way, when there are some. */
async function dropped({ flags, rooms, around }: RootKeyWork, pace: Pace): Promise<boolean> {
  const { ring } = rooms
  try {
    await dropRetired(ring, { ...rooms, keys: ring.keys }, pace, flags.has('drop-anyway'))
    return true
  } catch (error) {
    if (!(error instanceof Strays)) throw error
    around.status('')
    for (const { kind, account, region, id } of error.records)
      around.complain(`record ${kind}/${account}/${region}/${id} is under a retired root key`)
    around.complain(
      `${error.message}, and nothing was dropped: somebody who knows a retired root key may have forged them, or a server of an older version is running. With \`--drop-anyway\`, servers refuse these records from now on. Another \`rotate\` accepts them, and authenticates them under the current root key`,
    )
    return false
  } finally {
    around.status('')
  }
}
