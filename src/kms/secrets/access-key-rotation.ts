// Rotation of a RAM user's AccessKey. Everything is in the ledger, so each step is whole or not at all.
import { type Change, INSTALLATION, remove, update } from '../../ledger/record.ts'
import { ACCESS_KEY } from '../../ram/access-key.ts'
import { newAccessKeyId, newAccessKeySecret } from '../../ram/identifiers.ts'
import { deleteAccessKey, replaceAccessKeys } from '../../ram/key-holder.ts'
import { ramScope, USER } from '../../ram/records.ts'
import { createdWith } from '../service-keys.ts'
import { accessKeyValue } from './credential-values.ts'
import { SECRET_VALUE, type Secret, type SecretBody, type SecretRotation } from './records.ts'
import { retirementOf, rotatedAt } from './rotation.ts'
import { accessKeyWork, secretWork, type Work } from './rotation-events.ts'
import type { RotationContext } from './rotation-step.ts'
import type { AccessKeyTarget } from './rotation-target.ts'
import { secretDueAt } from './secret-state.ts'
import { CURRENT, withVersion } from './stages.ts'
import { findValue, sealingKeyOf, sealValue } from './values.ts'

/** Creates a new AccessKey as ACSCurrent. The AccessKey that was current before works for some time; older ones are deleted at once. */
export async function newAccessKeyChanges(
  secret: Secret,
  { retiring: _, ...rotation }: SecretRotation,
  { user, current, former }: AccessKeyTarget,
  context: RotationContext,
): Promise<Work> {
  const { now, ledger } = context
  const id = newAccessKeyId(context)
  const accessKeySecret = newAccessKeySecret(context)
  const versionId = rotation.requested?.versionId ?? context.newRecordId()
  const goneKeys = (await Promise.all(former.map((keyId) => ledger.get(ACCESS_KEY, INSTALLATION, keyId)))).filter(
    (key) => key !== null,
  )
  const kept = withoutCredentials(secret.body, former)
  const after = withVersion(kept, { id: versionId, stages: [CURRENT], now, credentialId: id })
  const retiring = user.body.accessKeyIds.includes(current) && {
    accessKeyId: current,
    ...retirementOf(rotation, now),
    isDisabled: false,
  }
  const body = { ...after.body, rotation: { ...rotatedAt(rotation, now), ...(retiring && { retiring }) } }
  const key = await sealingKeyOf(body.encryptionKeyId, context)
  const sealed = await sealValue(
    { secretName: secret.id, versionId },
    { data: accessKeyValue(id, accessKeySecret, now), dataType: 'text' },
    key,
    context,
  )
  const sealedSecret = context.accessKeys.seal(id, accessKeySecret)
  return {
    changes: [
      update(secret, { body, dueAt: secretDueAt(body) }),
      ...replaceAccessKeys(user, goneKeys, { id, sealedSecret, createdAt: now }),
      ...createdWith(key, context).changes,
      sealed,
      ...(await removedValues(secret, body, context)),
    ],
    events: [
      secretWork(secret, context),
      accessKeyWork('CreateAccessKey', id, user, context),
      ...former.map((keyId) => accessKeyWork('DeleteAccessKey', keyId, user, context)),
    ],
  }
}

/** Retires the AccessKey before the current one: the first step disables it, a later step deletes it together with its version. */
export async function retirement(
  secret: Secret,
  { retiring, ...rotation }: SecretRotation,
  context: RotationContext,
): Promise<Work | null> {
  if (!retiring || !('userId' in rotation.target)) return null
  const { accessKeyId, isDisabled } = retiring
  const { ledger, scope } = context
  const user = await ledger.get(USER, ramScope(scope.account), rotation.target.userId)
  const key = user?.body.accessKeyIds.includes(accessKeyId)
    ? await ledger.get(ACCESS_KEY, INSTALLATION, accessKeyId)
    : null
  if (user && key && !isDisabled) {
    const body = { ...secret.body, rotation: { ...rotation, retiring: { ...retiring, isDisabled: true } } }
    const disabled = update(key, { body: { ...key.body, status: 'Inactive' } })
    const isNews = key.body.status === 'Active'
    return {
      changes: [update(secret, { body, dueAt: secretDueAt(body) }), ...(isNews ? [disabled] : [])],
      events: isNews ? [accessKeyWork('UpdateAccessKey', accessKeyId, user, context)] : [],
    }
  }
  const body = { ...withoutCredentials(secret.body, [accessKeyId]), rotation }
  return {
    changes: [
      update(secret, { body, dueAt: secretDueAt(body) }),
      ...(await removedValues(secret, body, context)),
      ...(user && key ? deleteAccessKey(user, key) : []),
    ],
    events: user && key ? [accessKeyWork('DeleteAccessKey', accessKeyId, user, context)] : [],
  }
}

function withoutCredentials(body: SecretBody, ids: readonly string[]): SecretBody {
  return { ...body, versions: body.versions.filter(({ credentialId = '' }) => !ids.includes(credentialId)) }
}

/** Removes the values of the versions that the secret no longer has. */
async function removedValues({ id, body }: Secret, after: SecretBody, context: RotationContext): Promise<Change[]> {
  const gone = body.versions.filter((version) => after.versions.every((one) => one.id !== version.id))
  const values = await Promise.all(
    gone.map(async ({ id: versionId }) => findValue({ secretName: id, versionId }, context)),
  )
  return values.map((value) => remove(SECRET_VALUE, value, true))
}
