import { locateAnyResource } from '../../api/locate.ts'
import { operation } from '../operation.ts'
import { ALIAS, CMK } from '../records.ts'
import { SECRET } from '../secrets/records.ts'

export const DescribeAccountQuotas = operation({
  name: 'DescribeAccountQuotas',
  summary:
    'Returns how many keys, aliases and secrets the account has in the region, as its quotas count them, and how many it may have. Not in the cloud.',
  parameters: {},
  access: 'Read',
  trail: { show: [], reply: [] },
  refusals: [],
  locate: locateAnyResource,
  async decide(_, { ledger, scope, settings: { maxKeys, maxAliases, maxSecrets } }) {
    const quotas = [
      { Name: 'Keys', Used: await ledger.count(CMK, scope), Limit: maxKeys },
      { Name: 'Aliases', Used: await ledger.count(ALIAS, scope), Limit: maxAliases },
      { Name: 'Secrets', Used: await ledger.count(SECRET, scope), Limit: maxSecrets },
    ]
    return { reply: { Quotas: { Quota: quotas } }, changes: [] }
  },
})
