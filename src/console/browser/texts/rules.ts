import { useCallback } from 'react'
import type { DeclaredParameter } from '../service/declarations.ts'
import type { Fault } from '../service/rules.ts'
import { CHINESE_RULES } from './declared-rules.ts'
import { useCommon, useLanguage, useTexts } from './language.tsx'
import { ruleTexts } from './rules.texts.ts'

/** The declared sentence of a pattern, without the default, which the field shows as its value. */
function ruleSentence({ Description }: Pick<DeclaredParameter, 'Description'>): string {
  return Description.replace(/ Default: .*\.$/, '')
}

interface SayRules {
  /** The rule of a parameter's pattern. */
  sentence(declared: DeclaredParameter): string
  /** What a value breaks. */
  fault(fault: Fault, declared: DeclaredParameter): string
}

/** Says declared rules in the reader's language. */
export function useRules(): SayRules {
  const say = useTexts(ruleTexts)
  const common = useCommon()
  const language = useLanguage()
  const sentence = useCallback(
    (declared: DeclaredParameter) => {
      const english = ruleSentence(declared)
      return language === 'zh' ? (CHINESE_RULES[english] ?? english) : english
    },
    [language],
  )
  return {
    sentence,
    fault(fault, declared) {
      switch (fault.rule) {
        case 'required':
          return common('field.required')
        case 'pattern':
          return sentence(declared)
        case 'range':
          return say('rule.range', { min: fault.min, max: fault.max })
        case 'character':
          return say('rule.character', { character: fault.character })
        default:
          return say(`rule.${fault.rule}`, { count: fault.count })
      }
    },
  }
}
