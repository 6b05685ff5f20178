import { operation } from '../operation.ts'

export const DescribeAccountKmsStatus = operation({
  name: 'DescribeAccountKmsStatus',
  summary: 'Tells whether the account has the key service open: here every account has.',
  source: 'contract/kms.md 3f',
  parameters: {},
  access: 'Read',
  trail: { show: [], reply: [] },
  refusals: [],
  async locate() {
    return []
  },
  async decide() {
    return { reply: { AccountStatus: 'Enabled' }, changes: [] }
  },
})
