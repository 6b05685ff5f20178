// Names of condition keys, in the one form in which policies and requests meet (docs/reference/policy-language.md, "Condition keys").

/**
 * The form of a key that is compared: keys of acs: in lower case but for the tag key behind the slash, which keeps its case,
 * as all other keys do; acs:ResourceTag/x is kms:tag/x.
 */
export function conditionKey(name: string): string {
  const slash = name.indexOf('/')
  const [head, tail] = slash < 0 ? [name, ''] : [name.slice(0, slash), name.slice(slash)]
  if (!/^acs:/i.test(head)) return name
  const lower = head.toLowerCase()
  return lower === 'acs:resourcetag' ? `kms:tag${tail}` : lower + tail
}

/** What the keys of a resource's own tags begin with. */
export const RESOURCE_TAG = conditionKey('kms:tag/')

/** Whether the key is a tag of the resource, so that its value differs from one resource to the other. */
export function isResourceTag(key: string): boolean {
  return key.startsWith(RESOURCE_TAG)
}

/** The condition keys that policies may use, besides tags, and what their values are. */
export const CONDITION_KEYS = [
  ['acs:CurrentTime', 'Date'],
  ['acs:SecureTransport', 'Bool'],
  ['acs:SourceIp', 'IpAddress'],
  ['acs:MFAPresent', 'Bool'],
  ['acs:PrincipalARN', 'String'],
  ['acs:SourceVpc', 'String'],
  ['acs:VpcSourceIp', 'IpAddress'],
  ['acs:PrincipalRDId', 'String'],
  ['acs:PrincipalRDPath', 'String'],
  ['acs:ResourceGroupId', 'String'],
  ['sts:ExternalId', 'String'],
  ['ram:ServiceName', 'String'],
  ['ram:OidcIssuerUrl', 'String'],
  ['oidc:iss', 'String'],
  ['oidc:aud', 'String'],
  ['oidc:sub', 'String'],
] as const
const KNOWN_NAMES = CONDITION_KEYS.map(([name]) => name)
const KNOWN = new Set<string>(KNOWN_NAMES.map(conditionKey))
const KNOWN_TAGS = /^(?:kms:tag|acs:requesttag)\/./s
const OWN_PREFIX = /^(?:acs|kms|ram|sts):/i
/** Keys of other services of the cloud: no request here has them, and policies for these services may. AWS is another cloud; `oidc:` has no others. */
const OTHERS = /^(?!(?:aws|oidc):)[a-z][a-z0-9-]*:[^\s:]/i

/** Whether a policy may use the key: a misspelt key of our own would be missing for ever, and so widen a negated condition. */
export function isUsableKey(key: string): boolean {
  return KNOWN.has(key) || KNOWN_TAGS.test(key) || (!OWN_PREFIX.test(key) && OTHERS.test(key))
}

/** Whether the key has a prefix of ours, which was never taken for another key. */
export function hasOwnPrefix(key: string): boolean {
  return OWN_PREFIX.test(key)
}

/** The name of a key as documents write it. */
export function shownKey(key: string): string {
  return KNOWN_NAMES.find((known) => conditionKey(known) === key) ?? key.replace(/^acs:requesttag\//, 'acs:RequestTag/')
}

/** The key that somebody meant who left out its prefix, took another or wrote it in another case; or null. */
export function meantKey(name: string): string | null {
  const tail = (one: string) => one.slice(one.indexOf(':') + 1).toLowerCase()
  return KNOWN_NAMES.find((known) => tail(known) === tail(name)) ?? null
}
