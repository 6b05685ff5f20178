// Starts a session of a role: its caller, its credentials, and their form in replies.
import type { SessionCaller } from '../api/caller.ts'
import { refuse } from '../api/errors.ts'
import type { Decision, Reply } from '../api/operation.ts'
import { isoSeconds } from '../api/time.ts'
import { NONCE_BYTES } from '../cryptography/xaes.ts'
import type { Change } from '../ledger/record.ts'
import { roleArn } from '../ram/answers.ts'
import { newSessionAccessKeyId } from '../ram/identifiers.ts'
import type { Role } from '../ram/records.ts'
import type { StsContext } from './operation.ts'

const MIN_SECONDS = 900

/** The properties of a session to start. */
export interface Beginning extends Pick<SessionCaller, 'sessionName' | 'sessionPolicy' | 'invokedBy' | 'mfa'> {
  readonly seconds: number
  /** The longest allowed duration. */
  readonly mostSeconds: number
}

/** Starts a session of the role. `further` are more members of the reply. Refuses a duration out of range with InvalidParameter.DurationSeconds. */
export function beginSession(
  role: Role,
  { seconds, mostSeconds, ...own }: Beginning,
  further: Reply,
  context: StsContext,
): Decision<Change> {
  if (seconds < MIN_SECONDS || seconds > mostSeconds) throw refuse('InvalidParameter.DurationSeconds')
  const { roleId, roleName } = role.body
  const { now } = context
  const session: SessionCaller = {
    type: 'assumed-role',
    accountId: role.account,
    principalId: `${roleId}:${own.sessionName}`,
    userName: `${roleName}:${own.sessionName}`,
    accessKeyId: newSessionAccessKeyId(context),
    roleId,
    roleName,
    startedAt: now,
    ...own,
  }
  const expiresAt = now + seconds * 1000
  const sealed = context.securityTokens.issue({ caller: session, expiresAt }, context.randomBytes(NONCE_BYTES))
  return {
    reply: {
      AssumedRoleUser: { Arn: `${roleArn(role)}/${own.sessionName}`, AssumedRoleId: session.principalId },
      Credentials: {
        AccessKeyId: session.accessKeyId,
        AccessKeySecret: sealed.secret,
        SecurityToken: sealed.token,
        Expiration: isoSeconds(expiresAt),
      },
      ...further,
    },
    changes: [],
    created: [{ type: 'ACS::RAM::AccessKey', name: session.accessKeyId, arn: '' }],
  }
}
