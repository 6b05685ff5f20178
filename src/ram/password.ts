// Passwords: what the account demands of them, and the salted slow hash, which is all that is stored.
import { argon2, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import type { AccountSettings } from './account-settings.ts'

const SALT_BYTES = 16
/** OWASP's recommendation for argon2id: 19 MiB, two passes, one lane. */
const COST = { parallelism: 1, tagLength: 32, memory: 19_456, passes: 2 }

const hashAsync = promisify(argon2)

async function slowHash(password: string, nonce: Uint8Array): Promise<Buffer> {
  return hashAsync('argon2id', { message: Buffer.from(password, 'utf8'), nonce, ...COST })
}

/** The hash with its salt, as it is stored; takes tens of milliseconds, off the event loop. */
export async function hashPassword(
  password: string,
  { randomBytes }: { randomBytes(length: number): Uint8Array },
): Promise<string> {
  const salt = randomBytes(SALT_BYTES)
  return Buffer.concat([salt, await slowHash(password, salt)]).toString('base64')
}

export async function isPassword(password: string, stored: string): Promise<boolean> {
  const bytes = Buffer.from(stored, 'base64')
  return timingSafeEqual(await slowHash(password, bytes.subarray(0, SALT_BYTES)), bytes.subarray(SALT_BYTES))
}

/** What an account demands of passwords. */
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
