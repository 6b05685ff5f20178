// The background work of KMS: deletes keys, imported material and secrets that are due, rotates keys and secrets, and destroys objects in an
// HSM that no record needs any more. A revision guards each step, so several servers may sweep at once and each step happens once.

import { formatArn } from '../api/arn.ts'
import { Unreachable } from '../keystore/keystore.ts'
import { type Change, insert, type Recorded, remove, update } from '../ledger/record.ts'
import { storedServiceWork } from '../ledger/stored-event.ts'
import { isDatabaseAway } from './database-away.ts'
import { destroyKey, destroyMaterial, destroyUncommitted, forgetDestroyed } from './destruction.ts'
import { at, dueAt, materialExpired, withoutMaterial } from './key-state.ts'
import { AGAIN_MS, putOff } from './put-off.ts'
import { CMK, type Cmk, DESTRUCTION, type DestructionBody, VERSION } from './records.ts'
import { rotated, rotationDueAt } from './rotation.ts'
import type { RotationHouse } from './secrets/rotation-step.ts'
import { rotateSecrets } from './secrets/rotation-sweep.ts'
import { sweepSecrets } from './secrets/sweep-secrets.ts'
import { newVersion } from './version.ts'

const AT_ONCE = 100
const SELDOM_MS = 3_600_000

type House = RotationHouse

/** Does the due work and returns how many keys and secrets it changed. Throws when the database can't be reached; the caller tries again later. */
export async function sweep(house: House): Promise<number> {
  if (house.ledger.failure) throw house.ledger.failure
  const away: Unreachable[] = []
  let done = 0
  for (;;) {
    const due = await house.ledger.due(CMK, house.now(), AT_ONCE)
    let moved = 0
    for (const cmk of due) {
      const outcome = await sweepSafely(cmk, house, away)
      if (outcome === 'done') done++
      if (outcome !== 'untouched') moved++
    }
    if (due.length < AT_ONCE || moved === 0) break
  }
  if (away[0]) house.failed(`the work due on ${away.length} keys waits for their device`, away[0])
  done += await sweepSecrets(house)
  await rotateSecrets(house)
  await destroyDue(house)
  await house.keystore.collect(house.now()).catch((error: unknown) => {
    if (!(error instanceof Unreachable)) house.failed('expired wrapping keys could not be removed', error)
  })
  return done
}

/**
 * Destroys the objects in the device that committed calls recorded for destruction. While the device can't be reached, they wait. An object
 * that can't be destroyed is postponed, so that it does not block the others; each time for longer, up to an hour, while the device serves.
 */
async function destroyDue(house: House): Promise<void> {
  for (const record of await house.ledger.due(DESTRUCTION, house.now(), AT_ONCE))
    try {
      await destroyOne(record, house)
    } catch (error) {
      if (isDatabaseAway(error)) throw error
      const isAway = error instanceof Unreachable
      if (isAway && !error.wasAsked) return
      const age = house.now() - record.createdAt
      await putOff(record, house, isAway ? AGAIN_MS : Math.min(SELDOM_MS, Math.max(AGAIN_MS, age)))
      if (isAway) return
      house.failed(`the destruction of ${record.id} failed, and is postponed`, error)
    }
}

async function destroyOne(record: Recorded<DestructionBody>, house: House): Promise<void> {
  if (await house.keystore.destroy(record.body.material))
    await house.ledger.commit({ changes: [remove(DESTRUCTION, record)], nonce: null, event: null })
  else await putOff(record, house)
}

/**
 * Does the work on one key. If that fails (a forged version, a device that is unreachable or full), the key is postponed, so that it does not
 * block the others. Throws when the database can't be written, because then no other work can succeed either.
 */
async function sweepSafely(cmk: Cmk, house: House, away: Unreachable[]): Promise<'done' | 'put off' | 'untouched'> {
  try {
    return (await sweepOne(cmk, house)) ? 'done' : 'untouched'
  } catch (error) {
    if (isDatabaseAway(error)) throw error
    if (error instanceof Unreachable) away.push(error)
    else house.failed(`the work due on key ${cmk.id} failed, and is postponed`, error)
    return (await putOff(cmk, house)) === 'committed' ? 'put off' : 'untouched'
  }
}

async function sweepOne(cmk: Cmk, house: House): Promise<boolean> {
  const now = house.now()
  const { rootEpoch } = house.ledger
  const work = await workOn(cmk, now, house)
  if (!work) return false
  const { name, changes } = work
  const { account, region, id } = cmk
  const arn = formatArn({ service: 'kms', account, region, resource: `key/${id}` })
  const resources = [{ type: 'ACS::KMS::Key', name: id, arn }]
  const event = { eventId: house.runtime.newId(), account, region, at: now, body: storedServiceWork(name, resources) }
  const outcome = await house.ledger
    .commit({ changes, nonce: null, event, rootEpoch })
    .catch(async (error: unknown) => {
      await destroyUnstored(cmk, changes, house)
      throw error
    })
  if (outcome !== 'committed') {
    destroyUncommitted(changes, house.keystore)
    return false
  }
  forgetDestroyed(changes, house)
  return true
}

/** Destroys what a device created for a failed commit. If the key changed or can't be read, the commit may be stored, and nothing is destroyed. */
async function destroyUnstored(cmk: Cmk, changes: readonly Change[], { ledger, keystore }: House): Promise<void> {
  const read = async () => ledger.get(CMK, cmk, cmk.id)
  const now = await read().catch(() => null)
  if (now?.revision === cmk.revision) destroyUncommitted(changes, keystore)
}

interface Work {
  readonly name: 'DeleteKey' | 'DeleteExpiredKeyMaterial' | 'RotateKey'
  readonly changes: readonly Change[]
}

/** Returns the due work on the key: deletion, else expiry, else rotation; null when nothing is due. `name` is the name of its event. */
async function workOn(cmk: Cmk, now: number, house: House): Promise<Work | null> {
  if (at(cmk.body, now) === null) return { name: 'DeleteKey', changes: await destroyKey(cmk, house, now) }
  if (materialExpired(cmk.body, now)) {
    const body = withoutMaterial(cmk.body)
    const changes = [update(cmk, { body, dueAt: dueAt(body) }), ...(await destroyMaterial(cmk, house, now))]
    return { name: 'DeleteExpiredKeyMaterial', changes }
  }
  const rotateAt = rotationDueAt(cmk.body)
  return rotateAt !== null && rotateAt <= now ? { name: 'RotateKey', changes: await rotate(cmk, now, house) } : null
}

/** Returns the changes that add a new primary version. Older versions still decrypt. */
async function rotate(cmk: Cmk, now: number, { keystore, runtime }: House): Promise<Change[]> {
  const version = await newVersion(cmk, runtime.newRecordId(), { keystore, scope: cmk, now })
  const body = rotated(cmk.body, version.id, now)
  return [update(cmk, { body, dueAt: dueAt(body) }), insert(VERSION, version)]
}
