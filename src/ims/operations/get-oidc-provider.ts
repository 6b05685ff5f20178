import { findOidcProvider } from '../../ram/find.ts'
import { locateOidcProvider } from '../../ram/resources.ts'
import { oidcProviderAnswer } from '../oidc-providers.ts'
import { operation } from '../operation.ts'
import { providerName } from '../parameters.ts'

export const GetOIDCProvider = operation({
  name: 'GetOIDCProvider',
  summary: 'Returns an OIDC provider.',
  parameters: { OIDCProviderName: providerName },
  access: 'Read',
  trail: { show: ['OIDCProviderName'], reply: [] },
  refusals: ['EntityNotExist.OIDCProvider'],
  locate: locateOidcProvider,
  async decide({ OIDCProviderName }, context) {
    const provider = await findOidcProvider(OIDCProviderName, context)
    return { reply: { OIDCProvider: oidcProviderAnswer(provider) }, changes: [] }
  },
})
