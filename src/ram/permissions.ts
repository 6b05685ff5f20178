// The policies that apply to a caller (docs/reference/policy-language.md, "Decision"). They are read from the records of RAM, compiled, and kept
// until one of these records changes.
import type { Caller, SessionCaller } from '../api/caller.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Kind, Recorded, Scope } from '../ledger/record.ts'
import type { Derived, LedgerView } from '../ledger/view.ts'
import type { MaybePromise } from '../runtime/maybe-promise.ts'
import { recordKey } from '../storage/storage.ts'
import type { CompiledPolicies, PolicyAlarm } from './compiled-policies.ts'
import { attachedPolicy, type FoundPolicy, roleByName } from './find.ts'
import { MalformedPolicy } from './policy/language.ts'
import { PolicyMemory } from './policy/policy-memory.ts'
import { PolicySet } from './policy/policy-set.ts'
import type { NamedPolicy } from './policy/verdict.ts'
import { type Attached, GROUP, type Role, ramScope, USER, type User } from './records.ts'

type Reads = Pick<Ledger, 'get'>
type Principal = Recorded<{ readonly policies: readonly Attached[] }>

/** The policies that apply to a caller. Each of the sets must allow a request. */
export interface Permissions {
  readonly sets: readonly { readonly type: 'IdentityBased' | 'SessionPolicy'; readonly set: PolicySet }[]
}

interface Kept extends Derived {
  readonly permissions: Permissions | null
}

/** How many bytes the permissions of a caller take at most, and how many of them each statement takes, besides the compiled policies. */
const CALLER_BYTES = 1000
const STATEMENT_BYTES = 100

export class PermissionReader {
  readonly #ledger: Pick<Ledger, 'confirms'>
  readonly #policies: CompiledPolicies
  readonly #alarm: PolicyAlarm
  #permissions = new WeakMap<Caller, Kept>()
  readonly #sessionSets = new Map<string, PolicySet>()
  readonly #memory = new PolicyMemory()

  constructor(ledger: Pick<Ledger, 'confirms'>, policies: CompiledPolicies, alarm: PolicyAlarm) {
    this.#ledger = ledger
    this.#policies = policies
    this.#alarm = alarm
    policies.whenDropped(() => {
      this.#permissions = new WeakMap()
      this.#sessionSets.clear()
    })
  }

  /**
   * The policies of a user or session; null for a caller without policies, and for a caller whose policies are broken. All records behind them
   * count as read by `view`. Permissions that are kept come without a promise.
   */
  of(caller: Caller, view: LedgerView): Permissions | null | Promise<Permissions | null> {
    const kept = this.#permissions.get(caller)
    return kept && view.relies(kept) ? kept.permissions : this.#learn(caller, view)
  }

  async #learn(caller: Caller, view: LedgerView): Promise<Permissions | null> {
    const traced = new Traced(view)
    const principal = await this.#principal(caller, traced)
    if (!principal) return null
    const read = await this.#read(caller, principal, traced)
    if (read instanceof MalformedPolicy) {
      // During a change of RAM this may have read a mix of old and new records. Then the call is decided again.
      if (!(await this.#ledger.confirms(view))) return null
      // A broken Deny must not result in access, so nothing is allowed until the policy is repaired.
      this.#alarm(`a stored policy of ${caller.accountId}/${caller.userName} is broken: the caller is refused`, read)
    }
    const permissions = read instanceof MalformedPolicy ? null : read
    const statements = permissions?.sets.reduce((sum, { set }) => sum + set.size, 0) ?? 0
    this.#policies.grow(CALLER_BYTES + STATEMENT_BYTES * statements)
    this.#permissions.set(caller, { keys: traced.keys, number: view.basis, permissions })
    return permissions
  }

  /** The role of a session; null when the role has been deleted. */
  async sessionRole({ accountId, roleName, roleId }: SessionCaller, ledger: Reads): Promise<Role | null> {
    const role = await roleByName(roleName, { ledger, caller: { accountId } })
    return role?.body.roleId === roleId ? role : null
  }

  /** The record that lists the caller's policies; null for a type of caller that has none, and for a deleted user or role. */
  async #principal(caller: Caller, ledger: Reads): Promise<User | Role | null> {
    if (caller.type === 'ram-user') return ledger.get(USER, ramScope(caller.accountId), caller.principalId)
    return caller.type === 'assumed-role' ? this.sessionRole(caller, ledger) : null
  }

  async #read(caller: Caller, principal: User | Role, ledger: Reads): Promise<Permissions | MalformedPolicy> {
    try {
      const groups = 'groups' in principal.body ? principal.body.groups.map(({ groupId }) => groupId) : []
      const own = { type: 'IdentityBased', set: await this.#setOf(principal, groups, ledger) } as const
      if (caller.type !== 'assumed-role' || caller.sessionPolicy === null) return { sets: [own] }
      return { sets: [{ type: 'SessionPolicy', set: this.#sessionSet(caller.sessionPolicy) }, own] }
    } catch (error) {
      if (error instanceof MalformedPolicy) return error
      throw error
    }
  }

  /** Throws MalformedPolicy. A missing group or policy counts as malformed, since a Deny may be missing with it. */
  async #setOf(principal: Principal, groupIds: readonly string[], ledger: Reads): Promise<PolicySet> {
    const scope = ramScope(principal.account)
    const groups = await Promise.all(
      groupIds.map(async (id) => present(await ledger.get(GROUP, scope, id), `the group ${id}`)),
    )
    const keys = [...new Set([principal, ...groups].flatMap(({ body }) => body.policies).map(({ policy }) => policy))]
    const context = { ledger, caller: { accountId: principal.account } }
    const policies = await Promise.all(
      keys.map(async (key) => this.#named(present(await attachedPolicy(key, context), `the policy ${key}`))),
    )
    return new PolicySet(policies, this.#memory)
  }

  #named({ policyName, defaultVersion, versions }: FoundPolicy): NamedPolicy {
    const version = versions.find(({ versionId }) => versionId === defaultVersion)
    if (!version) throw new MalformedPolicy(`${policyName} has no version ${defaultVersion}`)
    try {
      const which = `the policy ${policyName} ${defaultVersion}`
      const policy = this.#policies.stored(version.document, 'identity', which)
      return { name: policyName, version: defaultVersion, policy }
    } catch (error) {
      if (!(error instanceof MalformedPolicy)) throw error
      throw new MalformedPolicy(`${policyName} ${defaultVersion}: ${error.message}`)
    }
  }

  /** Sessions with the same policy share one set, because the set remembers which statements match. */
  #sessionSet(document: string): PolicySet {
    const known = this.#sessionSets.get(document)
    if (known) return known
    const set = new PolicySet([{ name: '', version: '', policy: this.#policies.session(document) }], this.#memory)
    this.#sessionSets.set(document, set)
    return set
  }
}

/** Reads through a view, and keeps the keys of the records that it read. */
class Traced {
  readonly keys: string[] = []
  readonly #view: LedgerView

  constructor(view: LedgerView) {
    this.#view = view
  }

  get<B>(kind: Kind<B>, scope: Scope, id: string): MaybePromise<Recorded<B> | null> {
    this.keys.push(recordKey(kind.name, scope.account, scope.region, id))
    return this.#view.get(kind, scope, id)
  }
}

function present<T>(found: T | null, what: string): T {
  if (found === null) throw new MalformedPolicy(`${what} is attached and missing`)
  return found
}
