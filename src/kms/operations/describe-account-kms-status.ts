import { operation } from '../operation.ts'

export const DescribeAccountKmsStatus = operation({
  name: 'DescribeAccountKmsStatus',
  summary: 'Returns whether KMS is activated for the account. Here it always is.',
  parameters: {},
  access: 'Read',
  trail: { show: [], reply: [] },
  refusals: [],
  locate: [],
  async decide() {
    return { reply: { AccountStatus: 'Enabled' }, changes: [] }
  },
})
