/** A log-on session of a person, as its cookie or security token contains it. Times are milliseconds since 1970. */
export interface LoggedOnSession {
  /** The principal's record lists it until it is logged off. */
  readonly id: string
  readonly accountId: string
  /** UserId, or the account's id. */
  readonly principalId: string
  /** The AccessKey of the log-on; empty where the person used a password. */
  readonly accessKeyId: string
  /** The mark (markOf) of the password's hash or of the secret used to log on. When either changes, the session ends. */
  readonly mark: string
  readonly mfa: boolean
  readonly since: number
  readonly until: number
  /** The temporary AccessKey that signs the calls of a session of the command line; absent in a session of the console, which does not sign. */
  readonly signsAs?: string
}
