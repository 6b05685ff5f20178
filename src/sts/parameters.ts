// Parameters of STS operations, refused with STS's own codes (contract/ram.md 5.1, section 6).
import { type Code, refuse } from '../api/errors.ts'
import type { Parameter } from '../api/parameters.ts'
import { MalformedPolicy, parseNewPolicy } from '../ram/policy/language.ts'

const MAX_POLICY_LENGTH = 2048

type OwnCode = Extract<
  Code,
  | 'InvalidParameter.RoleArn'
  | 'InvalidParameter.RoleSessionName'
  | 'InvalidParameter.ExternalId'
  | 'InvalidParameter.SourceIdentity'
  | 'InvalidParameter.DurationSeconds'
>

function parameter<T>(
  type: Parameter<T>['type'],
  rule: string,
  code: OwnCode,
  read: (text: string) => T | null,
): Parameter<T> {
  return {
    type,
    rule,
    secret: false,
    required: true,
    missing: 'MissingParameter.{name}',
    read(_, text) {
      const value = read(text)
      if (value === null) throw refuse(code)
      return value
    },
  }
}

function matching(rule: string, code: OwnCode, pattern: RegExp): Parameter<string> {
  return parameter('text', rule, code, (text) => (pattern.test(text) ? text : null))
}

export const roleArnParameter = parameter('text', 'acs:ram::ACCOUNT:role/NAME.', 'InvalidParameter.RoleArn', (text) => {
  const [, accountId, roleName] = /^acs:ram::(\d{1,20}):role\/([A-Za-z0-9.@_-]{1,64})$/.exec(text) ?? []
  return accountId !== undefined && roleName !== undefined ? { accountId, roleName } : null
})

export const roleSessionName = matching(
  '2 to 64 letters, digits, ., @, _ and -.',
  'InvalidParameter.RoleSessionName',
  /^[A-Za-z0-9.@_-]{2,64}$/,
)

export const externalId = matching(
  '2 to 1224 letters, digits and _+=,.@:/-.',
  'InvalidParameter.ExternalId',
  /^[\w+=,.@:/-]{2,1224}$/,
)

export const sourceIdentity = matching(
  '2 to 64 letters, digits, ., @, _ and -.',
  'InvalidParameter.SourceIdentity',
  /^[A-Za-z0-9.@_-]{2,64}$/,
)

export const durationSeconds = parameter(
  'integer',
  '900 to the longest session of the role, in seconds.',
  'InvalidParameter.DurationSeconds',
  (text) => (/^\d{1,6}$/.test(text) ? Number(text) : null),
)

/** A session policy as it was given; it can only narrow what the role may do. */
export const sessionPolicy: Parameter<string> = {
  type: 'json',
  rule: `A policy of at most ${MAX_POLICY_LENGTH} characters.`,
  secret: false,
  required: true,
  read(_, text) {
    if ([...text].length > MAX_POLICY_LENGTH)
      throw refuse('InvalidParameter.PolicySize', { limit: String(MAX_POLICY_LENGTH) })
    try {
      parseNewPolicy(text, 'session')
    } catch (error) {
      if (error instanceof MalformedPolicy) throw refuse('InvalidParameter.PolicyGrammar', { fault: error.message })
      throw error
    }
    return text
  },
}
