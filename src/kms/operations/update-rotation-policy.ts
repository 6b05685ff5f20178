import { refuse } from '../../api/errors.ts'
import { boolean, optional } from '../../api/parameters.ts'
import { asymmetricSpec } from '../../keystore/key-spec.ts'
import { update } from '../../ledger/record.ts'
import { keyId } from '../key-name.ts'
import { locateKey } from '../key-resource.ts'
import { demandEnabled, dueAt } from '../key-state.ts'
import { operation } from '../operation.ts'
import { intervalMs, rotationInterval, withRotation } from '../rotation.ts'
import { findUsersKey } from '../service-keys.ts'

export const UpdateRotationPolicy = operation({
  name: 'UpdateRotationPolicy',
  summary: 'Turns automatic rotation of a CMK on, with an interval, or off. An overdue rotation runs at once.',
  parameters: {
    KeyId: keyId,
    EnableAutomaticRotation: boolean(),
    RotationInterval: optional(rotationInterval, null),
  },
  access: 'Write',
  trail: { show: ['KeyId', 'EnableAutomaticRotation', 'RotationInterval'], reply: ['RequestId'] },
  refusals: [
    'Forbidden.KeyNotFound',
    'Unsupported.Alias',
    'Rejected.UnsupportedOperation',
    'Rejected.Disabled',
    'Rejected.PendingDeletion',
    'Rejected.PendingImport',
  ],
  locate: locateKey,
  async decide({ KeyId, EnableAutomaticRotation, RotationInterval }, context) {
    const interval = EnableAutomaticRotation ? intervalMs(RotationInterval) : null
    const { record, body } = await findUsersKey(KeyId, context, 'id', 'Rejected.UnsupportedOperation')
    if (body.origin === 'EXTERNAL' || asymmetricSpec(body.keySpec)) throw refuse('Rejected.UnsupportedOperation')
    demandEnabled(body)
    const after = withRotation(body, interval)
    return { reply: {}, changes: [update(record, { body: after, dueAt: dueAt(after) })] }
  },
})
