// Decides whether policies allow a caller's request (docs/reference/policy-language.md, "Decision").
import { type Caller, type SessionCaller, servicePrincipal } from '../api/caller.ts'
import type { Denial } from '../api/errors.ts'
import type { Resource, SelfService } from '../api/operation.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { LedgerView } from '../ledger/view.ts'
import { andThen, type MaybePromise } from '../runtime/maybe-promise.ts'
import { accountSettings } from './account-settings.ts'
import { CompiledPolicies, type PolicyAlarm } from './compiled-policies.ts'
import { conditionValues, type RequestFacts } from './conditions.ts'
import { denialOf } from './denial.ts'
import { ownDeviceName } from './mfa-device.ts'
import { PermissionReader, type Permissions } from './permissions.ts'
import { IMPLICIT } from './policy/verdict.ts'
import { type Role, ramScope, USER, type User } from './records.ts'
import { type TrustAction, TrustPolicies } from './trust.ts'

/** A request for access. */
interface AccessRequest {
  readonly caller: Caller
  readonly action: string
  /** See Operation.otherActions. */
  readonly otherActions?: readonly string[] | undefined
  readonly resources: readonly Resource[]
  readonly facts: RequestFacts
  readonly selfService?: SelfService | undefined
  /** The view through which the call reads. */
  readonly ledger: LedgerView
}

/** The properties of a resource that policies evaluate. */
type Asked = Pick<Resource, 'arn' | 'tags' | 'action' | 'asked' | 'every' | 'deniedOn' | 'usedBy'> & {
  readonly name?: string
}

export class Authorizer {
  readonly #permissions: PermissionReader
  readonly #trust: TrustPolicies

  /** `alarm` receives reports of stored policies that are broken, or contain a part that matches nothing. */
  constructor(ledger: Pick<Ledger, 'confirms'>, alarm: PolicyAlarm) {
    const policies = new CompiledPolicies(alarm)
    this.#permissions = new PermissionReader(ledger, policies, alarm)
    this.#trust = new TrustPolicies(policies, alarm)
  }

  /** Returns the denial of the first denied resource; null when the call is allowed. */
  denial(request: AccessRequest): MaybePromise<Denial | null> {
    const { caller, ledger } = request
    if (caller.type === 'root-account') return null
    return andThen(this.#permissions.of(caller, ledger), (permissions) =>
      andThen(
        firstDenial(request, permissions, () => false),
        (denial) => denial && this.#unlessSelfServed(denial, request, permissions),
      ),
    )
  }

  /** See PermissionReader.of. */
  async permissions(caller: Caller, ledger: LedgerView): Promise<Permissions | null> {
    return this.#permissions.of(caller, ledger)
  }

  /** The role of a session; null when the role has been deleted. */
  sessionRole(session: SessionCaller, ledger: Pick<LedgerView, 'get'>): Promise<Role | null> {
    return this.#permissions.sessionRole(session, ledger)
  }

  /** See TrustPolicies.denial. */
  trustDenial(role: Role, arn: string, caller: Caller, facts: RequestFacts, action: TrustAction): Denial | null {
    return this.#trust.denial(role, arn, caller, facts, action)
  }

  /** See TrustPolicies.keys. */
  trustKeys(role: Role): readonly string[] {
    return this.#trust.keys(role)
  }

  /**
   * Returns the denial, unless the account's security preference allows users to do this to themselves without a policy. An explicit Deny still
   * counts.
   */
  #unlessSelfServed(
    denial: Denial,
    request: AccessRequest,
    permissions: Permissions | null,
  ): MaybePromise<Denial | null> {
    const { caller, selfService, ledger } = request
    if (selfService === undefined || caller.type !== 'ram-user') return denial
    // Reads the user by id: since the caller was authenticated, its name may have passed to another user.
    return andThen(ledger.get(USER, ramScope(caller.accountId), caller.principalId), async (user) => {
      if (!user) return denial
      const { securityPreference } = await accountSettings({ ledger, caller })
      if (!securityPreference[PREFERENCES[selfService]]) return denial
      return firstDenial(request, permissions, (resource) => isOwn(user, resource, selfService))
    })
  }
}

/** How many resources are decided in one go. */
const FEW = 4

/**
 * The denial of the first resource that the permissions deny; null if they allow all. A resource that no policy allows is not denied if it is
 * `selfServed`. Between many resources, the call gives way to others: with the longest policies, one takes milliseconds.
 */
function firstDenial(
  request: AccessRequest,
  permissions: Permissions | null,
  selfServed: (resource: Asked) => boolean,
): MaybePromise<Denial | null> {
  const { resources: named } = request
  const decisive = named.some(({ onlyNamed }) => onlyNamed) ? named.filter(({ onlyNamed }) => !onlyNamed) : named
  const resources: readonly Asked[] = decisive.length > 0 ? decisive : [{ arn: '*' }]
  const denialOn = (resource: Asked) => denialOfOne(resource, request, permissions, selfServed)
  if (resources.length > FEW) return firstOfMany(resources, denialOn, request.ledger)
  for (const resource of resources) {
    const denial = denialOn(resource)
    if (denial) return denial
  }
  return null
}

async function firstOfMany(
  resources: readonly Asked[],
  denialOn: (resource: Asked) => Denial | null,
  ledger: Pick<LedgerView, 'giveWay'>,
): Promise<Denial | null> {
  for (const resource of resources) {
    await ledger.giveWay()
    const denial = denialOn(resource)
    if (denial) return denial
  }
  return null
}

function denialOfOne(
  resource: Asked,
  { caller, facts, otherActions, ...request }: AccessRequest,
  permissions: Permissions | null,
  selfServed: (resource: Asked) => boolean,
): Denial | null {
  const { arn, tags = [], action = request.action, asked, every, deniedOn } = resource
  const isItsOwn = resource.usedBy !== undefined && resource.usedBy === servicePrincipal(caller)
  // A service has no policies, so its use of its own key is allowed. A session has policies, and even here a Deny in them must count.
  if (isItsOwn && caller.type === 'service') return null
  const values = conditionValues(facts, caller, tags)
  if (!permissions) return { ...denialOf({ caller, action }, arn, 'IdentityBased', IMPLICIT), asked }
  for (const { type, set } of permissions.sets) {
    const names = otherActions ? [action, ...otherActions] : action
    const second = deniedOn === undefined ? IMPLICIT : set.decide(names, deniedOn, values)
    if (deniedOn !== undefined && second.decision === 'ExplicitDeny')
      return { ...denialOf({ caller, action }, deniedOn, type, second), asked }
    const verdict = set.decide(names, arn, values, every)
    if (verdict.decision === 'Allow') continue
    if (verdict.decision === 'ImplicitDeny' && isItsOwn && type === 'IdentityBased') continue
    if (verdict.decision === 'ImplicitDeny' && selfServed(resource)) continue
    return { ...denialOf({ caller, action }, arn, type, verdict), asked }
  }
  return null
}

const PREFERENCES = {
  password: 'AllowUserToChangePassword',
  'access keys': 'AllowUserToManageAccessKeys',
  'MFA devices': 'AllowUserToManageMFADevices',
} as const

/** Whether the resource is the user, or the MFA device with the user's name. Any other device name would let users exhaust the quota of devices. */
function isOwn(user: User, { arn, name }: Asked, selfService: SelfService): boolean {
  const { account, body } = user
  if (arn === `acs:ram:*:${account}:user/${body.userName}`) return true
  return (
    selfService === 'MFA devices' &&
    arn.startsWith(`acs:ram:*:${account}:mfa/`) &&
    name?.toLowerCase() === ownDeviceName(user).toLowerCase()
  )
}
