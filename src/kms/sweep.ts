// The key service's own work: deleting keys whose day has come and imported material that expired, and rotating keys.
// A revision guards each step, so several servers may sweep at once and none does a thing twice.
import { storedServiceWork } from '../actiontrail/event.ts'
import { formatArn } from '../api/arn.ts'
import type { Keystore } from '../keystore/keystore.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { type Change, insert, update } from '../ledger/record.ts'
import { destroyKey, destroyMaterial, forgetDestroyed } from './destruction.ts'
import { at, dueAt, materialExpired, withoutMaterial } from './key-state.ts'
import { CMK, type Cmk, VERSION } from './records.ts'
import { rotated, rotationDueAt } from './rotation.ts'

const AT_ONCE = 100

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
    if (due.length < AT_ONCE || committed === 0) return done
  }
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
  if ((await house.ledger.commit({ changes, nonce: null, event })) !== 'committed') return false
  forgetDestroyed(changes, house.keystore)
  return true
}

interface Work {
  readonly name: 'DeleteKey' | 'DeleteExpiredKeyMaterial' | 'RotateKey'
  readonly changes: readonly Change[]
}

/** What is due on the key, the last thing first; its event has the name. null when nothing is. */
async function workOn(cmk: Cmk, now: number, house: House): Promise<Work | null> {
  if (at(cmk.body, now) === null) return { name: 'DeleteKey', changes: await destroyKey(cmk, house) }
  if (materialExpired(cmk.body, now)) {
    const body = withoutMaterial(cmk.body)
    const changes = [update(cmk, { body, dueAt: dueAt(body) }), ...(await destroyMaterial(cmk, house))]
    return { name: 'DeleteExpiredKeyMaterial', changes }
  }
  const rotateAt = rotationDueAt(cmk.body)
  return rotateAt !== null && rotateAt <= now ? { name: 'RotateKey', changes: await rotate(cmk, now, house) } : null
}

/** A new version, primary from now on. The older ones decrypt for ever. */
async function rotate(cmk: Cmk, now: number, { keystore, newRecordId }: House): Promise<Change[]> {
  const { account, region, id: keyId } = cmk
  const versionId = newRecordId()
  const material = await keystore.generate({ account, region, keyId, versionId })
  const body = rotated(cmk.body, versionId, now)
  return [
    update(cmk, { body, dueAt: dueAt(body) }),
    insert(VERSION, { account, region, id: versionId, parent: keyId, createdAt: now, body: { keyId, material } }),
  ]
}
