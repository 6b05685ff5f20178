// A session of a person, as its cookie or its security token has it.

/** A session of somebody who logged on. Times are milliseconds since 1970. */
export interface LoggedOnSession {
  /** The principal's record lists it until it is logged off. */
  readonly id: string
  readonly accountId: string
  /** UserId, or the account's id. */
  readonly principalId: string
  /** The AccessKey that it was logged on with; empty for a password. */
  readonly accessKeyId: string
  /** The mark of the password or secret that it was logged on with: it ends when that changes. */
  readonly mark: string
  readonly mfa: boolean
  readonly since: number
  readonly until: number
  /** The temporary AccessKey that signs the calls of a session of the command line; absent in one of the console, which signs none. */
  readonly signsAs?: string
}
