// Destruction of a secret with the values of all its versions.

import { type Change, INSTALLATION, remove, update } from '../../ledger/record.ts'
import type { LedgerView } from '../../ledger/view.ts'
import { ACCESS_KEY } from '../../ram/access-key.ts'
import { ramScope, USER } from '../../ram/records.ts'
import { SECRET, SECRET_ROTATION, SECRET_VALUE, type Secret, valueId } from './records.ts'
import { accessKeyEvent } from './rotation-events.ts'

interface Destruction {
  readonly changes: readonly Change[]
  /** The bodies of the events about its changes of AccessKeys. */
  readonly ownWork: readonly string[]
}

type Ledger = Pick<LedgerView, 'get'>

/**
 * Returns the changes that remove the secret and scrub its values from the database. They also disable its retiring AccessKey at once,
 * because no rotation will do so once the secret is gone.
 */
export async function destroySecret(secret: Secret, ledger: Ledger): Promise<Destruction> {
  const changes = [remove(SECRET, secret)]
  for (const { id } of secret.body.versions) {
    const value = await ledger.get(SECRET_VALUE, secret, valueId(secret.id, id))
    if (value) changes.push(remove(SECRET_VALUE, value, true))
  }
  const rotation = secret.body.rotation && (await ledger.get(SECRET_ROTATION, secret, secret.id))
  if (rotation) changes.push(remove(SECRET_ROTATION, rotation))
  const retired = await retirement(secret, ledger)
  return { changes: [...changes, ...retired.changes], ownWork: retired.ownWork }
}

async function retirement({ account, body }: Secret, ledger: Ledger): Promise<Destruction> {
  const none = { changes: [], ownWork: [] }
  const { target, retiring } = body.rotation ?? {}
  if (!retiring || !target || !('userId' in target)) return none
  const { accessKeyId } = retiring
  const user = await ledger.get(USER, ramScope(account), target.userId)
  if (!user?.body.accessKeyIds.includes(accessKeyId)) return none
  const key = await ledger.get(ACCESS_KEY, INSTALLATION, accessKeyId)
  if (key?.body.status !== 'Active' || retiring.isDisabled) return none
  return {
    changes: [update(key, { body: { ...key.body, status: 'Inactive' } })],
    ownWork: [accessKeyEvent('UpdateAccessKey', accessKeyId, user)],
  }
}
