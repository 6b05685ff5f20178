// Sets new passwords in their databases. This work runs apart from all other work, so a database that hangs delays nothing else. A password is
// stored before the first attempt, so after a failed attempt (the process died, the connection was lost) the next one sets the same password.
//
// INVARIANT: an attempt does not change the database after the next attempt may begin, so a late attempt never restores an older password. A
// commit claims an attempt for CLAIM_MS. Setting the password ends within ATTEMPT_MS, and begins only if the claim still covers that time.
import { scramVerifier } from '../../cryptography/scram.ts'
import { remove, update } from '../../ledger/record.ts'
import type { SecretDatabase } from '../../settings/secret-databases.ts'
import { PasswordRefused } from '../../storage/postgresql-password.ts'
import { isDatabaseAway } from '../database-away.ts'
import { passwordIn } from './credential-values.ts'
import { type DatabaseRotation, SECRET, SECRET_ROTATION, type Secret } from './records.ts'
import { rotatedAt } from './rotation.ts'
import { secretWork, type Work } from './rotation-events.ts'
import { attempt, contextOf, faultOf, faultWork, type RotationContext, type RotationHouse } from './rotation-step.ts'
import { allowedDatabase } from './rotation-target.ts'
import { secretAt, secretDueAt } from './secret-state.ts'
import { CURRENT, versionOf, withStageAt } from './stages.ts'
import { findValue, openValue } from './values.ts'

const AT_ONCE = 16
const ATTEMPT_MS = 10_000
const CLAIM_MS = 60_000
/** The pause after the first failed attempt. It doubles after each further one, up to SELDOM_MS. */
const PAUSE_MS = 30_000
const SELDOM_MS = 3_600_000
const SALT_BYTES = 16
/** How many times the service tries to record that the database has the password, while other calls change the secret. */
const TRIES = 10

/** Sets the password of a role in a database, as setPassword of the storage does. */
export type SetPassword = (
  address: SecretDatabase['address'],
  password: { readonly role: string; readonly verifier: string },
  ms: number,
) => Promise<void>

/** Attempts to set each password that is due. Throws when the service's own database can't be reached; the caller tries again later. */
export async function setPendingPasswords(house: RotationHouse, setPassword: SetPassword): Promise<void> {
  const due = await house.ledger.due(SECRET_ROTATION, house.now(), AT_ONCE)
  await Promise.all(due.map((rotation) => attemptOne(rotation, house, setPassword)))
}

async function attemptOne(due: DatabaseRotation, house: RotationHouse, setPassword: SetPassword): Promise<void> {
  const body = { ...due.body, attempts: due.body.attempts + 1 }
  const claim = update(due, { body, dueAt: house.now() + CLAIM_MS })
  if ((await house.ledger.commit({ changes: [claim], nonce: null, event: null })) !== 'committed') return
  const claimed = claim.after
  try {
    await setOne(claimed, house, setPassword)
  } catch (error) {
    if (isDatabaseAway(error)) throw error
    const again = update(claimed, { body, dueAt: house.now() + pauseAfter(body.attempts) })
    const fault = error instanceof PasswordRefused ? error.message : faultOf(error)
    if (fault === null) {
      house.failed(`a password of the secret ${due.id} could not be set, and will be tried again`, error)
      await house.ledger.commit({ changes: [again], nonce: null, event: null })
    } else {
      await attempt(due, house, async (context) => {
        const secret = await pendingSecret(claimed, context)
        return secret && faultWork(secret, fault, context, [again])
      })
    }
  }
}

function pauseAfter(attempts: number): number {
  return Math.min(SELDOM_MS, PAUSE_MS * 2 ** Math.min(attempts - 1, 16))
}

async function setOne(claimed: DatabaseRotation, house: RotationHouse, setPassword: SetPassword): Promise<void> {
  const found = await passwordOf(claimed, house)
  if (!found) {
    // The secret was deleted.
    await house.ledger.commit({ changes: [remove(SECRET_ROTATION, claimed)], nonce: null, event: null })
    return
  }
  // Reading the password can take most of the claim, for example with a slow device. Then the next attempt sets it.
  if (house.now() + ATTEMPT_MS > (claimed.dueAt ?? 0))
    throw new Error(`reading the password took more than ${(CLAIM_MS - ATTEMPT_MS) / 1000} seconds`)
  await setPassword(found.database.address, found, ATTEMPT_MS)
  for (let tries = 0; tries < TRIES; tries++)
    if (await attempt(claimed, house, (context) => completion(claimed, context))) return
  house.failed(
    `the new password of the secret ${claimed.id} is set, but not current yet, and will be set again`,
    new Error('other calls keep changing the secret'),
  )
}

/** The verifier of the new password, its role and its database; null where the secret is gone. Throws RotationFault. */
async function passwordOf({ account, region, id, body }: DatabaseRotation, house: RotationHouse) {
  const view = house.ledger.view()
  try {
    const context = contextOf(house, { account, region }, view)
    const secret = await pendingSecret({ id, body }, context)
    const target = secret?.body.rotation?.target
    const role = secret && versionOf(secret.body, body.versionId)?.credentialId
    if (!secret || !role || !target || !('instanceId' in target)) return null
    const database = allowedDatabase({ instanceId: target.instanceId, accountName: role }, context)
    const value = await findValue({ secretName: id, versionId: body.versionId }, context)
    const password = passwordIn(await openValue(value, context))
    return { role, database, verifier: await scramVerifier(password, context.randomBytes(SALT_BYTES)) }
  } finally {
    house.ledger.ended(view)
  }
}

/** The secret whose rotation is pending; null where the secret is gone. */
async function pendingSecret(
  { id, body }: Pick<DatabaseRotation, 'id' | 'body'>,
  { ledger, scope, now }: Pick<RotationContext, 'ledger' | 'scope' | 'now'>,
): Promise<Secret | null> {
  const secret = await ledger.get(SECRET, scope, id)
  const isPending = secret?.body.rotation?.pending === body.versionId
  return secret && isPending && secretAt(secret.body, now) ? secret : null
}

/** The work that makes the version with the database's new password ACSCurrent. */
async function completion(claimed: DatabaseRotation, context: RotationContext): Promise<Work | null> {
  const secret = await pendingSecret(claimed, context)
  const { rotation } = secret?.body ?? {}
  if (!secret || !rotation) return { changes: [remove(SECRET_ROTATION, claimed)], events: [] }
  const { now } = context
  const current = withStageAt(secret.body, CURRENT, claimed.body.versionId, now)
  const body = { ...current, rotation: rotatedAt(rotation, now) }
  const instance = 'instanceId' in rotation.target ? { instanceId: rotation.target.instanceId } : {}
  return {
    changes: [update(secret, { body, dueAt: secretDueAt(body) }), remove(SECRET_ROTATION, claimed)],
    events: [secretWork(secret, context, instance)],
  }
}
