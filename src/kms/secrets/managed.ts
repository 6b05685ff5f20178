// Secrets that the service rotates: what CreateSecret takes for them, and what is stored.
import { refuse } from '../../api/errors.ts'
import type { Resource } from '../../api/operation.ts'
import { json } from '../../api/parameters.ts'
import { ramResource, userByName } from '../../ram/find.ts'
import { mayChange } from '../../settings/secret-databases.ts'
import { isRoleName } from '../../storage/postgresql-password.ts'
import type { KmsContext } from '../operation.ts'
import type { RotationTarget, SecretBody, SecretRotation, SecretType, SecretVersion } from './records.ts'
import { secretIntervalMs } from './rotation.ts'
import { AUTO_NAME } from './secret-name.ts'
import { CURRENT, PREVIOUS } from './stages.ts'

const RAM_PREFIX = 'acs/ram/user/'
const MAX_CUSTOM = 10
/** The most characters of ExtendedConfig. */
const MAX_CONFIG = 1024

/** The parameter ExtendedConfig, as far as it is read. */
export interface ExtendedConfig {
  readonly SecretSubType: string
  readonly UserName?: string
  readonly DBInstanceId?: string
  readonly CustomData: Readonly<Record<string, string>>
}

type CustomData = ExtendedConfig['CustomData']

/** The parameter ExtendedConfig.CustomData. */
export const customData = json<CustomData>({
  max: MAX_CONFIG,
  rule: `A JSON object of at most ${MAX_CUSTOM} pairs of texts, with which ExtendedConfig has at most ${MAX_CONFIG} characters.`,
  check: (value) => (isCustomData(value) ? value : null),
})

/** Returns the secret with other custom data. Refuses a Generic secret, and data with which ExtendedConfig would be too long. */
export function withCustomData(body: SecretBody, CustomData: CustomData): SecretBody {
  if (body.extendedConfig === null) throw refuse('Rejected.UnsupportedOperation')
  const changed = JSON.stringify({ ...(JSON.parse(body.extendedConfig) as object), CustomData })
  if (changed.length > MAX_CONFIG) throw invalid('ExtendedConfig.CustomData', customData.rule)
  return { ...body, extendedConfig: changed }
}

export const extendedConfig = json<ExtendedConfig>({
  max: MAX_CONFIG,
  rule: `A JSON object of at most ${MAX_CONFIG} characters with SecretSubType; UserName, or DBInstanceId; and CustomData, at most ${MAX_CUSTOM} pairs of texts.`,
  check(value) {
    if (!isObject(value)) return null
    const { SecretSubType, UserName, DBInstanceId, CustomData = {} } = value
    if (typeof SecretSubType !== 'string' || !isTextOrAbsent(UserName) || !isTextOrAbsent(DBInstanceId)) return null
    if (!isCustomData(CustomData)) return null
    return {
      SecretSubType,
      ...(UserName !== undefined && { UserName }),
      ...(DBInstanceId !== undefined && { DBInstanceId }),
      CustomData,
    }
  },
})

/** A new secret, as its type makes it. */
export interface FreshSecret {
  readonly name: string
  readonly extendedConfig: string | null
  readonly rotation: SecretRotation | null
  /** ACSCurrent, and ACSPrevious where there are two. */
  readonly versions: readonly { readonly version: SecretVersion; readonly data: string }[]
}

/** A credential as it is stored in a version: its id (an AccessKeyId, or the name of an account), and the value. */
interface Credential {
  readonly id: string
  readonly data: string
}

/** A new secret that the service rotates. */
interface Managed {
  readonly name: string
  readonly extendedConfig: string
  readonly target: RotationTarget
  readonly credentials: readonly Credential[]
}

interface Given {
  readonly SecretName: string
  readonly VersionId: string
  readonly SecretData: string
  readonly SecretDataType: string
  readonly ExtendedConfig: ExtendedConfig | null
  readonly EnableAutomaticRotation: boolean
  readonly RotationInterval: string | null
}

/** Locates what a rotation changes, with the actions that change it: who makes the secret must be allowed these, too. */
export async function locateManaged(
  { SecretType, ExtendedConfig }: { readonly SecretType: string; readonly ExtendedConfig: ExtendedConfig | null },
  context: KmsContext,
): Promise<readonly Resource[]> {
  const { account, region } = context.scope
  if (SecretType === 'RAMCredentials' && ExtendedConfig?.UserName) {
    const user = await ramResource('user', ExtendedConfig.UserName, context)
    return ['CreateAccessKey', 'UpdateAccessKey', 'DeleteAccessKey'].map((name) => ({ ...user, action: `ram:${name}` }))
  }
  if (SecretType === 'Rds' && ExtendedConfig?.DBInstanceId) {
    const name = ExtendedConfig.DBInstanceId
    const arn = `acs:rds:${region}:${account}:dbinstance/${name}`
    return [{ type: 'ACS::RDS::DBInstance', name, arn, action: 'rds:ResetAccountPassword' }]
  }
  return []
}

/**
 * Returns the name, the versions and the rotation of a new secret. Refuses what does not fit the type, and a user or an instance that is
 * not there.
 */
export async function freshSecret(given: Given, type: SecretType, context: KmsContext): Promise<FreshSecret> {
  const { SecretName, SecretData, VersionId } = given
  const { now } = context
  if (type === 'Generic') {
    if (SecretName === AUTO_NAME) throw invalid('SecretName', 'A secret of type Generic has a name of its own.')
    const version = { id: VersionId, createdAt: now, stages: [CURRENT] }
    return { name: SecretName, extendedConfig: null, rotation: null, versions: [{ version, data: SecretData }] }
  }
  if (given.SecretDataType !== 'text') throw invalid('SecretDataType', `It is text for secrets of type ${type}.`)
  if (!given.ExtendedConfig) throw refuse('MissingParameter', { name: 'ExtendedConfig' })
  const intervalMs = secretIntervalMs(given.EnableAutomaticRotation, given.RotationInterval)
  const { name, extendedConfig, target, credentials } = await (type === 'Rds'
    ? databaseSecret(given, given.ExtendedConfig, context)
    : ramSecret(given, given.ExtendedConfig, context))
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
  const pairs = pairsIn(SecretData, ['AccessKeys', 'AccessKeyId', 'AccessKeySecret'], rule)
  const user = await userByName(UserName, { ledger, caller: { accountId: scope.account } })
  if (!user) throw refuse('Forbidden.ResourceNotFound')
  const { userName, accessKeyIds } = user.body
  if (pairs.length > 2 || pairs.length !== accessKeyIds.length || !pairs.every(([id]) => accessKeyIds.includes(id)))
    throw invalid('SecretData', rule)
  const credential = ([id, secret]: Pair) => ({ id, data: accessKeyValue(id, secret, now) })
  return {
    name: `${RAM_PREFIX}${userName}`,
    extendedConfig: JSON.stringify({ SecretSubType, UserName: userName, CustomData }),
    target: { userId: user.id },
    credentials: pairs.map(credential),
  }
}

function databaseSecret(
  { SecretName, SecretData }: Given,
  config: ExtendedConfig,
  { settings, scope }: KmsContext,
): Managed {
  const { SecretSubType, DBInstanceId, CustomData } = config
  if (SecretName === AUTO_NAME) throw invalid('SecretName', 'A secret of type Rds has a name of its own.')
  const isDouble = SecretSubType === 'DoubleUsers'
  if ((SecretSubType !== 'SingleUser' && !isDouble) || !DBInstanceId)
    throw invalid('ExtendedConfig', 'SecretSubType is SingleUser or DoubleUsers, and DBInstanceId names the instance.')
  const count = isDouble ? 'the two accounts' : 'the account'
  const rule = `A JSON object like {"Accounts":[{"AccountName":"…","AccountPassword":"…"}]} with ${count} of a secret of subtype ${SecretSubType}; the operator must allow changes of their passwords.`
  const pairs = pairsIn(SecretData, ['Accounts', 'AccountName', 'AccountPassword'], rule)
  const database = settings.secretDatabases.get(DBInstanceId)
  if (database?.account !== scope.account) throw refuse('Forbidden.ResourceNotFound')
  const allowed = pairs.every(([name]) => isRoleName(name) && mayChange(database, name))
  if (pairs.length !== (isDouble ? 2 : 1) || !allowed) throw invalid('SecretData', rule)
  return {
    name: SecretName,
    extendedConfig: JSON.stringify({ SecretSubType, DBInstanceId, CustomData }),
    target: { instanceId: DBInstanceId, isDouble },
    credentials: pairs.map(([id, password]) => ({ id, data: accountValue(id, password) })),
  }
}

/** The value of a version of type RAMCredentials, as its clients read it. */
export function accessKeyValue(AccessKeyId: string, AccessKeySecret: string, now: number): string {
  return JSON.stringify({ AccessKeyId, AccessKeySecret, GenerateTimestamp: new Date(now).toISOString() })
}

/** The value of a version of type Rds, as its clients read it. */
export function accountValue(AccountName: string, AccountPassword: string): string {
  return JSON.stringify({ AccountName, AccountPassword })
}

/** Returns the password in the value of a version of type Rds. */
export function passwordIn(value: string): string {
  return (JSON.parse(value) as { readonly AccountPassword: string }).AccountPassword
}

type Pair = readonly [id: string, secret: string]

/** Returns the pairs of SecretData, each id once. Refuses any other text, with a message that contains nothing of it. */
function pairsIn(text: string, [list, id, secret]: readonly [string, string, string], rule: string): readonly Pair[] {
  const listed = members(text)?.[list]
  if (!Array.isArray(listed)) throw invalid('SecretData', rule)
  const pairs = listed.map((one: unknown): Pair => {
    const { [id]: name, [secret]: value, ...others } = isObject(one) ? one : {}
    if (typeof name !== 'string' || name === '' || typeof value !== 'string' || Object.keys(others).length > 0)
      throw invalid('SecretData', rule)
    return [name, value]
  })
  if (pairs.length === 0 || new Set(pairs.map(([name]) => name)).size < pairs.length) throw invalid('SecretData', rule)
  return pairs
}

function members(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : null
  } catch {
    return null
  }
}

function invalid(name: string, rule: string) {
  return refuse('InvalidParameter', { name, rule })
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isTextOrAbsent(value: unknown): value is string | undefined {
  return value === undefined || typeof value === 'string'
}

function isCustomData(value: unknown): value is Readonly<Record<string, string>> {
  return (
    isObject(value) &&
    Object.keys(value).length <= MAX_CUSTOM &&
    Object.values(value).every((one) => typeof one === 'string')
  )
}
