// Assuming a role: the caller's own policies and the role's trust policy must both allow it.
import type { Caller } from '../api/caller.ts'
import type { Denial } from '../api/errors.ts'
import type { Resource } from '../api/operation.ts'
import type { LedgerView } from '../ledger/view.ts'
import type { Authorizer } from '../ram/authorize.ts'
import type { RequestFacts } from '../ram/conditions.ts'
import { denialOf } from '../ram/denial.ts'
import { IMPLICIT } from '../ram/policy/policy-set.ts'
import type { Role } from '../ram/records.ts'

/** A role as a call names it, whether it exists or not. */
export interface NamedRole {
  readonly accountId: string
  readonly roleName: string
}

/**
 * The resource of the call. A caller of another account has no right to know how the role is spelled, which tags it has, nor that
 * it exists; the role's account gets an event of the call.
 */
export function roleResource(role: Role | null, { accountId, roleName }: NamedRole, caller: Caller): Resource {
  const called = (name: string) => ({ name, arn: `acs:ram:*:${accountId}:role/${name}` })
  const type = 'ACS::RAM::Role'
  if (!role) return { type, ...called(roleName) }
  const own = called(role.body.roleName)
  if (caller.accountId === accountId) return { type, ...own, tags: role.body.tags }
  // A service belongs to no account: what it does is an event of the role's account alone.
  if (caller.accountId === '') return { type, ...own }
  return { type, ...called(roleName), owner: { account: accountId, ...own } }
}

/** The denial of the role to the caller, or null when the caller may assume it. A service needs the trust only; an account assumes no role. */
export async function assumptionDenial(
  role: Role | null,
  named: NamedRole,
  caller: Caller,
  facts: RequestFacts,
  { authorizer, ledger }: { readonly authorizer: Authorizer; readonly ledger: LedgerView },
): Promise<Denial | null> {
  const action = 'sts:AssumeRole'
  const resource = roleResource(role, named, caller)
  const untrusted = () => denialOf({ caller, action }, resource.arn, 'TrustPolicy', IMPLICIT)
  if (caller.type === 'root-account') return untrusted()
  if (caller.type !== 'service') {
    const denial = await authorizer.denial({ caller, action, resources: [resource], facts, ledger })
    if (denial) return denial
  }
  return role ? authorizer.trustDenial(role, resource.arn, caller, facts, action) : untrusted()
}
