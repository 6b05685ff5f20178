import type { Texts } from './format.ts'

/** What breaks a declared limit, in words. */
export const ruleTexts = {
  'rule.range': ['A whole number from {min} to {max}.', '{min} 至 {max} 的整数。'],
  'rule.shortest': [{ one: 'At least 1 character.', other: 'At least {count} characters.' }, '至少 {count} 个字符。'],
  'rule.longest': [{ one: 'At most 1 character.', other: 'At most {count} characters.' }, '最多 {count} 个字符。'],
  'rule.bytes': [{ one: 'At most 1 byte.', other: 'At most {count} bytes.' }, '最多 {count} 字节。'],
  'rule.items': ['At most {count}.', '最多 {count} 个。'],
  'rule.character': ['“{character}” is not allowed here.', '此处不允许使用“{character}”。'],
} as const satisfies Texts
