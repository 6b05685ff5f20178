// The principals that a trust policy names (docs/reference/policy-language.md, "Principals").
import { isJsonObject } from '../../runtime/json.ts'
import { SERVICE_NAME } from '../service-name.ts'

export interface Principal {
  readonly type: 'RAM' | 'Service' | 'Federated'
  readonly name: string
}

const FORMS: Readonly<Record<Principal['type'], RegExp>> = {
  RAM: /^acs:ram::\d{1,20}:(?:root|user\/[A-Za-z0-9._-]{1,64}|role\/[A-Za-z0-9.@_-]{1,64})$/,
  Service: new RegExp(String.raw`^(?:\d{1,20}@)?${SERVICE_NAME}$`),
  Federated: /^acs:ram::\d{1,20}:(?:saml|oidc)-provider\/[A-Za-z0-9._-]{1,128}$/,
}

/** The principals of a statement; throws `Malformed` with the place of the fault. */
export function parsePrincipals(
  value: unknown,
  where: string,
  Malformed: new (message: string) => Error,
): readonly Principal[] {
  if (!isJsonObject(value))
    throw new Malformed(`Principal of ${where} must be an object with RAM, Service or Federated.`)
  const principals = Object.entries(value).flatMap(([type, names]) => {
    if (!isType(type))
      throw new Malformed(`The member "${type.slice(0, 100)}" in Principal of ${where} is not supported.`)
    const list: unknown[] = Array.isArray(names) ? names : [names]
    return list.map((name): Principal => {
      if (typeof name === 'string' && FORMS[type].test(name)) return { type, name }
      throw new Malformed(
        `A ${type} principal of ${where} is not of the form that it must have: no wildcards, one full name.`,
      )
    })
  })
  if (principals.length === 0) throw new Malformed(`Principal of ${where} must not be empty.`)
  return principals
}

function isType(type: string): type is Principal['type'] {
  return Object.hasOwn(FORMS, type)
}

/** A caller in the terms of trust policies. */
export interface Candidate {
  /** Its names in trust policies: ARNs of RAM, or the name of a service. */
  readonly names: readonly string[]
  /** The UserId or RoleId of a user or session, the issuer of an OIDC provider; null for others. */
  readonly id: string | null
  /** Whether an identity provider authenticated it. Only Federated principals match such a caller, and they match no other. */
  readonly federated?: true
}

/** The role that has the trust policy. */
export interface TrustingRole {
  readonly account: string
  /** See RoleBody.trustedIds. */
  readonly ids: Readonly<Record<string, string>>
}

/**
 * Whether the principal is the candidate: by id where the role has bound one, otherwise by name, ignoring case. A user or role of the role's own
 * account without a bound id did not exist when the policy was written; in an Allow it matches nobody. A provider must match by name and, where
 * bound, by issuer.
 */
export function means(
  { type, name }: Principal,
  candidate: Candidate,
  { account, ids }: TrustingRole,
  effect: 'Allow' | 'Deny',
): boolean {
  if ((type === 'Federated') !== (candidate.federated === true)) return false
  const lower = name.toLowerCase()
  const id = ids[lower]
  const isNamed = candidate.names.some((own) => own.toLowerCase() === lower)
  if (candidate.federated) return isNamed && (id === undefined || id === candidate.id)
  if (id !== undefined) return id === candidate.id
  const isOwn = lower.startsWith(`acs:ram::${account}:user/`) || lower.startsWith(`acs:ram::${account}:role/`)
  if (isOwn && effect === 'Allow') return false
  return isNamed
}
