// Who may do what: the policies that count for a caller, put together once and kept while none of them changes (contract/ram.md 2.6).
import { type Caller, principalArn, type SessionCaller } from '../api/caller.ts'
import type { Denial } from '../api/errors.ts'
import type { Resource } from '../api/operation.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Recorded } from '../ledger/record.ts'
import { accountSettings } from './account-settings.ts'
import { conditionValues, type RequestFacts } from './conditions.ts'
import { attachedPolicy, type FoundPolicy, roleByName } from './find.ts'
import type { ConditionValues } from './policy/conditions.ts'
import { MalformedPolicy, type PolicyUse, parsePolicy } from './policy/language.ts'
import { Memo } from './policy/memo.ts'
import { type CompiledPolicy, compilePolicy, IMPLICIT, PolicySet, trusts, type Verdict } from './policy/policy-set.ts'
import type { Candidate } from './policy/principals.ts'
import { type Attached, GROUP, POLICY, ROLE, type Role, ramScope, USER, type User } from './records.ts'

type Reads = Pick<Ledger, 'get' | 'changesOf'>
type Principal = Recorded<{ readonly policies: readonly Attached[] }>

/** What a call asks to be allowed. */
export interface AccessRequest {
  readonly caller: Caller
  readonly action: string
  readonly resources: readonly Resource[]
  readonly facts: RequestFacts
  readonly selfService?: 'password' | 'access keys' | undefined
  /** What the call reads through, if it does: its caller has the permissions of the record that is read there. */
  readonly ledger?: Pick<Ledger, 'get'>
}

/** What policies need to know of a resource. */
type Asked = Pick<Resource, 'arn' | 'tags' | 'action' | 'asked'>

/** The policies that count for a caller: a request must pass each of the sets. */
export interface Permissions {
  readonly sets: readonly { readonly type: 'IdentityBased' | 'SessionPolicy'; readonly set: PolicySet }[]
}

interface Kept {
  /** How often RAM had changed when this was read. */
  readonly changes: number
  /** The revision of the caller's own record that it was made of. */
  readonly revision: number
  readonly permissions: Permissions | null
}

/** What permissions are made of. */
const COUNTING = [USER, GROUP, ROLE, POLICY]
const KEPT_DOCUMENTS = 1000

export class Authorizer {
  readonly #ledger: Reads
  readonly #alarm: (message: string, error: unknown) => void
  readonly #permissions = new WeakMap<Caller, Kept>()
  readonly #compiled = new Memo<CompiledPolicy>(KEPT_DOCUMENTS)
  readonly #compiledTrust = new Memo<CompiledPolicy>(KEPT_DOCUMENTS)
  readonly #sessionSets = new Memo<PolicySet>(KEPT_DOCUMENTS)

  constructor(ledger: Reads, alarm: (message: string, error: unknown) => void) {
    this.#ledger = ledger
    this.#alarm = alarm
  }

  /** null when the call is allowed, else why it is not: the first resource that is refused decides. */
  async denial(request: AccessRequest): Promise<Denial | null> {
    const { caller, facts } = request
    if (caller.type === 'root-account') return null
    const resources: readonly Asked[] = request.resources.length > 0 ? request.resources : [{ arn: '*' }]
    const permissions = await this.permissions(caller, request.ledger)
    for (const { arn, tags = [], action = request.action, asked } of resources) {
      const values = conditionValues(facts, caller, tags)
      if (!permissions) return { ...denialOf({ caller, action }, arn, 'IdentityBased', IMPLICIT), asked }
      for (const { type, set } of permissions.sets) {
        const verdict = set.decide(action, arn, values)
        if (verdict.decision === 'Allow') continue
        if (verdict.decision === 'ImplicitDeny' && (await this.#maySelfServe(request, arn))) continue
        return { ...denialOf({ caller, action }, arn, type, verdict), asked }
      }
    }
    return null
  }

  /** The policies of a user or session; null for one that has none whatever policies say, or whose policies are broken. */
  async permissions(caller: Caller, ledger: Pick<Ledger, 'get'> = this.#ledger): Promise<Permissions | null> {
    let principal = await this.#principal(caller, ledger)
    while (principal) {
      const changes = this.#ledger.changesOf(COUNTING)
      const kept = this.#permissions.get(caller)
      if (kept?.changes === changes && kept.revision === principal.revision) return kept.permissions
      const read = await this.#readPermissions(caller, principal)
      // What was read while RAM changed may be half old, half new.
      if (changes !== this.#ledger.changesOf(COUNTING)) continue
      if (read instanceof MalformedPolicy) {
        // A call may have read its caller before a group or policy was detached from it and deleted.
        const latest = await this.#principal(caller, this.#ledger)
        if (latest?.revision !== principal.revision) {
          principal = latest
          continue
        }
        // A broken Deny must not turn into access: nothing is allowed until the policy is whole.
        this.#alarm(`a stored policy of ${caller.accountId}/${caller.userName} is broken: the caller is refused`, read)
      }
      const permissions = read instanceof MalformedPolicy ? null : read
      this.#permissions.set(caller, { changes, revision: principal.revision, permissions })
      return permissions
    }
    return null
  }

  /** The record that says which policies a caller has, or null for one that has none or is gone. */
  async #principal(caller: Caller, ledger: Pick<Ledger, 'get'>): Promise<User | Role | null> {
    if (caller.type === 'ram-user') return ledger.get(USER, ramScope(caller.accountId), caller.principalId)
    return caller.type === 'assumed-role' ? this.sessionRole(caller, ledger) : null
  }

  async #readPermissions(caller: Caller, principal: User | Role): Promise<Permissions | MalformedPolicy> {
    try {
      const groups = 'groups' in principal.body ? principal.body.groups.map(({ groupId }) => groupId) : []
      const own = { type: 'IdentityBased', set: await this.#setOf(principal, groups) } as const
      if (caller.type !== 'assumed-role' || caller.sessionPolicy === null) return { sets: [own] }
      return { sets: [{ type: 'SessionPolicy', set: this.#sessionSet(caller.sessionPolicy) }, own] }
    } catch (error) {
      if (error instanceof MalformedPolicy) return error
      throw error
    }
  }

  /** The role of a session, or null when it was deleted since. */
  async sessionRole(
    { accountId, roleName, roleId }: SessionCaller,
    ledger: Pick<Ledger, 'get'> = this.#ledger,
  ): Promise<Role | null> {
    const role = await roleByName(roleName, { ledger, caller: { accountId } })
    return role?.body.roleId === roleId ? role : null
  }

  /** Why the trust policy of a role, which the caller named by this ARN, does not let it in; null when it does. */
  trustDenial(role: Role, arn: string, caller: Caller, facts: RequestFacts): Denial | null {
    const { decision, by } = this.#trust(role, caller, conditionValues(facts, caller, []))
    if (decision === 'Allow') return null
    const denial = denialOf({ caller, action: 'sts:AssumeRole' }, arn, 'TrustPolicy', { decision, by })
    return { ...denial, account: role.account }
  }

  /** The condition keys on which it depends whether the trust policy of a role lets somebody in; none when it is broken. */
  trustKeys(role: Role): readonly string[] {
    try {
      return this.#trustPolicy(role).statements.flatMap(({ keys }) => keys)
    } catch (error) {
      if (error instanceof MalformedPolicy) return []
      throw error
    }
  }

  #trustPolicy({ account, body }: Role): CompiledPolicy {
    return this.#compiledTrust.get(body.trustPolicy, () =>
      this.#compiledStored(body.trustPolicy, 'trust', `the trust policy of role ${account}/${body.roleName}`),
    )
  }

  #trust(role: Role, caller: Caller, values: ConditionValues): Verdict {
    const { account, body } = role
    try {
      return trusts(this.#trustPolicy(role), candidateOf(caller), { account, ids: body.trustedIds ?? {} }, values)
    } catch (error) {
      if (!(error instanceof MalformedPolicy)) throw error
      this.#alarm(`the trust policy of role ${account}/${body.roleName} is broken: nobody can assume it`, error)
      return { decision: 'ImplicitDeny', by: null }
    }
  }

  /** Throws MalformedPolicy for a group or policy that is gone, too: with it a Deny would be. */
  async #setOf(principal: Principal, groupIds: readonly string[]): Promise<PolicySet> {
    const scope = ramScope(principal.account)
    const groups = await Promise.all(
      groupIds.map(async (id) => present(await this.#ledger.get(GROUP, scope, id), `the group ${id}`)),
    )
    const keys = [...new Set([principal, ...groups].flatMap(({ body }) => body.policies).map(({ policy }) => policy))]
    const context = { ledger: this.#ledger, caller: { accountId: principal.account } }
    const policies = await Promise.all(
      keys.map(async (key) => this.#named(present(await attachedPolicy(key, context), `the policy ${key}`))),
    )
    return new PolicySet(policies)
  }

  #named({ policyName, defaultVersion, versions }: FoundPolicy) {
    const version = versions.find(({ versionId }) => versionId === defaultVersion)
    if (!version) throw new MalformedPolicy(`${policyName} has no version ${defaultVersion}`)
    try {
      const policy = this.#compiled.get(version.document, () =>
        this.#compiledStored(version.document, 'identity', `the policy ${policyName} ${defaultVersion}`),
      )
      return { name: policyName, version: defaultVersion, policy }
    } catch (error) {
      if (!(error instanceof MalformedPolicy)) throw error
      throw new MalformedPolicy(`${policyName} ${defaultVersion}: ${error.message}`)
    }
  }

  #sessionSet(document: string): PolicySet {
    return this.#sessionSets.get(document, () => {
      const policy = compilePolicy(parsePolicy(document, 'session'))
      return new PolicySet([{ name: '', version: '', policy }])
    })
  }

  /** Logs what of a stored policy matches nothing: a new one would be refused for it. Throws MalformedPolicy. */
  #compiledStored(document: string, use: PolicyUse, which: string): CompiledPolicy {
    const policy = parsePolicy(document, use)
    for (const flaw of policy.flaws) this.#alarm(`${which} has a part that is never true; write it again`, flaw)
    return compilePolicy(policy)
  }

  /** What a user may do to itself as the account's security preference says (contract/ram.md 2.6). */
  async #maySelfServe(
    { caller, selfService, ledger = this.#ledger }: AccessRequest,
    resource: string,
  ): Promise<boolean> {
    if (selfService === undefined || caller.type !== 'ram-user') return false
    const { accountId, principalId } = caller
    // By the record: the name that the caller had when it was authenticated may be somebody else's by now.
    const user = await ledger.get(USER, ramScope(accountId), principalId)
    if (!user || resource !== `acs:ram:*:${accountId}:user/${user.body.userName}`) return false
    const { securityPreference } = await accountSettings({ ledger, caller })
    return selfService === 'password'
      ? securityPreference.AllowUserToChangePassword
      : securityPreference.AllowUserToManageAccessKeys
  }
}

function present<T>(found: T | null, what: string): T {
  if (found === null) throw new MalformedPolicy(`${what} is attached and missing`)
  return found
}

/** What a trust policy may name to mean this caller: itself, or its account as a whole. */
function candidateOf(caller: Caller): Candidate {
  const own = principalArn(caller)
  switch (caller.type) {
    case 'service':
    case 'root-account':
      return { names: [own], id: null }
    case 'ram-user':
      return { names: [own, `acs:ram::${caller.accountId}:root`], id: caller.principalId }
    case 'assumed-role':
      return { names: [own, `acs:ram::${caller.accountId}:root`], id: caller.roleId }
  }
}

/** The kinds of callers as denials name them. */
const PRINCIPAL_TYPES: Readonly<Record<Caller['type'], string>> = {
  'root-account': 'Account',
  'ram-user': 'SubUser',
  'assumed-role': 'AssumedRoleUser',
  service: 'Service',
}

/** A denial by the caller's own policies, or by nobody's. */
export function denialOf(
  { caller, action }: Pick<AccessRequest, 'caller' | 'action'>,
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
