// The background deletion of secrets whose recovery window has ended. A revision guards each step, as in the sweep of keys.
import type { Ledger } from '../../ledger/ledger.ts'
import { storedServiceWork } from '../../ledger/stored-event.ts'
import type { Randomness } from '../../runtime/runtime.ts'
import { isDatabaseAway } from '../database-away.ts'
import { forgetDestroyed } from '../destruction.ts'
import type { KmsContext } from '../operation.ts'
import { putOff } from '../put-off.ts'
import { destroySecret } from './destroy-secret.ts'
import { SECRET, type Secret } from './records.ts'
import { newSecretResource } from './secret-name.ts'
import { secretAt } from './secret-state.ts'

const AT_ONCE = 100

interface House extends Pick<KmsContext, 'keystore' | 'messageKeys'> {
  readonly ledger: Ledger
  readonly runtime: Pick<Randomness, 'newId'>
  now(): number
  failed(message: string, error: unknown): void
}

/** Deletes the secrets that are due and returns how many. Throws when the database can't be reached; the caller tries again later. */
export async function sweepSecrets(house: House): Promise<number> {
  let done = 0
  for (;;) {
    const due = await house.ledger.due(SECRET, house.now(), AT_ONCE)
    let moved = 0
    for (const secret of due) {
      if (secretAt(secret.body, house.now())) continue
      try {
        if (await deleteOne(secret, house)) done++
        moved++
      } catch (error) {
        if (isDatabaseAway(error)) throw error
        house.failed(`the deletion of secret ${secret.id} failed, and is postponed`, error)
        await putOff(secret, house)
      }
    }
    if (due.length < AT_ONCE || moved === 0) return done
  }
}

async function deleteOne(secret: Secret, house: House): Promise<boolean> {
  const { account, region } = secret
  const { rootEpoch } = house.ledger
  const { changes, ownWork } = await destroySecret(secret, house.ledger)
  const resources = [newSecretResource(secret.id, { scope: secret })]
  const body = storedServiceWork('DeleteSecret', resources)
  const [event = null, ...further] = [body, ...ownWork].map((one) => ({
    eventId: house.runtime.newId(),
    account,
    region,
    at: house.now(),
    body: one,
  }))
  const outcome = await house.ledger.commit({ changes, nonce: null, event, further, rootEpoch })
  if (outcome === 'committed') forgetDestroyed(changes, house)
  return outcome === 'committed'
}
