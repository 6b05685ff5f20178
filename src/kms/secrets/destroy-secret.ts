// Destruction of a secret with the values of all its versions.

import { type Change, remove } from '../../ledger/record.ts'
import type { LedgerView } from '../../ledger/view.ts'
import { SECRET, SECRET_ROTATION, SECRET_VALUE, type Secret, valueId } from './records.ts'

/** Returns the changes that remove the secret and its values, of which no trace stays in the database. */
export async function destroySecret(secret: Secret, ledger: Pick<LedgerView, 'get'>): Promise<readonly Change[]> {
  const changes = [remove(SECRET, secret)]
  for (const { id } of secret.body.versions) {
    const value = await ledger.get(SECRET_VALUE, secret, valueId(secret.id, id))
    if (value) changes.push(remove(SECRET_VALUE, value, true))
  }
  const rotation = secret.body.rotation && (await ledger.get(SECRET_ROTATION, secret, secret.id))
  if (rotation) changes.push(remove(SECRET_ROTATION, rotation))
  return changes
}
