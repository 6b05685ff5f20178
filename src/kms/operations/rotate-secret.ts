import { because, refuse } from '../../api/errors.ts'
import { update } from '../../ledger/record.ts'
import { type KmsContext, operation } from '../operation.ts'
import { versionId } from '../secrets/parameters.ts'
import type { RotationTarget, SecretBody } from '../secrets/records.ts'
import { withRequest } from '../secrets/rotation.ts'
import { nextTarget, RotationFault } from '../secrets/rotation-target.ts'
import { findSecret, locateSecret, secretArn, secretName } from '../secrets/secret-name.ts'
import { demandNotInDeleteWindow, secretDueAt } from '../secrets/secret-state.ts'
import { versionOf } from '../secrets/stages.ts'

export const RotateSecret = operation({
  name: 'RotateSecret',
  summary:
    'Begins the rotation of a secret that is not Generic: usually within a second the new credential is ACSCurrent. A VersionId that already exists changes nothing.',
  parameters: { SecretName: secretName, VersionId: versionId },
  access: 'Write',
  trail: { show: ['SecretName', 'VersionId'], reply: ['Arn', 'SecretName', 'VersionId'] },
  refusals: [
    'Forbidden.ResourceNotFound',
    'Rejected.ResourceInDeleteWindow',
    'Rejected.UnsupportedOperation',
    'Rejected.InvalidRequest',
  ],
  locate: locateSecret,
  async decide({ SecretName, VersionId }, context) {
    const { record, body } = await findSecret(SecretName, context)
    demandNotInDeleteWindow(body)
    const { rotation } = body
    if (!rotation) throw refuse('Rejected.UnsupportedOperation')
    const { requested, pending } = rotation
    const reply = { Arn: secretArn(record.id, context), SecretName: record.id, VersionId }
    if (versionOf(body, VersionId) || requested?.versionId === VersionId) return { reply, changes: [] }
    if (requested || pending !== undefined) throw refusal('a rotation of the secret is under way')
    await demandRotatable(body, rotation.target, context)
    const after = withRequest(body, VersionId, context.now)
    return { reply, changes: [update(record, { body: after, dueAt: secretDueAt(after) })] }
  },
})

async function demandRotatable(body: SecretBody, target: RotationTarget, context: KmsContext): Promise<void> {
  try {
    await nextTarget(body, target, context, true)
  } catch (error) {
    throw error instanceof RotationFault ? refusal(error.message) : error
  }
}

function refusal(reason: string) {
  return because(refuse('Rejected.InvalidRequest'), reason)
}
