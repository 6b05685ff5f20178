// The caller: the identity that events name (docs/reference/events.md, "Identities") and that policies allow or deny.

interface Identity {
  readonly accountId: string
  /** Account: its id. User: UserId. Session: RoleId:RoleSessionName. Service: its name. */
  readonly principalId: string
  /** Account: root. User: UserName. Session: RoleName:RoleSessionName. Service: its name. */
  readonly userName: string
  readonly accessKeyId: string
}

/** The account itself: no policy judges it on its own resources. */
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

/** A cloud product; all that it may do is to assume roles that trust it. */
export interface ServiceCaller extends Identity {
  readonly type: 'service'
}

export type Caller = AccountCaller | UserCaller | SessionCaller | ServiceCaller

/** The ARN by which policies know the caller: acs:PrincipalARN (contract/ram.md 2.5). A service has its name. */
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
