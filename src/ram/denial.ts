// A denial in the form that the refusal and the event show.
import type { Caller } from '../api/caller.ts'
import type { Denial } from '../api/errors.ts'
import type { Verdict } from './policy/verdict.ts'

/** The names of caller types in denials. */
const PRINCIPAL_TYPES: Readonly<Record<Caller['type'], string>> = {
  'root-account': 'Account',
  'ram-user': 'SubUser',
  'assumed-role': 'AssumedRoleUser',
  service: 'Service',
  'oidc-provider': 'OIDCProvider',
}

/** Returns the denial of an action on a resource (an ARN) from a verdict of policies of this type. */
export function denialOf(
  { caller, action }: { readonly caller: Caller; readonly action: string },
  resource: string,
  policyType: Denial['policyType'],
  { decision, by }: Verdict,
): Denial {
  const explicit = decision === 'ExplicitDeny'
  return {
    action,
    resource,
    type: explicit ? 'ExplicitDeny' : 'ImplicitDeny',
    policyType,
    principal: { type: PRINCIPAL_TYPES[caller.type], name: caller.userName, account: caller.accountId },
    account: caller.accountId,
    by: explicit ? by : null,
  }
}
