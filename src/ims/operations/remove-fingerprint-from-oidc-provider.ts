import { refuse } from '../../api/errors.ts'
import { locateOidcProvider } from '../../ram/resources.ts'
import { changedProvider } from '../oidc-providers.ts'
import { operation } from '../operation.ts'
import { fingerprint, providerName } from '../parameters.ts'

export const RemoveFingerprintFromOIDCProvider = operation({
  name: 'RemoveFingerprintFromOIDCProvider',
  summary:
    'Removes the thumbprint of a root certificate from an OIDC provider. The last thumbprint can not be removed. A thumbprint that the provider does not have changes nothing.',
  parameters: { OIDCProviderName: providerName, Fingerprint: fingerprint },
  access: 'Write',
  trail: { show: ['OIDCProviderName', 'Fingerprint'], reply: ['OIDCProvider.Fingerprints'] },
  refusals: ['EntityNotExist.OIDCProvider', 'DeleteConflict.OIDCProvider.Fingerprint'],
  locate: locateOidcProvider,
  decide({ OIDCProviderName, Fingerprint }, context) {
    return changedProvider(OIDCProviderName, context, (before) => {
      if (!before.fingerprints.includes(Fingerprint)) return null
      if (before.fingerprints.length === 1) throw refuse('DeleteConflict.OIDCProvider.Fingerprint')
      return { fingerprints: before.fingerprints.filter((fingerprint) => fingerprint !== Fingerprint) }
    })
  },
})
