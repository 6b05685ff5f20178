// The policies that count for a caller: read from the records of RAM, compiled, and kept while none of these records changes
// (docs/reference/policy-language.md, "Decision").
import type { Caller, SessionCaller } from '../api/caller.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Recorded } from '../ledger/record.ts'
import type { CompiledPolicies, PolicyAlarm } from './compiled-policies.ts'
import { attachedPolicy, type FoundPolicy, roleByName } from './find.ts'
import { MalformedPolicy } from './policy/language.ts'
import { type NamedPolicy, PolicySet } from './policy/policy-set.ts'
import { type Attached, GROUP, POLICY, ROLE, type Role, ramScope, USER, type User } from './records.ts'

type Reads = Pick<Ledger, 'get' | 'changesOf'>
type Principal = Recorded<{ readonly policies: readonly Attached[] }>

/** The policies that count for a caller: each of the sets must allow a request. */
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

/** The kinds of records that permissions are made of. */
const COUNTING = [USER, GROUP, ROLE, POLICY]
/** Beyond so many session policies all are forgotten. */
const KEPT_SESSION_SETS = 1000

export class PermissionReader {
  readonly #ledger: Reads
  readonly #policies: CompiledPolicies
  readonly #alarm: PolicyAlarm
  readonly #permissions = new WeakMap<Caller, Kept>()
  readonly #sessionSets = new Map<string, PolicySet>()

  constructor(ledger: Reads, policies: CompiledPolicies, alarm: PolicyAlarm) {
    this.#ledger = ledger
    this.#policies = policies
    this.#alarm = alarm
  }

  /**
   * The policies of a user or session; null for a caller that no policy can allow anything, and for one whose policies are broken. The
   * caller's own record is read through `ledger`.
   */
  async of(caller: Caller, ledger: Pick<Ledger, 'get'> = this.#ledger): Promise<Permissions | null> {
    let principal = await this.#principal(caller, ledger)
    while (principal) {
      const changes = this.#ledger.changesOf(COUNTING)
      const kept = this.#permissions.get(caller)
      if (kept?.changes === changes && kept.revision === principal.revision) return kept.permissions
      const read = await this.#read(caller, principal)
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

  /** The role of a session; null when it was deleted since. */
  async sessionRole(
    { accountId, roleName, roleId }: SessionCaller,
    ledger: Pick<Ledger, 'get'> = this.#ledger,
  ): Promise<Role | null> {
    const role = await roleByName(roleName, { ledger, caller: { accountId } })
    return role?.body.roleId === roleId ? role : null
  }

  /** The record that names the caller's policies; null for a caller without any, and for one that was deleted. */
  async #principal(caller: Caller, ledger: Pick<Ledger, 'get'>): Promise<User | Role | null> {
    if (caller.type === 'ram-user') return ledger.get(USER, ramScope(caller.accountId), caller.principalId)
    return caller.type === 'assumed-role' ? this.sessionRole(caller, ledger) : null
  }

  async #read(caller: Caller, principal: User | Role): Promise<Permissions | MalformedPolicy> {
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

  /** Throws MalformedPolicy for a group or policy that is missing, too: a Deny would be missing with it. */
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

  /** One set for all sessions with the same policy: it remembers which statements match. */
  #sessionSet(document: string): PolicySet {
    const known = this.#sessionSets.get(document)
    if (known) return known
    const set = new PolicySet([{ name: '', version: '', policy: this.#policies.session(document) }])
    if (this.#sessionSets.size >= KEPT_SESSION_SETS) this.#sessionSets.clear()
    this.#sessionSets.set(document, set)
    return set
  }
}

function present<T>(found: T | null, what: string): T {
  if (found === null) throw new MalformedPolicy(`${what} is attached and missing`)
  return found
}
