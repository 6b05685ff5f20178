import type { Texts } from '../texts/format.ts'

export const tagTexts = {
  title: ['Tags', '标签'],
  add: ['Add tag', '添加标签'],
  key: ['Tag key', '标签键'],
  value: ['Tag value', '标签值'],
  remove: ['Remove tag {name}', '删除标签 {name}'],
  'row.key': ['Tag key {number}', '标签键 {number}'],
  'row.value': ['Tag value {number}', '标签值 {number}'],
  'row.remove': ['Remove tag {number}', '删除标签 {number}'],
} satisfies Texts
