// Passwords: the account's rules for them, and the salted slow hash. Only the hash is stored.
import { argon2, pbkdf2, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { inFipsMode } from '../runtime/fips.ts'
import type { AccountSettings } from './account-settings.ts'
import type { Random } from './identifiers.ts'

const SALT_BYTES = 16
/** OWASP's recommendation for argon2id: 19 MiB, two passes, one lane. */
const COST = { parallelism: 1, tagLength: 32, memory: 19_456, passes: 2 }

/** OWASP's recommendation for PBKDF2 with HMAC-SHA-512, which is available in FIPS mode. */
const ITERATIONS = 210_000

const argon2Async = promisify(argon2)
const pbkdf2Async = promisify(pbkdf2)

/** The hash function: Argon2id, or PBKDF2 with HMAC-SHA-512 in FIPS mode. */
type Scheme = 'argon2id' | 'pbkdf2'
const PBKDF2 = 'pbkdf2$'

async function slowHash(scheme: Scheme, password: string, salt: Uint8Array): Promise<Buffer> {
  const message = Buffer.from(password, 'utf8')
  if (scheme === 'pbkdf2') return pbkdf2Async(message, salt, ITERATIONS, COST.tagLength, 'sha512')
  return argon2Async('argon2id', { message, nonce: salt, ...COST })
}

/** Returns the hash with its salt in the stored form. Takes tens of milliseconds, off the event loop. */
export async function hashPassword(
  password: string,
  { randomBytes }: Random,
  scheme: Scheme = inFipsMode() ? 'pbkdf2' : 'argon2id',
): Promise<string> {
  const salt = randomBytes(SALT_BYTES)
  const text = Buffer.concat([salt, await slowHash(scheme, password, salt)]).toString('base64')
  return scheme === 'pbkdf2' ? `${PBKDF2}${text}` : text
}

/** Whether a password can be checked against a stored hash: FIPS mode does not have Argon2id. */
export function canCheck(stored: string): boolean {
  return stored.startsWith(PBKDF2) || !inFipsMode()
}

/** Whether the password has the stored hash. Where the hash can't be checked, returns false after the same amount of work. */
export async function isPassword(password: string, stored: string): Promise<boolean> {
  const scheme = stored.startsWith(PBKDF2) || inFipsMode() ? 'pbkdf2' : 'argon2id'
  const bytes = Buffer.from(stored.replace(PBKDF2, ''), 'base64')
  const same = timingSafeEqual(
    await slowHash(scheme, password, bytes.subarray(0, SALT_BYTES)),
    bytes.subarray(SALT_BYTES),
  )
  return same && canCheck(stored)
}

/** The account's rules for passwords. */
export type PasswordRules = Pick<AccountSettings, 'passwordPolicy' | 'furtherPasswordRules'>

/** Whether the password of a user meets the account's password policy (docs/reference/operations/ims-2019-08-15.md, SetPasswordPolicy). */
export function isStrong(password: string, userName: string, rules: PasswordRules): boolean {
  const { passwordPolicy: policy, furtherPasswordRules: further } = rules
  return (
    new Set(password).size >= further.MinimumPasswordDifferentCharacter &&
    (!further.PasswordNotContainUserName || !password.toLowerCase().includes(userName.toLowerCase())) &&
    password.length >= policy.MinimumPasswordLength &&
    (!policy.RequireLowercaseCharacters || /[a-z]/.test(password)) &&
    (!policy.RequireUppercaseCharacters || /[A-Z]/.test(password)) &&
    (!policy.RequireNumbers || /[0-9]/.test(password)) &&
    (!policy.RequireSymbols || /[^A-Za-z0-9]/.test(password))
  )
}
