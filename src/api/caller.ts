// The caller: the identity that events name (docs/reference/events.md, "Identities") and that policies allow or deny.

interface Identity {
  readonly accountId: string
  /** Account: its id. User: UserId. Session: RoleId:RoleSessionName. Service: its name. OIDC provider: its ARN. */
  readonly principalId: string
  /** Account: root. User: UserName. Session: RoleName:RoleSessionName. Service: its name. */
  readonly userName: string
  /** Empty in a session of the console. */
  readonly accessKeyId: string
}

/** A session of the console: the caller logged on, and signs no calls. */
interface LoggedOn {
  /** Milliseconds since 1970. */
  readonly since: number
  /** Whether a second factor was checked. */
  readonly mfa: boolean
}

/** The account itself. It may do anything with its own resources; no policy is evaluated. */
export interface AccountCaller extends Identity {
  readonly type: 'root-account'
  readonly loggedOn?: LoggedOn
}

export interface UserCaller extends Identity {
  readonly type: 'ram-user'
  readonly loggedOn?: LoggedOn
}

/** A session of a role, with temporary credentials. Times are milliseconds since 1970. */
export interface SessionCaller extends Identity {
  readonly type: 'assumed-role'
  readonly roleId: string
  readonly roleName: string
  readonly sessionName: string
  /** The policy that narrows this session, or null. */
  readonly sessionPolicy: string | null
  readonly startedAt: number
  /** The service that assumed the role, or null. */
  readonly invokedBy: string | null
  /** Whether the principal that assumed the role had logged on with a second factor; absent where it had not logged on. */
  readonly mfa?: boolean
}

/** A service of the cloud. Without a session it may only assume roles that trust it. */
export interface ServiceCaller extends Identity {
  readonly type: 'service'
}

/** A caller with a token of an OIDC provider, before the token is verified. `principalId` is the provider's ARN, `userName` its name. */
export interface FederatedCaller extends Identity {
  readonly type: 'oidc-provider'
  /** The provider's issuer. */
  readonly issuerUrl: string
}

export type Caller = AccountCaller | UserCaller | SessionCaller | ServiceCaller | FederatedCaller

/** The calling service principal, which uses its own AccessKey or a session that it started; null for any other caller. */
export function servicePrincipal(caller: Caller): string | null {
  if (caller.type === 'service') return caller.userName
  return caller.type === 'assumed-role' ? caller.invokedBy : null
}

/** The value of the condition key acs:MFAPresent: whether a second factor was checked at log-on; null for a caller without a log-on. */
export function mfaPresent(caller: Caller): boolean | null {
  switch (caller.type) {
    case 'root-account':
    case 'ram-user':
      return caller.loggedOn?.mfa ?? null
    case 'assumed-role':
      return caller.mfa ?? null
    case 'service':
    case 'oidc-provider':
      return null
  }
}

/** The value of the condition key acs:PrincipalARN for this caller (docs/reference/policy-language.md). For a service it is the service's name. */
export function principalArn(caller: Caller): string {
  switch (caller.type) {
    case 'root-account':
      return `acs:ram::${caller.accountId}:root`
    case 'ram-user':
      return `acs:ram::${caller.accountId}:user/${caller.userName}`
    case 'assumed-role':
      return `acs:ram::${caller.accountId}:role/${caller.roleName}`
    case 'service':
      return caller.userName
    case 'oidc-provider':
      return caller.principalId
  }
}
