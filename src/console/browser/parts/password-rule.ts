import { useArns } from '../service/arns.ts'
import { useMayAsked, useReply } from '../service/queries.ts'
import { useTexts } from '../texts/language.tsx'
import { passwordRuleTexts } from './password-rule.texts.ts'

/** The members of a password policy that restrict passwords. */
export interface PasswordPolicy {
  readonly MinimumPasswordLength?: number
  readonly RequireLowercaseCharacters?: boolean
  readonly RequireUppercaseCharacters?: boolean
  readonly RequireNumbers?: boolean
  readonly RequireSymbols?: boolean
}

/** Describes the rule for passwords. */
export function usePasswordRule(): (policy: PasswordPolicy) => string {
  const say = useTexts(passwordRuleTexts)
  return (policy) => {
    const rule = [
      say('length', { length: policy.MinimumPasswordLength ?? 8 }),
      policy.RequireLowercaseCharacters && say('lower'),
      policy.RequireUppercaseCharacters && say('upper'),
      policy.RequireNumbers && say('digit'),
      policy.RequireSymbols && say('symbol'),
    ]
    return say('rule', { rule: rule.filter(Boolean).join(', ') })
  }
}

/** The rule of the account, if the caller may read it. */
export function useAccountPasswordRule(): string | undefined {
  const rule = usePasswordRule()
  const read = { Action: 'ram:GetPasswordPolicy', Resource: useArns().ram('*') }
  const isAllowed = useMayAsked([read])?.(read.Action, read.Resource).Allowed === true
  const { data } = useReply<{ PasswordPolicy: PasswordPolicy }>('Ram', 'GetPasswordPolicy', {}, isAllowed)
  return data && rule(data.PasswordPolicy)
}
