// Sets a user's password: it must meet the account's password policy and differ from former passwords.
import { refuse } from '../api/errors.ts'
import type { InTurn } from './heavy-work.ts'
import type { Random } from './identifiers.ts'
import { hashPassword, isPassword, isStrong, type PasswordRules } from './password.ts'
import type { LoginProfile, UserBody } from './records.ts'

type WithPassword = Pick<LoginProfile, 'passwordHash' | 'passwordChangedAt' | 'formerHashes'>

/**
 * Returns the members of a login profile for a new password. The second parameter is the user before the change; `now` is milliseconds since
 * 1970. Refuses with InvalidParameter.Password.TooWeak. `inTurn` gives each hash its turn: that of the new password, and those of the former
 * passwords that count.
 */
export async function withPassword(
  password: string,
  { userName, loginProfile: profile }: Pick<UserBody, 'userName' | 'loginProfile'>,
  rules: PasswordRules,
  now: number,
  random: Random,
  inTurn: InTurn,
): Promise<WithPassword> {
  if (!isStrong(password, userName, rules)) throw refuse('InvalidParameter.Password.TooWeak')
  const former = profile ? [profile.passwordHash, ...(profile.formerHashes ?? [])] : []
  const counting = former.slice(0, rules.passwordPolicy.PasswordReusePrevention)
  for (const hash of counting)
    if (await inTurn(() => isPassword(password, hash))) throw refuse('InvalidParameter.Password.TooWeak')
  return {
    passwordHash: await inTurn(() => hashPassword(password, random)),
    passwordChangedAt: now,
    formerHashes: counting,
  }
}

/** When the password was set, in milliseconds since 1970. */
export function passwordSince({ passwordChangedAt, createdAt }: LoginProfile): number {
  return passwordChangedAt ?? createdAt
}
