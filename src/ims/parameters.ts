// Parameters of IMS operations, refused with RAM's own codes (docs/reference/operations/ims-2019-08-15.md): first the parameters of OIDC
// providers, then settings of the account that RAM lacks or has in another form.
import { refuse } from '../api/errors.ts'
import { optional, type Parameter, shaped } from '../api/parameters.ts'
import {
  ALIAS,
  checked,
  lengthOf,
  nameOf,
  networkMasks,
  pagingParameters,
  textOf,
  valued,
  whole,
} from '../ram/parameters.ts'

/** The longest URL of an issuer, in characters. */
const MAX_URL = 255
/** Only host, port and path: an issuer's name contains no user, query or fragment. */
const URL_PATTERN = /^https:\/\/(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?(?:\/[\w.~!$&'()*+,;=:%/-]*)?$/
/** The longest text with several items, in characters. */
const MAX_LIST = 16_384

/** The name of an OIDC provider. */
export const providerName = nameOf(
  128,
  /^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/,
  'letters, digits, ., _ and -, the first and the last a letter or digit',
)

/** The URL of an issuer. Tokens must name it with exactly the same characters. */
export const issuerUrl = shaped(
  checked(`A URL of https, at most ${MAX_URL} characters, without ?, # and @.`, (url) => {
    if (url.length > MAX_URL) return 'Length'
    return URL_PATTERN.test(url) && URL.canParse(url) ? null : 'Format'
  }),
  { longest: MAX_URL, pattern: URL_PATTERN.source },
)

export const providerDescription = textOf(256)

/** How old a token may be when it starts a session, in hours. */
export const issuanceLimitHours = whole(1, 168)

/** A client of the provider: an audience of its tokens. */
export const clientId = nameOf(
  128,
  /^[A-Za-z0-9][A-Za-z0-9._:/-]*$/,
  'letters, digits, ., _, -, : and /, the first a letter or digit',
)

/** The fingerprint of a root certificate in which the certificate chain of the issuer's host may end. */
export const fingerprint = nameOf(128, /^[A-Za-z0-9]+$/, 'letters and digits')

export const clientIds = listOf(clientId, 'Client IDs')
export const fingerprints = listOf(fingerprint, 'Fingerprints')

/** A parameter with several items in one text, separated by commas. Duplicates count once. */
function listOf(item: Parameter<string>, what: string): Parameter<readonly string[]> {
  return {
    type: 'text',
    rule: `${what}, separated by commas; each ${item.rule.charAt(0).toLowerCase()}${item.rule.slice(1)}`,
    secret: false,
    required: true,
    read(name, text) {
      if (lengthOf(text) > MAX_LIST) throw refuse('InvalidParameter.{name}.Length', { name })
      return [...new Set(text.split(',').map((part) => item.read(name, part)))]
    },
  }
}

/** The paging of lists by name, with at most 100 items a page. */
export const shortPages = { ...pagingParameters, MaxItems: optional(whole(1, 100), 100) }

/** The end of an account's domain, after its alias or its id. */
export const DOMAIN_END = '.onaliyun.com'
/** The longest domain, in characters. */
const MAX_DOMAIN = 64

/** The domain of an account's users: the account's alias or id, and DOMAIN_END. */
export const defaultDomain = shaped(
  checked(`The account alias or the account ID with ${DOMAIN_END}, at most ${MAX_DOMAIN} characters.`, (domain) => {
    if (domain.length > MAX_DOMAIN) return 'Length'
    const name = domain.slice(0, -DOMAIN_END.length)
    return domain.endsWith(DOMAIN_END) && name.length >= 3 && ALIAS.test(name) ? null : 'Format'
  }),
  { longest: MAX_DOMAIN },
)

/** More blocks than RAM accepts, in a shorter text. */
export const imsNetworkMasks = networkMasks(40, 512)

/** The ways to send a verification code. */
const VERIFICATION_TYPES = ['sms', 'email']

/** The allowed ways to send a user a verification code; an empty list allows none. */
export const verificationTypes = valued<readonly string[]>(
  'json',
  `A JSON array of ${VERIFICATION_TYPES.join(' and ')}.`,
  (text) => {
    try {
      const types: unknown = JSON.parse(text)
      const known = Array.isArray(types) && types.every((type) => VERIFICATION_TYPES.includes(type))
      return known ? [...new Set<string>(types)] : null
    } catch {
      return null
    }
  },
)
