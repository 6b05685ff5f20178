// The parameter ExtendedConfig of a secret that the service rotates: what the rotation changes, and custom data of the client.
import { refuse } from '../../api/errors.ts'
import { json, type Parameter, text } from '../../api/parameters.ts'
import { isJsonObject, unambiguousJson } from '../../runtime/json.ts'
import type { SecretBody } from './records.ts'

/** The most pairs of CustomData. */
const MAX_CUSTOM = 10
/** The most characters of ExtendedConfig. */
const MAX_CONFIG = 1024

/** The members of ExtendedConfig that the service reads. */
export interface ExtendedConfig {
  readonly SecretSubType: string
  readonly UserName?: string
  readonly DBInstanceId?: string
  readonly CustomData: Readonly<Record<string, string>>
}

type CustomData = ExtendedConfig['CustomData']

/** The parameter ExtendedConfig of CreateSecret. It stays a text, because for a Generic secret it is ignored, whatever it is. */
export const extendedConfig: Parameter<string> = {
  ...text({ max: MAX_CONFIG }),
  type: 'json',
  rule: `A JSON object of at most ${MAX_CONFIG} characters with SecretSubType; UserName, or DBInstanceId; and CustomData, at most ${MAX_CUSTOM} pairs of texts. Ignored for a Generic secret.`,
}

/** Reads the ExtendedConfig of a secret that is not Generic. Refuses with InvalidParameter. */
export function extendedConfigIn(given: string): ExtendedConfig {
  const config = unambiguousJson(given)
  const { SecretSubType, UserName, DBInstanceId, CustomData = {} } = isJsonObject(config) ? config : {}
  if (
    typeof SecretSubType !== 'string' ||
    !isTextOrAbsent(UserName) ||
    !isTextOrAbsent(DBInstanceId) ||
    !isCustomData(CustomData)
  )
    throw refuse('InvalidParameter', { name: 'ExtendedConfig', rule: extendedConfig.rule })
  return {
    SecretSubType,
    ...(UserName !== undefined && { UserName }),
    ...(DBInstanceId !== undefined && { DBInstanceId }),
    CustomData,
  }
}

/** The parameter ExtendedConfig.CustomData of UpdateSecret. */
export const customData = json<CustomData>({
  max: MAX_CONFIG,
  rule: `A JSON object of at most ${MAX_CUSTOM} pairs of texts. The whole ExtendedConfig has at most ${MAX_CONFIG} characters.`,
  check: (value) => (isCustomData(value) ? value : null),
})

/** Returns the secret with new custom data. Refuses a Generic secret, and data that makes ExtendedConfig too long. */
export function withCustomData(body: SecretBody, CustomData: CustomData): SecretBody {
  if (body.extendedConfig === null) throw refuse('Rejected.UnsupportedOperation')
  const changed = JSON.stringify({ ...(JSON.parse(body.extendedConfig) as object), CustomData })
  if (changed.length > MAX_CONFIG)
    throw refuse('InvalidParameter', { name: 'ExtendedConfig.CustomData', rule: customData.rule })
  return { ...body, extendedConfig: changed }
}

function isTextOrAbsent(value: unknown): value is string | undefined {
  return value === undefined || typeof value === 'string'
}

function isCustomData(value: unknown): value is CustomData {
  return (
    isJsonObject(value) &&
    Object.keys(value).length <= MAX_CUSTOM &&
    Object.values(value).every((text) => typeof text === 'string')
  )
}
