// Evaluates the trust policies of roles.
import { type Caller, principalArn } from '../api/caller.ts'
import type { Denial } from '../api/errors.ts'
import type { CompiledPolicies, PolicyAlarm } from './compiled-policies.ts'
import { conditionValues, type RequestFacts } from './conditions.ts'
import { denialOf } from './denial.ts'
import type { CompiledPolicy } from './policy/compile.ts'
import type { ConditionValues } from './policy/conditions.ts'
import { MalformedPolicy } from './policy/language.ts'
import { trusts } from './policy/policy-set.ts'
import type { Candidate } from './policy/principals.ts'
import { IMPLICIT, type Verdict } from './policy/verdict.ts'
import type { Role } from './records.ts'
import { unbound } from './trusted-ids.ts'

/** The actions that a trust policy can allow: assuming the role, and setting the session's SourceIdentity. */
export type TrustAction = 'sts:AssumeRole' | 'sts:SetSourceIdentity'

export class TrustPolicies {
  readonly #policies: CompiledPolicies
  readonly #alarm: PolicyAlarm
  /** The roles that were already reported: who-can evaluates each role for every principal. */
  readonly #unbound = new WeakSet<Role>()

  constructor(policies: CompiledPolicies, alarm: PolicyAlarm) {
    this.#policies = policies
    this.#alarm = alarm
  }

  /** Returns the denial of an action by the role's trust policy; null when it allows the action. `arn` is the role as the caller named it. */
  denial(role: Role, arn: string, caller: Caller, facts: RequestFacts, action: TrustAction): Denial | null {
    const verdict = this.#verdict(role, caller, conditionValues(facts, caller, []), action)
    if (verdict.decision === 'Allow') return null
    const denial = denialOf({ caller, action }, arn, 'TrustPolicy', verdict)
    return { ...denial, account: role.account }
  }

  /** The condition keys of the trust policy, in canonical form (conditionKey); none when the policy is broken. */
  keys(role: Role): readonly string[] {
    try {
      return this.#compiled(role).statements.flatMap(({ keys }) => keys)
    } catch (error) {
      if (error instanceof MalformedPolicy) return []
      throw error
    }
  }

  #verdict(role: Role, caller: Caller, values: ConditionValues, action: TrustAction): Verdict {
    const { account, body } = role
    try {
      const ids = body.trustedIds ?? {}
      const verdict = trusts(this.#compiled(role), candidateOf(caller), { account, ids }, values, action.toLowerCase())
      if (!body.trustedIds && verdict.decision !== 'Allow') this.#noteUnbound(role)
      return verdict
    } catch (error) {
      if (!(error instanceof MalformedPolicy)) throw error
      this.#alarm(`the trust policy of role ${account}/${body.roleName} is broken: nobody can assume it`, error)
      return IMPLICIT
    }
  }

  #noteUnbound(role: Role): void {
    if (this.#unbound.has(role)) return
    this.#unbound.add(role)
    this.#alarm(unbound(role), 'a server of an earlier release wrote it')
  }

  #compiled({ account, body }: Role): CompiledPolicy {
    return this.#policies.stored(body.trustPolicy, 'trust', `the trust policy of role ${account}/${body.roleName}`)
  }
}

/** The names and the id by which a trust policy can mean this caller: the caller's own, and its account's. */
function candidateOf(caller: Caller): Candidate {
  const own = principalArn(caller)
  switch (caller.type) {
    case 'service':
    case 'root-account':
      return { names: [own], id: null }
    case 'oidc-provider':
      return { names: [own], id: caller.issuerUrl, federated: true }
    case 'ram-user':
      return { names: [own, `acs:ram::${caller.accountId}:root`], id: caller.principalId }
    case 'assumed-role':
      return { names: [own, `acs:ram::${caller.accountId}:root`], id: caller.roleId }
  }
}
