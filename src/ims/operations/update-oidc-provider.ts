import { optional, possiblyEmpty } from '../../api/parameters.ts'
import { locateOidcProvider } from '../../ram/resources.ts'
import { changedProvider, checkLists } from '../oidc-providers.ts'
import { operation } from '../operation.ts'
import { clientIds, issuanceLimitHours, providerDescription, providerName } from '../parameters.ts'

export const UpdateOIDCProvider = operation({
  name: 'UpdateOIDCProvider',
  summary:
    'Changes the description of an OIDC provider, replaces all of its client IDs, or sets how many hours old a token may be. Absent parameters change nothing.',
  parameters: {
    OIDCProviderName: providerName,
    NewDescription: optional(possiblyEmpty(providerDescription), null),
    ClientIds: optional(clientIds, null),
    IssuanceLimitTime: optional(issuanceLimitHours, null),
  },
  access: 'Write',
  trail: {
    show: ['OIDCProviderName', 'NewDescription', 'ClientIds', 'IssuanceLimitTime'],
    reply: ['OIDCProvider.OIDCProviderName', 'OIDCProvider.UpdateDate'],
  },
  refusals: ['EntityNotExist.OIDCProvider', 'LimitExceeded.OIDCProvider.ClientId'],
  locate: locateOidcProvider,
  decide({ OIDCProviderName, NewDescription, ClientIds, IssuanceLimitTime }, context) {
    return changedProvider(OIDCProviderName, context, (before) => {
      const lists = { clientIds: ClientIds ?? before.clientIds, fingerprints: before.fingerprints }
      if (ClientIds) checkLists({ ...lists, fingerprints: [] }, context)
      return {
        ...lists,
        description: NewDescription ?? before.description,
        issuanceLimitHours: IssuanceLimitTime ?? before.issuanceLimitHours,
      }
    })
  },
})
