import { refuse } from '../../api/errors.ts'
import { operation } from '../operation.ts'

export const OpenKmsService = operation({
  name: 'OpenKmsService',
  summary: 'Activates KMS for the account. Here it is activated for every account from the start.',
  parameters: {},
  access: 'Write',
  trail: { show: [], reply: ['RequestId'] },
  refusals: ['Forbidden.Opened'],
  locate: [],
  async decide() {
    throw refuse('Forbidden.Opened')
  },
})
