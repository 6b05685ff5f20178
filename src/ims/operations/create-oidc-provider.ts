import { refuse } from '../../api/errors.ts'
import { optional } from '../../api/parameters.ts'
import { insert } from '../../ledger/record.ts'
import { oidcProviderByName } from '../../ram/find.ts'
import { OIDC_ISSUER, OIDC_PROVIDER } from '../../ram/oidc-provider.ts'
import { ramScope } from '../../ram/records.ts'
import { locateContainer, ramResource } from '../../ram/resources.ts'
import { checkLists, oidcProviderAnswer } from '../oidc-providers.ts'
import { operation } from '../operation.ts'
import {
  clientIds,
  fingerprints,
  issuanceLimitHours,
  issuerUrl,
  providerDescription,
  providerName,
} from '../parameters.ts'

export const CreateOIDCProvider = operation({
  name: 'CreateOIDCProvider',
  summary:
    'Creates an OIDC provider: an issuer whose tokens for one of the clients roles can trust. Fingerprints are SHA-1 thumbprints of root certificates; if there are any, the certificate chain of the issuer must end in one of them.',
  parameters: {
    OIDCProviderName: providerName,
    IssuerUrl: issuerUrl,
    ClientIds: optional(clientIds, null),
    Fingerprints: optional(fingerprints, null),
    Description: optional(providerDescription, ''),
    IssuanceLimitTime: optional(issuanceLimitHours, 12),
  },
  access: 'Write',
  trail: {
    show: ['OIDCProviderName', 'IssuerUrl', 'ClientIds', 'Fingerprints', 'Description', 'IssuanceLimitTime'],
    reply: ['OIDCProvider.OIDCProviderName', 'OIDCProvider.Arn', 'OIDCProvider.CreateDate'],
  },
  quotaRefusal: 'LimitExceeded.OIDCProvider',
  refusals: [
    'EntityAlreadyExists.OIDCProvider',
    'EntityAlreadyExists.OIDCProvider.Url',
    'LimitExceeded.OIDCProvider',
    'LimitExceeded.OIDCProvider.ClientId',
    'LimitExceeded.OIDCProvider.Fingerprint',
  ],
  requestKeys: ({ IssuerUrl }) => new Map([['ram:OidcIssuerUrl', IssuerUrl]]),
  locate: locateContainer('oidc-provider'),
  async decide(values, context) {
    const { OIDCProviderName: name, IssuerUrl } = values
    const { now, caller, quotas, ledger } = context
    const scope = ramScope(caller.accountId)
    if (await oidcProviderByName(name, context)) throw refuse('EntityAlreadyExists.OIDCProvider')
    if (await ledger.get(OIDC_ISSUER, scope, IssuerUrl)) throw refuse('EntityAlreadyExists.OIDCProvider.Url')
    const body = {
      providerName: name,
      issuerUrl: IssuerUrl,
      clientIds: values.ClientIds ?? [],
      fingerprints: values.Fingerprints ?? [],
      description: values.Description,
      issuanceLimitHours: values.IssuanceLimitTime,
      updatedAt: now,
    }
    checkLists(body, context)
    const id = name.toLowerCase()
    const provider = insert(OIDC_PROVIDER, { ...scope, id, createdAt: now, body }, quotas['max-oidc-providers'])
    const issuer = insert(OIDC_ISSUER, { ...scope, id: IssuerUrl, createdAt: now, body: { provider: id } })
    return {
      reply: { OIDCProvider: oidcProviderAnswer(provider.after) },
      changes: [provider, issuer],
      created: [await ramResource('oidc-provider', name, context)],
    }
  },
})
