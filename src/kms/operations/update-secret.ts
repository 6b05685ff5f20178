import { refuse } from '../../api/errors.ts'
import { optional, possiblyEmpty, text } from '../../api/parameters.ts'
import { update } from '../../ledger/record.ts'
import { operation } from '../operation.ts'
import { customData, withCustomData } from '../secrets/extended-config.ts'
import { findSecret, locateSecret, secretName } from '../secrets/secret-name.ts'
import { demandNotInDeleteWindow } from '../secrets/secret-state.ts'

export const UpdateSecret = operation({
  name: 'UpdateSecret',
  summary:
    'Changes the description of a secret; an empty text removes it. For a secret that is not Generic, also changes the custom data in its ExtendedConfig.',
  parameters: {
    SecretName: secretName,
    Description: possiblyEmpty(optional(text({ max: 8192 }), null)),
    'ExtendedConfig.CustomData': optional(customData, null),
  },
  access: 'Write',
  trail: { show: ['SecretName', 'Description'], reply: ['SecretName'] },
  refusals: ['Forbidden.ResourceNotFound', 'Rejected.ResourceInDeleteWindow', 'Rejected.UnsupportedOperation'],
  locate: locateSecret,
  async decide({ SecretName, Description, 'ExtendedConfig.CustomData': custom }, context) {
    if (Description === null && custom === null) throw refuse('MissingParameter', { name: 'Description' })
    const { record, body } = await findSecret(SecretName, context)
    demandNotInDeleteWindow(body)
    const described = { ...body, description: Description ?? body.description, updatedAt: context.now }
    const after = custom === null ? described : withCustomData(described, custom)
    return { reply: { SecretName: record.id }, changes: [update(record, { body: after })] }
  },
})
