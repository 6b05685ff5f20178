import type { Texts } from '../texts/format.ts'

export const tagTexts = {
  title: ['Tags', '标签'],
  add: ['Add tag', '添加标签'],
  key: ['Tag key', '标签键'],
  value: ['Tag value', '标签值'],
  remove: ['Remove tag {name}', '删除标签 {name}'],
} satisfies Texts
