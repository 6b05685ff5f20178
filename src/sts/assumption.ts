// Assuming a role: the caller's own policies and the role's trust policy must both allow it.
import type { Caller } from '../api/caller.ts'
import type { Denial } from '../api/errors.ts'
import type { Resource } from '../api/operation.ts'
import type { LedgerView } from '../ledger/view.ts'
import type { Authorizer } from '../ram/authorize.ts'
import type { RequestFacts } from '../ram/conditions.ts'
import { denialOf } from '../ram/denial.ts'
import { IMPLICIT } from '../ram/policy/verdict.ts'
import type { Role } from '../ram/records.ts'

/** A role as a call names it. It need not exist. */
interface NamedRole {
  readonly accountId: string
  readonly roleName: string
}

/**
 * The resource of the call. A caller of another account must not learn the role's spelling or tags, or that the role exists. The role's account
 * gets its own event of the call.
 */
export function roleResource(role: Role | null, { accountId, roleName }: NamedRole, caller: Caller): Resource {
  const called = (name: string) => ({ name, arn: `acs:ram:*:${accountId}:role/${name}` })
  const type = 'ACS::RAM::Role'
  if (!role) return { type, ...called(roleName) }
  const own = called(role.body.roleName)
  if (caller.accountId === accountId) return { type, ...own, tags: role.body.tags }
  // A service belongs to no account, so only the role's account gets an event.
  if (caller.accountId === '') return { type, ...own }
  return { type, ...called(roleName), owner: { account: accountId, ...own } }
}

/**
 * Returns why the caller may not assume the role, or null when it may. A service needs only the role's trust; a root account can't assume
 * roles.
 */
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
