// The service's background work on rotated secrets. It replaces AccessKeys, retires old ones, and stores new passwords, which
// database-rotation.ts then sets. Each step is one commit that revisions guard, so any server may do a step and none does it twice.
import { insert, remove, update } from '../../ledger/record.ts'
import { isDatabaseAway } from '../database-away.ts'
import { putOff } from '../put-off.ts'
import { CHARACTERS, randomPassword } from '../random-password.ts'
import { createdWith } from '../service-keys.ts'
import { newAccessKeyChanges, retirement } from './access-key-rotation.ts'
import { accountValue } from './credential-values.ts'
import { SECRET, SECRET_ROTATION, SECRET_VALUE, type Secret, type SecretRotation } from './records.ts'
import { retirementAt, rotationDueAt } from './rotation.ts'
import type { Work } from './rotation-events.ts'
import { attempt, faultOf, faultWork, type RotationContext, type RotationHouse } from './rotation-step.ts'
import { type AccountTarget, nextTarget } from './rotation-target.ts'
import { secretAt, secretDueAt } from './secret-state.ts'
import { withVersion } from './stages.ts'
import { findValue, sealingKeyOf, sealValue } from './values.ts'

const AT_ONCE = 100
/** Fits the password rules of all databases: a character of each kind. */
const PASSWORD = {
  length: 32,
  types: [CHARACTERS.lowercase, CHARACTERS.uppercase, CHARACTERS.numbers, '!@#$%^&*()_+-='],
  eachType: true,
}

/** Does the due work on rotated secrets. Throws when the service's database can't be reached; the caller tries again later. */
export async function rotateSecrets(house: RotationHouse): Promise<void> {
  for (const secret of await house.ledger.due(SECRET, house.now(), AT_ONCE))
    try {
      await attempt(secret, house, (context) => workOn(secret, context))
    } catch (error) {
      if (isDatabaseAway(error)) throw error
      house.failed(`the work due on the secret ${secret.id} failed, and is postponed`, error)
      await putOff(secret, house)
    }
}

/** Returns the due work: first the retirement of an AccessKey, then a rotation. null when nothing is due. */
async function workOn(secret: Secret, context: RotationContext): Promise<Work | null> {
  const { body } = secret
  const { rotation } = body
  if (!rotation || !secretAt(body, context.now)) return null
  const isDue = (at: number | null) => at !== null && at <= context.now
  if (isDue(retirementAt(rotation))) return retirement(secret, rotation, context)
  if (body.deleteAt !== null || !isDue(rotationDueAt(rotation))) return null
  try {
    const target = await nextTarget(body, rotation.target, context, rotation.requested !== undefined)
    return 'user' in target
      ? await newAccessKeyChanges(secret, rotation, target, context)
      : await newPassword(secret, rotation, target, context)
  } catch (error) {
    const fault = faultOf(error)
    if (fault === null) throw error
    return faultWork(secret, fault, context)
  }
}

/** Stores a new password before it is set in the database, so that the service knows the password whatever happens then. */
async function newPassword(
  secret: Secret,
  { requested: _, ...rotation }: SecretRotation,
  { accountName }: AccountTarget,
  context: RotationContext,
): Promise<Work> {
  const { now, scope } = context
  const versionId = secret.body.rotation?.requested?.versionId ?? context.newRecordId()
  const after = withVersion(secret.body, { id: versionId, stages: [], now, credentialId: accountName })
  const body = { ...after.body, rotation: { ...rotation, pending: versionId } }
  const place = { secretName: secret.id, versionId }
  const data = accountValue(accountName, randomPassword(PASSWORD, context))
  const key = await sealingKeyOf(body.encryptionKeyId, context)
  const sealed = await sealValue(place, { data, dataType: 'text' }, key, context)
  const { dropped } = after
  const gone = dropped && (await findValue({ ...place, versionId: dropped.id }, context))
  const pending = { ...scope, id: secret.id, parent: secret.id, createdAt: now, dueAt: now }
  return {
    changes: [
      update(secret, { body, dueAt: secretDueAt(body) }),
      insert(SECRET_ROTATION, { ...pending, body: { versionId, attempts: 0 } }),
      ...createdWith(key, context).changes,
      sealed,
      ...(gone ? [remove(SECRET_VALUE, gone, true)] : []),
    ],
    events: [],
  }
}
