import { locateOidcProvider } from '../../ram/resources.ts'
import { changedProvider, checkLists } from '../oidc-providers.ts'
import { operation } from '../operation.ts'
import { clientId, providerName } from '../parameters.ts'

export const AddClientIdToOIDCProvider = operation({
  name: 'AddClientIdToOIDCProvider',
  summary: 'Adds a client whose tokens the OIDC provider accepts. A client that it already has changes nothing.',
  parameters: { OIDCProviderName: providerName, ClientId: clientId },
  access: 'Write',
  trail: { show: ['OIDCProviderName', 'ClientId'], reply: ['OIDCProvider.ClientIds'] },
  refusals: ['EntityNotExist.OIDCProvider', 'LimitExceeded.OIDCProvider.ClientId'],
  locate: locateOidcProvider,
  decide({ OIDCProviderName, ClientId }, context) {
    return changedProvider(OIDCProviderName, context, (before) => {
      if (before.clientIds.includes(ClientId)) return null
      const clientIds = [...before.clientIds, ClientId]
      checkLists({ clientIds, fingerprints: [] }, context)
      return { clientIds }
    })
  },
})
