// The caller: the identity that events name (docs/reference/events.md, "Identities") and that policies allow or deny.

interface Identity {
  readonly accountId: string
  /** Account: its id. User: UserId. Session: RoleId:RoleSessionName. Service: its name. */
  readonly principalId: string
  /** Account: root. User: UserName. Session: RoleName:RoleSessionName. Service: its name. */
  readonly userName: string
  readonly accessKeyId: string
}

/** The account itself, which may do anything with its own resources: no policy is evaluated. */
export interface AccountCaller extends Identity {
  readonly type: 'root-account'
}

export interface UserCaller extends Identity {
  readonly type: 'ram-user'
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
}

/** A service of the cloud. Without a session it may only assume roles that trust it. */
export interface ServiceCaller extends Identity {
  readonly type: 'service'
}

export type Caller = AccountCaller | UserCaller | SessionCaller | ServiceCaller

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
  }
}
