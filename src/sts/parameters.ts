// Parameters of STS operations, refused with STS's own codes (docs/errors.md).
import { refuse } from '../api/errors.ts'
import { matching, type Parameter, parameter } from '../api/parameters.ts'
import { MalformedPolicy, parseNewPolicy } from '../ram/policy/language.ts'
import { invalidToken, MAX_TOKEN, type OidcToken, readToken } from './oidc/token.ts'

const MAX_POLICY_LENGTH = 2048

/** Returns the parameter with STS's own error code for a missing one, which contains the parameter's name. */
function named<T>(parameter: Parameter<T>): Parameter<T> {
  return { ...parameter, missing: (name) => refuse('MissingParameter.{name}', { name }) }
}

export const roleArnParameter = named(
  parameter('text', 'acs:ram::ACCOUNT:role/NAME.', 'InvalidParameter.RoleArn', (text) => {
    const [, accountId, roleName] = /^acs:ram::(\d{1,20}):role\/([A-Za-z0-9.@_-]{1,64})$/.exec(text) ?? []
    return accountId !== undefined && roleName !== undefined ? { accountId, roleName } : null
  }),
)

export const providerArn = named(
  parameter('text', 'acs:ram::ACCOUNT:oidc-provider/NAME.', 'InvalidParameter.OIDCProviderArn', (text) => {
    const [, accountId, name] = /^acs:ram::(\d{1,20}):oidc-provider\/([A-Za-z0-9._-]{1,128})$/.exec(text) ?? []
    return accountId !== undefined && name !== undefined ? { accountId, name } : null
  }),
)

/** An OIDC token, parsed and not verified. */
export const oidcToken: Parameter<OidcToken> = {
  type: 'text',
  rule: `A signed JWT of at most ${MAX_TOKEN} characters.`,
  secret: true,
  required: true,
  missing: () => invalidToken('The OIDCToken can not empty.'),
  read: (_, text) => readToken(text),
}

export const roleSessionName = named(
  matching('2 to 64 letters, digits, ., @, _ and -.', 'InvalidParameter.RoleSessionName', /^[A-Za-z0-9.@_-]{2,64}$/),
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

/** A session policy that `sessionPolicy` checks later, once the caller is authenticated. */
export const laterPolicy: Parameter<string> = {
  type: 'json',
  rule: `A policy of at most ${MAX_POLICY_LENGTH} characters.`,
  secret: false,
  required: true,
  read: (_, text) => text,
}

/** A session policy, checked and returned as sent. It can only narrow the permissions of the role. */
export const sessionPolicy: Parameter<string> = {
  ...laterPolicy,
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
