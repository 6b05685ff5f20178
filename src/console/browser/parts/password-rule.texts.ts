import type { Texts } from '../texts/format.ts'

export const passwordRuleTexts = {
  rule: ['Rule: {rule}', '密码规则：{rule}'],
  length: ['at least {length} characters', '至少 {length} 个字符'],
  lower: ['a lowercase letter', '小写字母'],
  upper: ['an uppercase letter', '大写字母'],
  digit: ['a digit', '数字'],
  symbol: ['a symbol', '特殊字符'],
} as const satisfies Texts
