// Whether and how a user may log on to the console (docs/reference/operations/ram-2015-05-01.md, CreateLoginProfile).
import { refuse } from '../api/errors.ts'
import type { Reply } from '../api/operation.ts'
import { isoSeconds } from '../api/time.ts'
import type { LoginProfile, User } from './records.ts'

/** Refuses with EntityNotExist.User.LoginProfile. */
export function loginProfileOf({ body }: User): LoginProfile {
  if (!body.loginProfile) throw refuse('EntityNotExist.User.LoginProfile')
  return body.loginProfile
}

export function loginProfileAnswer(userName: string, profile: LoginProfile): Reply {
  return {
    UserName: userName,
    PasswordResetRequired: profile.passwordResetRequired,
    MFABindRequired: profile.mfaBindRequired,
    CreateDate: isoSeconds(profile.createdAt),
  }
}
