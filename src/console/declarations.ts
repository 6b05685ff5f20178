// The declarations of all operations, as JSON: what forms, their checks and their help are made of.
import { createHash } from 'node:crypto'
import type { Parameter } from '../api/parameters.ts'
import type { CallOperation, ProductVersion } from '../gateway/house.ts'
import { CONDITION_KEYS } from '../ram/policy/condition-key.ts'

/** Actions that policies know besides those of operations. */
const FURTHER_ACTIONS = ['kms:ReEncryptFrom', 'kms:ReEncryptTo']
const TAG_KEYS = ['kms:tag/KEY', 'acs:ResourceTag/KEY', 'acs:RequestTag/KEY']

/** The declarations of the newest version of each product, and a tag that changes with them. */
export function declarationsOf(products: readonly ProductVersion[]): { readonly body: string; readonly etag: string } {
  const newest = products.filter((one, i) => products.findIndex(({ product }) => product === one.product) === i)
  const operations = newest.flatMap((one) => [...one.operations.values()])
  const actions = new Set([...operations.flatMap(({ action }) => action ?? []), ...FURTHER_ACTIONS])
  const body = JSON.stringify({
    Products: newest.map(({ product, version, operations: all }) => ({
      Name: product.name,
      Version: version,
      Operations: [...all.values()].map(operationShown),
    })),
    Actions: [...actions].toSorted(),
    ConditionKeys: [
      ...CONDITION_KEYS.map(([Key, Type]) => ({ Key, Type })),
      ...TAG_KEYS.map((Key) => ({ Key, Type: 'String' })),
    ],
  })
  return { body, etag: `"${createHash('sha256').update(body).digest('base64url')}"` }
}

function operationShown({ name, summary, action, access, parameters, refusals, selfService }: CallOperation): object {
  return {
    Name: name,
    Summary: summary,
    Action: action,
    Access: access,
    ...(selfService && { SelfService: selfService }),
    Parameters: Object.entries(parameters).map(([parameter, declared]) => parameterShown(parameter, declared)),
    Refusals: refusals,
  }
}

function parameterShown(name: string, { type, required, secret, rule, fallback, shape }: Parameter<unknown>): object {
  const { min, max, longest, pattern, choices } = shape ?? {}
  const isPlain = typeof fallback === 'string' || typeof fallback === 'number' || typeof fallback === 'boolean'
  return {
    Name: name,
    Type: type,
    Required: required,
    ...(isPlain && fallback !== '' && { Default: fallback }),
    ...(min !== undefined && { Min: min }),
    ...(max !== undefined && { Max: max }),
    ...(longest !== undefined && { MaxLength: longest }),
    ...(pattern !== undefined && { Pattern: pattern }),
    ...(choices && { Enum: choices }),
    Secret: secret,
    Description: rule,
  }
}
