import type { Policy } from '../../service/replies/ram.ts'
import { useLanguage } from '../../texts/language.tsx'
import { CHINESE_SYSTEM_POLICIES } from '../../texts/system-policies.ts'

/** The description of a policy; for system policies in the reader's language. */
export function usePolicyDescription(): (policy: Pick<Policy, 'PolicyType' | 'Description'>) => string {
  const language = useLanguage()
  return ({ PolicyType, Description }) =>
    language === 'zh' && PolicyType === 'System' ? (CHINESE_SYSTEM_POLICIES[Description] ?? Description) : Description
}
