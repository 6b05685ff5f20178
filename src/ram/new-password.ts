// Giving a user a password: what the account's password policy demands of it, and which former ones it must differ from.
import { refuse } from '../api/errors.ts'
import { hashPassword, isPassword, isStrong, type PasswordRules } from './password.ts'
import type { LoginProfile, UserBody } from './records.ts'

type Random = { randomBytes(length: number): Uint8Array }
type WithPassword = Pick<LoginProfile, 'passwordHash' | 'passwordChangedAt' | 'formerHashes'>

/**
 * What the login profile of a user keeps of a new password. `user` is the one before; `now` is in milliseconds since 1970. Refuses with
 * InvalidParameter.Password.TooWeak. Takes tens of milliseconds for the password, and for each former one that counts.
 */
export async function withPassword(
  password: string,
  { userName, loginProfile: profile }: Pick<UserBody, 'userName' | 'loginProfile'>,
  rules: PasswordRules,
  now: number,
  random: Random,
): Promise<WithPassword> {
  if (!isStrong(password, userName, rules)) throw refuse('InvalidParameter.Password.TooWeak')
  const former = profile ? [profile.passwordHash, ...(profile.formerHashes ?? [])] : []
  const counting = former.slice(0, rules.passwordPolicy.PasswordReusePrevention)
  // One after the other: each takes 19 MiB.
  for (const hash of counting) if (await isPassword(password, hash)) throw refuse('InvalidParameter.Password.TooWeak')
  return {
    passwordHash: await hashPassword(password, random),
    passwordChangedAt: now,
    formerHashes: counting,
  }
}

/** When the password was given, in milliseconds since 1970. */
export function passwordSince({ passwordChangedAt, createdAt }: LoginProfile): number {
  return passwordChangedAt ?? createdAt
}
