import { remove } from '../../ledger/record.ts'
import { findOidcProvider } from '../../ram/find.ts'
import { OIDC_ISSUER, OIDC_PROVIDER } from '../../ram/oidc-provider.ts'
import { ramScope } from '../../ram/records.ts'
import { locateOidcProvider } from '../../ram/resources.ts'
import { operation } from '../operation.ts'
import { providerName } from '../parameters.ts'

export const DeleteOIDCProvider = operation({
  name: 'DeleteOIDCProvider',
  summary:
    'Deletes an OIDC provider. Its tokens start no more sessions; running sessions continue. Roles that trust it remain.',
  parameters: { OIDCProviderName: providerName },
  access: 'Write',
  trail: { show: ['OIDCProviderName'], reply: ['RequestId'] },
  refusals: ['EntityNotExist.OIDCProvider'],
  locate: locateOidcProvider,
  async decide({ OIDCProviderName }, context) {
    const provider = await findOidcProvider(OIDCProviderName, context)
    const { ledger, caller } = context
    const issuer = await ledger.get(OIDC_ISSUER, ramScope(caller.accountId), provider.body.issuerUrl)
    const changes = [remove(OIDC_PROVIDER, provider), ...(issuer ? [remove(OIDC_ISSUER, issuer)] : [])]
    return { reply: {}, changes }
  },
})
