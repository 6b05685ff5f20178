// Who calls: the identity that events name and policies judge.

/** An authenticated caller; userIdentity of contract/actiontrail.md section 2. */
export interface Caller {
  readonly type: 'root-account'
  readonly accountId: string
  readonly principalId: string
  readonly userName: string
  readonly accessKeyId: string
}
