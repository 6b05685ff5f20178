// The key service's own work: deleting keys whose day has come and imported material that expired, rotating keys, and destroying what
// of them an HSM still holds.
// A revision guards each step, so several servers may sweep at once and none does a thing twice.
import { storedServiceWork } from '../actiontrail/event.ts'
import { formatArn } from '../api/arn.ts'
import { type Keystore, Unreachable } from '../keystore/keystore.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { type Change, insert, type Recorded, remove, update } from '../ledger/record.ts'
import { destroyKey, destroyMaterial, destroyUncommitted, forgetDestroyed } from './destruction.ts'
import { at, dueAt, materialExpired, withoutMaterial } from './key-state.ts'
import { CMK, type Cmk, DESTRUCTION, type DestructionBody, VERSION } from './records.ts'
import { rotated, rotationDueAt } from './rotation.ts'

const AT_ONCE = 100
/** When a device was asked to destroy an object and could not on all of its tokens. */
const DESTROY_AGAIN_MS = 60_000

interface House {
  readonly ledger: Ledger
  readonly keystore: Keystore
  now(): number
  newId(): string
  newRecordId(): string
  failed(message: string, error: unknown): void
}

/** Does what is due; answers how many keys it changed. Throws when the database can't be reached: try again later. */
export async function sweep(house: House): Promise<number> {
  let done = 0
  for (;;) {
    const due = await house.ledger.due(CMK, house.now(), AT_ONCE)
    let committed = 0
    for (const cmk of due) if (await sweepSafely(cmk, house)) committed++
    done += committed
    if (due.length < AT_ONCE || committed === 0) break
  }
  await destroyDue(house)
  await house.keystore.collect(house.now()).catch((error: unknown) => {
    if (!(error instanceof Unreachable)) house.failed('expired wrapping keys could not be removed', error)
  })
  return done
}

/** Destroys in the device what committed calls recorded; while it is away, that waits. */
async function destroyDue(house: House): Promise<void> {
  for (const record of await house.ledger.due(DESTRUCTION, house.now(), AT_ONCE))
    try {
      await destroyOne(record, house)
    } catch (error) {
      if (error instanceof Unreachable) return
      house.failed(`the destruction of ${record.id} failed, and will be tried again`, error)
    }
}

async function destroyOne(record: Recorded<DestructionBody>, house: House): Promise<void> {
  const gone = await house.keystore.destroy(record.body.material)
  const later = { body: record.body, dueAt: house.now() + DESTROY_AGAIN_MS }
  const change = gone ? remove(DESTRUCTION, record) : update(record, later)
  await house.ledger.commit({ changes: [change], nonce: null, event: null })
}

/** A key that can't be swept (a version of it was forged, say) holds up no other. */
async function sweepSafely(cmk: Cmk, house: House): Promise<boolean> {
  try {
    return await sweepOne(cmk, house)
  } catch (error) {
    house.failed(`the work due on key ${cmk.id} failed`, error)
    return false
  }
}

async function sweepOne(cmk: Cmk, house: House): Promise<boolean> {
  const now = house.now()
  const work = await workOn(cmk, now, house)
  if (!work) return false
  const { name, changes } = work
  const { account, region, id } = cmk
  const arn = formatArn({ service: 'kms', account, region, resource: `key/${id}` })
  const resources = [{ type: 'ACS::KMS::Key', name: id, arn }]
  const event = { eventId: house.newId(), account, region, at: now, body: storedServiceWork(name, resources) }
  if ((await house.ledger.commit({ changes, nonce: null, event })) !== 'committed') {
    destroyUncommitted(changes, house.keystore)
    return false
  }
  forgetDestroyed(changes, house.keystore)
  return true
}

interface Work {
  readonly name: 'DeleteKey' | 'DeleteExpiredKeyMaterial' | 'RotateKey'
  readonly changes: readonly Change[]
}

/** What is due on the key, the last thing first; its event has the name. null when nothing is. */
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

/** A new version, primary from now on. The older ones decrypt for ever. */
async function rotate(cmk: Cmk, now: number, { keystore, newRecordId }: House): Promise<Change[]> {
  const { account, region, id: keyId } = cmk
  const versionId = newRecordId()
  const { protectionLevel } = cmk.body
  const material = await keystore.generate({ account, region, keyId, versionId, protectionLevel })
  const body = rotated(cmk.body, versionId, now)
  return [
    update(cmk, { body, dueAt: dueAt(body) }),
    insert(VERSION, { account, region, id: versionId, parent: keyId, createdAt: now, body: { keyId, material } }),
  ]
}
