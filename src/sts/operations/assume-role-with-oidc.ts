import type { FederatedCaller } from '../../api/caller.ts'
import { refuse, refuseFor, refuseMissingRole } from '../../api/errors.ts'
import { optional } from '../../api/parameters.ts'
import { isoSeconds } from '../../api/time.ts'
import type { LedgerView } from '../../ledger/view.ts'
import { oidcProviderByName, roleByName } from '../../ram/find.ts'
import { type OidcProvider, oidcProviderArn } from '../../ram/oidc-provider.ts'
import { ramResource } from '../../ram/resources.ts'
import type { OidcToken } from '../oidc/token.ts'
import { operation } from '../operation.ts'
import {
  durationSeconds,
  laterPolicy,
  oidcToken,
  providerArn,
  roleArnParameter,
  roleSessionName,
  sessionPolicy,
} from '../parameters.ts'
import { beginSession } from '../session.ts'

const UNTRUSTED = 'There is no permission'

export const AssumeRoleWithOIDC = operation({
  name: 'AssumeRoleWithOIDC',
  summary:
    'Starts a session of a role for the holder of a token of an OIDC provider, if the trust policy of the role allows it. Returns temporary credentials with the permissions of the role, narrowed by Policy. The call is not signed.',
  parameters: {
    // Parameters are checked in this order; the cloud checks the token first.
    OIDCToken: oidcToken,
    OIDCProviderArn: providerArn,
    RoleArn: roleArnParameter,
    RoleSessionName: roleSessionName,
    DurationSeconds: optional(durationSeconds, 3600),
    Policy: optional(laterPolicy, null),
  },
  access: 'Write',
  trail: {
    show: ['OIDCProviderArn', 'RoleArn', 'RoleSessionName', 'DurationSeconds', 'Policy'],
    unverified: ['OIDCProviderArn', 'RoleArn'],
    reply: ['AssumedRoleUser', 'Credentials.AccessKeyId', 'Credentials.Expiration', 'OIDCTokenInfo'],
  },
  action: null,
  refusals: [
    'AuthenticationFail.NoPermission',
    'AuthenticationFail.OIDCToken.Invalid',
    'AuthenticationFail.OIDCToken.IssuerNotMatch',
    'AuthenticationFail.OIDCToken.IssuerConfigurationBroken',
    'AuthenticationFail.OIDCToken.HttpsUrlInvalid',
    'AuthenticationFail.OIDCToken.PublicKeyFingerprintMismatch',
    'AuthenticationFail.OIDCToken.InvalidSignature',
    'AuthenticationFail.OIDCToken.Expired',
    'AuthenticationFail.OIDCToken.AudienceNotMatch',
    'EntityNotExist.Role',
    'InvalidParameter.OIDCProviderArn',
    'InvalidParameter.RoleArn',
    'InvalidParameter.RoleSessionName',
    'InvalidParameter.PolicyGrammar',
    'InvalidParameter.PolicySize',
    'InvalidParameter.DurationSeconds',
  ],
  claimant: {
    async find({ OIDCProviderArn: named }, { ledger }) {
      return holderOf(await registered(named, ledger))
    },
    async verify({ OIDCToken: token, OIDCProviderArn: named }, { ledger, oidcTokens, now }) {
      const provider = await registered(named, ledger)
      await oidcTokens.verify(token, provider.body, now)
    },
  },
  async locate({ RoleArn: { accountId, roleName } }, { caller, ledger }) {
    if (accountId === caller.accountId) return [await ramResource('role', roleName, { ledger, caller })]
    return [{ type: 'ACS::RAM::Role', name: roleName, arn: `acs:ram:*:${accountId}:role/${roleName}` }]
  },
  async decide(values, context) {
    const { OIDCToken: token, OIDCProviderArn: named, RoleArn, RoleSessionName, DurationSeconds } = values
    const { ledger } = context
    const provider = await registered(named, ledger)
    // A provider authenticates for the roles of its own account only.
    if (RoleArn.accountId !== named.accountId) throw refuse('AuthenticationFail.NoPermission', { reason: UNTRUSTED })
    const role = await roleByName(RoleArn.roleName, { ledger, caller: RoleArn })
    if (!role) throw refuseMissingRole(`The role not exists: acs:ram::${RoleArn.accountId}:role/${RoleArn.roleName}. `)
    const further = new Map<string, string | readonly string[]>([
      ['oidc:iss', token.issuer],
      ['oidc:aud', token.audiences],
      ['oidc:sub', token.subject],
    ])
    const arn = `acs:ram:*:${role.account}:role/${role.body.roleName}`
    // The trust policy is evaluated for the provider as just read. `context.caller` comes from an earlier read and may be outdated.
    const denial = context.authorizer.trustDenial(
      role,
      arn,
      holderOf(provider),
      { ...context.facts, further },
      'sts:AssumeRole',
    )
    if (denial) throw refuseFor(denial, 'AuthenticationFail.NoPermission', { reason: UNTRUSTED })
    const beginning = {
      sessionName: RoleSessionName,
      sessionPolicy: values.Policy === null ? null : sessionPolicy.read('Policy', values.Policy),
      invokedBy: null,
      seconds: DurationSeconds,
      mostSeconds: role.body.maxSessionSeconds,
    }
    return beginSession(role, beginning, { OIDCTokenInfo: tokenInfo(token) }, context)
  },
})

/** The caller with a token of the provider. */
function holderOf({ account, body }: OidcProvider): FederatedCaller {
  const { providerName, issuerUrl } = body
  const principalId = oidcProviderArn(account, providerName)
  return { type: 'oidc-provider', accountId: account, principalId, userName: providerName, accessKeyId: '', issuerUrl }
}

/** The provider of an ARN. Refuses with AuthenticationFail.NoPermission. */
async function registered(
  named: { readonly accountId: string; readonly name: string },
  ledger: Pick<LedgerView, 'get'>,
): Promise<OidcProvider> {
  const provider = await oidcProviderByName(named.name, { ledger, caller: named })
  if (provider) return provider
  throw refuse('AuthenticationFail.NoPermission', { reason: 'No such OIDC Provider registered.' })
}

function tokenInfo({ subject, issuer, audiences, issuedAt, expiresAt }: OidcToken) {
  return {
    Subject: subject,
    Issuer: issuer,
    ClientIds: audiences.join(),
    IssuanceTime: isoSeconds(issuedAt * 1000),
    ExpirationTime: isoSeconds(expiresAt * 1000),
    VerificationInfo: 'Success',
  }
}
