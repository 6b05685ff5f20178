import { refuse } from '../../api/errors.ts'
import { operation } from '../operation.ts'

export const OpenKmsService = operation({
  name: 'OpenKmsService',
  summary: 'Opens the key service for the account. Every account here has it open from its first day.',
  source: 'contract/kms.md 3f',
  parameters: {},
  access: 'Write',
  trail: { show: [], reply: ['RequestId'] },
  refusals: ['Forbidden.Opened'],
  async locate() {
    return []
  },
  async decide() {
    throw refuse('Forbidden.Opened')
  },
})
