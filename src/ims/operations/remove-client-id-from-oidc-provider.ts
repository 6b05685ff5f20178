import { locateOidcProvider } from '../../ram/resources.ts'
import { changedProvider } from '../oidc-providers.ts'
import { operation } from '../operation.ts'
import { clientId, providerName } from '../parameters.ts'

export const RemoveClientIdFromOIDCProvider = operation({
  name: 'RemoveClientIdFromOIDCProvider',
  summary: 'Removes a client from an OIDC provider. A client that it does not have changes nothing.',
  parameters: { OIDCProviderName: providerName, ClientId: clientId },
  access: 'Write',
  trail: { show: ['OIDCProviderName', 'ClientId'], reply: ['OIDCProvider.ClientIds'] },
  refusals: ['EntityNotExist.OIDCProvider'],
  locate: locateOidcProvider,
  decide({ OIDCProviderName, ClientId }, context) {
    return changedProvider(OIDCProviderName, context, ({ clientIds }) =>
      clientIds.includes(ClientId) ? { clientIds: clientIds.filter((id) => id !== ClientId) } : null,
    )
  },
})
