// The canonical form of condition keys, in which policies and requests are compared (docs/reference/policy-language.md, "Condition keys").
/**
 * Returns the canonical form of a key. Keys of acs: become lower case, except for a tag key after the slash. All other keys keep their case.
 * acs:ResourceTag/x becomes kms:tag/x.
 */
export function conditionKey(name: string): string {
  const slash = name.indexOf('/')
  const [head, tail] = slash < 0 ? [name, ''] : [name.slice(0, slash), name.slice(slash)]
  if (!/^acs:/i.test(head)) return name
  const lower = head.toLowerCase()
  return lower === 'acs:resourcetag' ? `kms:tag${tail}` : lower + tail
}

/** The prefix of condition keys for a resource's tags. */
export const RESOURCE_TAG = conditionKey('kms:tag/')

/** Whether the key is a tag of the resource. Then its value differs between resources. */
export function isResourceTag(key: string): boolean {
  return key.startsWith(RESOURCE_TAG)
}

/** The condition keys that policies may use, besides tags, and the types of their values. */
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
/**
 * Keys of other services of the cloud. No request here has them, but policies for those services use them. AWS is another cloud; all keys of
 * `oidc:` are listed above.
 */
const OTHERS = /^(?!(?:aws|oidc):)[a-z][a-z0-9-]*:[^\s:]/i

/** Whether a policy may use the key. A misspelt key of our own services would always be absent and so make a negated condition true. */
export function isUsableKey(key: string): boolean {
  return KNOWN.has(key) || KNOWN_TAGS.test(key) || (!OWN_PREFIX.test(key) && OTHERS.test(key))
}

/** Whether the key has a prefix of our own services. No release accepted an unknown key with such a prefix. */
export function hasOwnPrefix(key: string): boolean {
  return OWN_PREFIX.test(key)
}

/** The usual spelling of a key in documents. */
export function shownKey(key: string): string {
  return KNOWN_NAMES.find((known) => conditionKey(known) === key) ?? key.replace(/^acs:requesttag\//, 'acs:RequestTag/')
}

/** A suggestion for an unknown key: a known key that differs only in its prefix or in case; null if there is none. */
export function meantKey(name: string): string | null {
  const tail = (key: string) => key.slice(key.indexOf(':') + 1).toLowerCase()
  return KNOWN_NAMES.find((known) => tail(known) === tail(name)) ?? null
}
