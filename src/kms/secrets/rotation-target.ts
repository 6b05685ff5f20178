// What a rotation of a secret changes, and whether it can change that now. Reads records and changes none.
import type { LedgerView } from '../../ledger/view.ts'
import { ramScope, USER, type User } from '../../ram/records.ts'
import { mayChange, type SecretDatabase } from '../../settings/secret-databases.ts'
import type { KmsContext } from '../operation.ts'
import type { RotationTarget, SecretBody } from './records.ts'
import { CURRENT, PREVIOUS, versionInStage } from './stages.ts'

/** A fault that stops a rotation until an administrator removes it. The message is a sentence without anything secret. */
export class RotationFault extends Error {}

type Context = Pick<KmsContext, 'scope' | 'quotas'> & {
  readonly ledger: Pick<LedgerView, 'get'>
  readonly settings: Pick<KmsContext['settings'], 'secretDatabases'>
}

/** The user whose AccessKeys a rotation replaces, the current AccessKey, and the secret's older ones, which the rotation deletes. */
export interface AccessKeyTarget {
  readonly user: User
  readonly current: string
  readonly former: readonly string[]
}

/** The account whose password a rotation changes. */
export interface AccountTarget {
  readonly instanceId: string
  readonly accountName: string
}

export type Target = AccessKeyTarget | AccountTarget

/**
 * Returns what the next rotation changes. `asked`: a caller requested the rotation; then it replaces even an AccessKey that was deleted
 * outside of the secret. Throws RotationFault.
 */
export async function nextTarget(
  body: SecretBody,
  target: RotationTarget,
  context: Context,
  asked: boolean,
): Promise<Target> {
  if ('userId' in target) return accessKeyTarget(body, target.userId, context, asked)
  const account = { instanceId: target.instanceId, accountName: accountOf(body, target.isDouble) }
  allowedDatabase(account, context)
  return account
}

async function accessKeyTarget(
  body: SecretBody,
  userId: string,
  { ledger, scope, quotas }: Context,
  asked: boolean,
): Promise<AccessKeyTarget> {
  const user = await ledger.get(USER, ramScope(scope.account), userId)
  if (!user) throw new RotationFault('The RAM user of the secret was deleted.')
  const current = versionInStage(body, CURRENT)?.credentialId ?? ''
  const { accessKeyIds } = user.body
  if (!asked && !accessKeyIds.includes(current))
    throw new RotationFault('The AccessKey of the version ACSCurrent was deleted. RotateSecret makes a new one.')
  const former = body.versions
    .map(({ credentialId = '' }) => credentialId)
    .filter((id) => id !== current && accessKeyIds.includes(id))
  const most = quotas['max-access-keys-per-user']
  if (accessKeyIds.length - former.length >= most)
    throw new RotationFault(
      `The RAM user has an AccessKey that the secret does not have, and may have ${most}. Delete that AccessKey.`,
    )
  return { user, current, former }
}

/** The account of the secret; of two accounts, the one that is not in use. */
function accountOf(body: SecretBody, isDouble: boolean): string {
  return versionInStage(body, isDouble ? PREVIOUS : CURRENT)?.credentialId ?? ''
}

/** Returns the account's database. Throws RotationFault where the operator does not, or no longer, allow a change of the account's password. */
export function allowedDatabase(
  account: AccountTarget,
  { scope, settings }: Pick<Context, 'scope' | 'settings'>,
): SecretDatabase {
  const database = settings.secretDatabases.get(account.instanceId)
  if (database?.account !== scope.account)
    throw new RotationFault('The operator’s file of databases does not have the instance of the secret.')
  if (!mayChange(database, account.accountName))
    throw new RotationFault('The operator’s file of databases does not allow changes of the account’s password.')
  return database
}
