// Shared by the operations on OIDC providers.
import { refuse } from '../api/errors.ts'
import type { Decision, Reply } from '../api/operation.ts'
import { isoSeconds } from '../api/time.ts'
import { type Change, update } from '../ledger/record.ts'
import { findOidcProvider } from '../ram/find.ts'
import { type OidcProvider, type OidcProviderBody, oidcProviderArn } from '../ram/oidc-provider.ts'
import type { RamContext } from '../ram/operation.ts'

/** The provider in replies. A list is one text with commas. An empty list is omitted, because clients would split it into one empty item. */
export function oidcProviderAnswer({ account, createdAt, body }: OidcProvider): Reply {
  const { providerName, issuerUrl, clientIds, fingerprints, description, issuanceLimitHours, updatedAt } = body
  return {
    OIDCProviderName: providerName,
    Arn: oidcProviderArn(account, providerName),
    IssuerUrl: issuerUrl,
    ...(clientIds.length > 0 && { ClientIds: clientIds.join() }),
    ...(fingerprints.length > 0 && { Fingerprints: fingerprints.join() }),
    Description: description,
    IssuanceLimitTime: issuanceLimitHours,
    CreateDate: isoSeconds(createdAt),
    UpdateDate: isoSeconds(updatedAt),
    GmtCreate: createdAt,
    GmtModified: updatedAt,
  }
}

/** Decides a change of a provider. `changed` returns the new values, or null where the call changes nothing. */
export async function changedProvider(
  name: string,
  context: RamContext,
  changed: (body: OidcProviderBody) => Partial<OidcProviderBody> | null,
): Promise<Decision<Change>> {
  const provider = await findOidcProvider(name, context)
  const some = changed(provider.body)
  if (some === null) return { reply: { OIDCProvider: oidcProviderAnswer(provider) }, changes: [] }
  const change = update(provider, { body: { ...provider.body, ...some, updatedAt: context.now } })
  return { reply: { OIDCProvider: oidcProviderAnswer(change.after) }, changes: [change] }
}

type Lists = Pick<OidcProviderBody, 'clientIds' | 'fingerprints'>

/** Refuses lists that are longer than the quotas allow. */
export function checkLists({ clientIds, fingerprints }: Lists, { quotas }: Pick<RamContext, 'quotas'>): void {
  if (clientIds.length > quotas['max-client-ids-per-oidc-provider']) throw refuse('LimitExceeded.OIDCProvider.ClientId')
  if (fingerprints.length > quotas['max-fingerprints-per-oidc-provider'])
    throw refuse('LimitExceeded.OIDCProvider.Fingerprint')
}
