import { update } from '../../ledger/record.ts'
import { operation } from '../operation.ts'
import { findSecret, locateSecret, secretName } from '../secrets/secret-name.ts'
import { restored, secretDueAt } from '../secrets/secret-state.ts'

export const RestoreSecret = operation({
  name: 'RestoreSecret',
  summary: 'Cancels the planned deletion of a secret.',
  parameters: { SecretName: secretName },
  access: 'Write',
  trail: { show: ['SecretName'], reply: ['SecretName'] },
  refusals: ['Forbidden.ResourceNotFound', 'Rejected.ResourceInUse'],
  locate: locateSecret,
  async decide({ SecretName }, context) {
    const { record, body } = await findSecret(SecretName, context)
    const after = restored(body)
    return { reply: { SecretName: record.id }, changes: [update(record, { body: after, dueAt: secretDueAt(after) })] }
  },
})
