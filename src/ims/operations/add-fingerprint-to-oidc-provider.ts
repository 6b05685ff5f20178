import { locateOidcProvider } from '../../ram/resources.ts'
import { changedProvider, checkLists } from '../oidc-providers.ts'
import { operation } from '../operation.ts'
import { fingerprint, providerName } from '../parameters.ts'

export const AddFingerprintToOIDCProvider = operation({
  name: 'AddFingerprintToOIDCProvider',
  summary:
    'Adds the SHA-1 thumbprint of a root certificate in which the certificate chain of the issuer may end. A thumbprint that the provider already has changes nothing.',
  parameters: { OIDCProviderName: providerName, Fingerprint: fingerprint },
  access: 'Write',
  trail: { show: ['OIDCProviderName', 'Fingerprint'], reply: ['OIDCProvider.Fingerprints'] },
  refusals: ['EntityNotExist.OIDCProvider', 'LimitExceeded.OIDCProvider.Fingerprint'],
  locate: locateOidcProvider,
  decide({ OIDCProviderName, Fingerprint }, context) {
    return changedProvider(OIDCProviderName, context, (before) => {
      if (before.fingerprints.includes(Fingerprint)) return null
      const fingerprints = [...before.fingerprints, Fingerprint]
      checkLists({ clientIds: [], fingerprints }, context)
      return { fingerprints }
    })
  },
})
