import { refuse } from '../../api/errors.ts'
import { boolean, optional } from '../../api/parameters.ts'
import { update } from '../../ledger/record.ts'
import { operation } from '../operation.ts'
import { secretIntervalMs, secretRotationInterval, withPolicy } from '../secrets/rotation.ts'
import { findSecret, locateSecret, secretName } from '../secrets/secret-name.ts'
import { demandNotInDeleteWindow, secretDueAt } from '../secrets/secret-state.ts'

export const UpdateSecretRotationPolicy = operation({
  name: 'UpdateSecretRotationPolicy',
  summary:
    'Turns automatic rotation of a secret that is not Generic on, with an interval, or off. An overdue rotation runs at once.',
  parameters: {
    SecretName: secretName,
    EnableAutomaticRotation: boolean(),
    RotationInterval: optional(secretRotationInterval, null),
  },
  access: 'Write',
  trail: { show: ['SecretName', 'EnableAutomaticRotation', 'RotationInterval'], reply: ['SecretName'] },
  refusals: ['Forbidden.ResourceNotFound', 'Rejected.ResourceInDeleteWindow', 'Rejected.UnsupportedOperation'],
  locate: locateSecret,
  async decide({ SecretName, EnableAutomaticRotation, RotationInterval }, context) {
    const intervalMs = secretIntervalMs(EnableAutomaticRotation, RotationInterval)
    const { record, body } = await findSecret(SecretName, context)
    demandNotInDeleteWindow(body)
    if (!body.rotation) throw refuse('Rejected.UnsupportedOperation')
    const after = { ...withPolicy(body, intervalMs, record.createdAt), updatedAt: context.now }
    return { reply: { SecretName: record.id }, changes: [update(record, { body: after, dueAt: secretDueAt(after) })] }
  },
})
