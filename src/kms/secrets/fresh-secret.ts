// A new secret: the name, the first versions and the rotation that its type prescribes.
import { type Refusal, refuse } from '../../api/errors.ts'
import type { Resource } from '../../api/operation.ts'
import { userByName } from '../../ram/find.ts'
import { ramResource } from '../../ram/resources.ts'
import { mayChange } from '../../settings/secret-databases.ts'
import { isRoleName } from '../../storage/postgresql-password.ts'
import type { KmsContext } from '../operation.ts'
import { accessKeyValue, accountValue, givenAccessKeys, givenAccounts } from './credential-values.ts'
import { type ExtendedConfig, extendedConfigIn } from './extended-config.ts'
import type { RotationTarget, SecretRotation, SecretType, SecretVersion } from './records.ts'
import { secretIntervalMs } from './rotation.ts'
import { AUTO_NAME, ECS_PREFIX } from './secret-name.ts'
import { CURRENT, PREVIOUS } from './stages.ts'

const RAM_PREFIX = 'acs/ram/user/'

/** The parameters of CreateSecret. */
interface Given {
  readonly SecretName: string
  readonly VersionId: string
  readonly SecretData: string
  readonly SecretDataType: string
  readonly ExtendedConfig: string | null
  readonly EnableAutomaticRotation: boolean
  readonly RotationInterval: string | null
}

interface FreshSecret {
  readonly name: string
  readonly extendedConfig: string | null
  readonly rotation: SecretRotation | null
  /** ACSCurrent, and ACSPrevious where there are two. */
  readonly versions: readonly { readonly version: SecretVersion; readonly data: string }[]
}

/** The type-specific parts of a new secret that the service rotates. */
interface Managed {
  readonly name: string
  readonly extendedConfig: string
  readonly target: RotationTarget
  /** For each version, the id of its credential (SecretVersion.credentialId) and its value. The first is the current one. */
  readonly credentials: readonly { readonly id: string; readonly data: string }[]
}

/** Locates the user or instance that a rotation changes, with the actions of that change: the caller of CreateSecret needs them too. */
export async function locateRotated(
  { SecretType, ExtendedConfig }: { readonly SecretType: string; readonly ExtendedConfig: string | null },
  context: KmsContext,
): Promise<readonly Resource[]> {
  if (ExtendedConfig === null || (SecretType !== 'RAMCredentials' && SecretType !== 'Rds')) return []
  const { account, region } = context.scope
  const { UserName, DBInstanceId: name } = extendedConfigIn(ExtendedConfig)
  if (SecretType === 'RAMCredentials' && UserName) {
    const user = await ramResource('user', UserName, context)
    return ['CreateAccessKey', 'UpdateAccessKey', 'DeleteAccessKey'].map((name) => ({ ...user, action: `ram:${name}` }))
  }
  if (SecretType === 'Rds' && name) {
    const arn = `acs:rds:${region}:${account}:dbinstance/${name}`
    return [{ type: 'ACS::RDS::DBInstance', name, arn, action: 'rds:ResetAccountPassword' }]
  }
  return []
}

/**
 * Returns the name, the versions and the rotation of a new secret. Refuses parameters that do not fit the type, with a message that contains
 * nothing of SecretData. Refuses a user or an instance that does not exist.
 */
export async function freshSecret(given: Given, type: SecretType, context: KmsContext): Promise<FreshSecret> {
  const { SecretName, SecretData, VersionId } = given
  const { now } = context
  if (type === 'Generic') {
    demandOwnName(SecretName, type)
    if (given.EnableAutomaticRotation)
      throw invalid('EnableAutomaticRotation', 'It is false or absent for secrets of type Generic.')
    const version = { id: VersionId, createdAt: now, stages: [CURRENT] }
    return { name: SecretName, extendedConfig: null, rotation: null, versions: [{ version, data: SecretData }] }
  }
  if (given.SecretDataType !== 'text') throw invalid('SecretDataType', `It is text for secrets of type ${type}.`)
  if (!given.ExtendedConfig) throw refuse('MissingParameter', { name: 'ExtendedConfig' })
  const config = extendedConfigIn(given.ExtendedConfig)
  const intervalMs = secretIntervalMs(given.EnableAutomaticRotation, given.RotationInterval)
  const { name, extendedConfig, target, credentials } = await (type === 'Rds'
    ? databaseSecret(given, config, context)
    : ramSecret(given, config, context))
  const versions = credentials.map(({ id: credentialId, data }, at) => {
    const [id, stage] = at === 0 ? [VersionId, CURRENT] : [context.newRecordId(), PREVIOUS]
    return { version: { id, createdAt: now, stages: [stage], credentialId }, data }
  })
  const nextAt = intervalMs === null ? null : now + intervalMs
  return { name, extendedConfig, rotation: { target, intervalMs, lastAt: null, nextAt }, versions }
}

async function ramSecret(
  { SecretName, SecretData }: Given,
  config: ExtendedConfig,
  { ledger, scope, now }: KmsContext,
): Promise<Managed> {
  const { SecretSubType, UserName, CustomData } = config
  if (SecretName !== AUTO_NAME) throw invalid('SecretName', `It is ${AUTO_NAME} for secrets of type RAMCredentials.`)
  if (SecretSubType !== 'RamUserAccessKey' || !UserName)
    throw invalid('ExtendedConfig', 'SecretSubType is RamUserAccessKey, and UserName names a RAM user.')
  const rule =
    'A JSON object like {"AccessKeys":[{"AccessKeyId":"…","AccessKeySecret":"…"}]} with all AccessKeys of the RAM user, one or two, and no others.'
  const keys = givenAccessKeys(SecretData)
  if (!keys) throw invalid('SecretData', rule)
  const user = await userByName(UserName, { ledger, caller: { accountId: scope.account } })
  if (!user) throw refuse('Forbidden.ResourceNotFound')
  const { userName, accessKeyIds } = user.body
  if (keys.length > 2 || keys.length !== accessKeyIds.length || !keys.every(([id]) => accessKeyIds.includes(id)))
    throw invalid('SecretData', rule)
  return {
    name: `${RAM_PREFIX}${userName}`,
    extendedConfig: JSON.stringify({ SecretSubType, UserName: userName, CustomData }),
    target: { userId: user.id },
    credentials: keys.map(([id, secret]) => ({ id, data: accessKeyValue(id, secret, now) })),
  }
}

function databaseSecret(
  { SecretName, SecretData }: Given,
  config: ExtendedConfig,
  { settings, scope }: KmsContext,
): Managed {
  const { SecretSubType, DBInstanceId, CustomData } = config
  demandOwnName(SecretName, 'Rds')
  const isDouble = SecretSubType === 'DoubleUsers'
  if ((SecretSubType !== 'SingleUser' && !isDouble) || !DBInstanceId)
    throw invalid('ExtendedConfig', 'SecretSubType is SingleUser or DoubleUsers, and DBInstanceId names the instance.')
  const count = isDouble ? 'the two accounts' : 'the account'
  const rule = `A JSON object like {"Accounts":[{"AccountName":"…","AccountPassword":"…"}]} with ${count} of a secret of subtype ${SecretSubType}; the operator must allow changes of their passwords.`
  const accounts = givenAccounts(SecretData)
  if (!accounts) throw invalid('SecretData', rule)
  const database = settings.secretDatabases.get(DBInstanceId)
  if (database?.account !== scope.account) throw refuse('Forbidden.ResourceNotFound')
  const allowed = accounts.every(([name]) => isRoleName(name) && mayChange(database, name))
  if (accounts.length !== (isDouble ? 2 : 1) || !allowed) throw invalid('SecretData', rule)
  return {
    name: SecretName,
    extendedConfig: JSON.stringify({ SecretSubType, DBInstanceId, CustomData }),
    target: { instanceId: DBInstanceId, isDouble },
    credentials: accounts.map(([id, password]) => ({ id, data: accountValue(id, password) })),
  }
}

function demandOwnName(name: string, type: SecretType): void {
  if (name === AUTO_NAME || name.startsWith(ECS_PREFIX))
    throw invalid('SecretName', `A secret of type ${type} has a name of its own, which does not start with acs/.`)
}

function invalid(name: string, rule: string): Refusal {
  return refuse('InvalidParameter', { name, rule })
}
