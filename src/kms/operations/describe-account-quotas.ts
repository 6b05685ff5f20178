import { operation } from '../operation.ts'
import { ALIAS, CMK } from '../records.ts'

export const DescribeAccountQuotas = operation({
  name: 'DescribeAccountQuotas',
  summary:
    'Returns how many keys and aliases the account has in the region, as its quotas count them, and how many it may have. Not in the cloud.',
  parameters: {},
  access: 'Read',
  trail: { show: [], reply: [] },
  refusals: [],
  async locate() {
    return [{ type: '', name: '', arn: '*' }]
  },
  async decide(_, { ledger, scope, settings: { maxKeys, maxAliases } }) {
    const quotas = [
      { Name: 'Keys', Used: await ledger.count(CMK, scope), Limit: maxKeys },
      { Name: 'Aliases', Used: await ledger.count(ALIAS, scope), Limit: maxAliases },
    ]
    return { reply: { Quotas: { Quota: quotas } }, changes: [] }
  },
})
