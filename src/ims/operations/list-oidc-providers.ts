import { OIDC_PROVIDER } from '../../ram/oidc-provider.ts'
import { pageOf } from '../../ram/parameters.ts'
import { afterName, ramScope } from '../../ram/records.ts'
import { locateContainer } from '../../ram/resources.ts'
import { oidcProviderAnswer } from '../oidc-providers.ts'
import { operation } from '../operation.ts'
import { shortPages } from '../parameters.ts'

export const ListOIDCProviders = operation({
  name: 'ListOIDCProviders',
  summary: 'Lists the OIDC providers by name.',
  parameters: shortPages,
  access: 'Read',
  trail: { show: ['Marker', 'MaxItems'], reply: [] },
  refusals: [],
  locate: locateContainer('oidc-provider'),
  async decide({ Marker, MaxItems }, { ledger, caller }) {
    const scope = ramScope(caller.accountId)
    const found = await ledger.between(OIDC_PROVIDER, scope, afterName(Marker, MaxItems + 1))
    const { items, rest } = pageOf(found, MaxItems, ({ id }) => id)
    return { reply: { OIDCProviders: { OIDCProvider: items.map(oidcProviderAnswer) }, ...rest }, changes: [] }
  },
})
