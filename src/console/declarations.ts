// The declarations of all operations, as JSON: what forms, their checks and their help are made of.
import { createHash } from 'node:crypto'
import type { Limits, Parameter, Shape } from '../api/parameters.ts'
import type { CallOperation, ProductVersion } from '../gateway/house.ts'
import type { KmsSettings } from '../kms/operation.ts'
import { CONDITION_KEYS } from '../ram/policy/condition-key.ts'

/** Actions that policies know besides those of operations. */
const FURTHER_ACTIONS = ['kms:ReEncryptFrom', 'kms:ReEncryptTo']
const TAG_KEYS = ['kms:tag/KEY', 'acs:ResourceTag/KEY', 'acs:RequestTag/KEY']

/** The operator's settings that lower declared limits. */
type Settings = Pick<KmsSettings, NonNullable<Shape['maxSetting']>>

/** The declarations of the newest version of each product, and a tag that changes with them. */
export function declarationsOf(
  products: readonly ProductVersion[],
  settings: Settings,
): { readonly body: string; readonly etag: string } {
  const newest = newestOf(products)
  const body = JSON.stringify({
    Products: newest.map(({ product, version, operations: all }) => ({
      Name: product.name,
      Version: version,
      Operations: [...all.values()].map((one) => operationShown(one, settings)),
    })),
    Actions: actionsOf(products),
    ConditionKeys: [
      ...CONDITION_KEYS.map(([Key, Type]) => ({ Key, Type })),
      ...TAG_KEYS.map((Key) => ({ Key, Type: 'String' })),
    ],
  })
  return { body, etag: `"${createHash('sha256').update(body).digest('base64url')}"` }
}

/** The actions that calls need, in order: those of the operations, and those that policies know besides. */
export function actionsOf(products: readonly ProductVersion[]): readonly string[] {
  const operations = newestOf(products).flatMap((one) => [...one.operations.values()])
  const named = operations.flatMap(({ action, otherActions = [] }) => [
    ...(action === null ? [] : [action]),
    ...otherActions,
  ])
  return [...new Set([...named, ...FURTHER_ACTIONS])].toSorted()
}

function newestOf(products: readonly ProductVersion[]): readonly ProductVersion[] {
  return products.filter((one, i) => products.findIndex(({ product }) => product === one.product) === i)
}

function operationShown(operation: CallOperation, settings: Settings): object {
  const { name, summary, action, access, parameters, refusals, selfService } = operation
  return {
    Name: name,
    Summary: summary,
    Action: action,
    Access: access,
    ...(selfService && { SelfService: selfService }),
    Parameters: Object.entries(parameters).map(([parameter, declared]) =>
      parameterShown(parameter, declared, settings),
    ),
    Refusals: refusals,
  }
}

function parameterShown(name: string, declared: Parameter<unknown>, settings: Settings): object {
  const { type, required, secret, rule, fallback, mayBeEmpty, refusedWith, shape = {} } = declared
  const { maxSetting, mostItems, members } = shape
  const isPlain = typeof fallback === 'string' || typeof fallback === 'number' || typeof fallback === 'boolean'
  return {
    Name: name,
    Type: type,
    Required: required,
    ...(mayBeEmpty && { MayBeEmpty: true }),
    ...(isPlain && fallback !== '' && { Default: fallback }),
    ...limitsShown(maxSetting ? { ...shape, max: settings[maxSetting] } : shape),
    ...(mostItems !== undefined && { MaxItems: mostItems }),
    ...(members && { Members: Object.entries(members).map(([Name, limits]) => ({ Name, ...limitsShown(limits) })) }),
    ...(refusedWith && { Refusal: refusedWith }),
    Secret: secret,
    Description: rule,
  }
}

/** Each limit that there is; JSON leaves out the others. */
function limitsShown({ min, max, unit, shortest, longest, mostBytes, pattern, choices }: Limits): object {
  return {
    Min: min,
    Max: max,
    Unit: unit,
    MinLength: shortest,
    MaxLength: longest,
    MaxBytes: mostBytes,
    Pattern: pattern,
    Enum: choices,
  }
}
