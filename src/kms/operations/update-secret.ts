import { possiblyEmpty, text } from '../../api/parameters.ts'
import { update } from '../../ledger/record.ts'
import { operation } from '../operation.ts'
import { findSecret, locateSecret, secretName } from '../secrets/secret-name.ts'
import { demandNotInDeleteWindow } from '../secrets/secret-state.ts'

export const UpdateSecret = operation({
  name: 'UpdateSecret',
  summary: 'Changes the description of a secret. An empty text removes it.',
  parameters: { SecretName: secretName, Description: possiblyEmpty(text({ max: 8192 })) },
  access: 'Write',
  trail: { show: ['SecretName', 'Description'], reply: ['SecretName'] },
  refusals: ['Forbidden.ResourceNotFound', 'Rejected.ResourceInDeleteWindow'],
  locate: locateSecret,
  async decide({ SecretName, Description }, context) {
    const { record, body } = await findSecret(SecretName, context)
    demandNotInDeleteWindow(body)
    const after = { ...body, description: Description, updatedAt: context.now }
    return { reply: { SecretName: record.id }, changes: [update(record, { body: after })] }
  },
})
