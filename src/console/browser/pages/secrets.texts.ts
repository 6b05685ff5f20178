import type { Texts } from '../texts/format.ts'

export const secretsTexts = {
  lead: [
    'Passwords, tokens and other values that programs read when they need them. Each value is encrypted under a key.',
    '供程序在需要时读取的密码、令牌等机密值，每个凭据值都由密钥加密。',
  ],
  create: ['Create Secret', '创建凭据'],
  search: ['Find by name or description', '按名称或描述查找'],
  tag: ['Tag, as key or key=value', '标签，如 键 或 键=值'],
  name: ['Secret Name', '凭据名称'],
  type: ['Type', '凭据类型'],
  updated: ['Updated', '更新时间'],
  deletion: ['Deletion', '计划删除时间'],
  total: [{ one: '1 secret', other: '{count} secrets' }, '{count} 个凭据'],
  empty: ['There is no secret in this region yet.', '本地域还没有凭据。'],
  'none-found': ['No secret matches.', '没有匹配的凭据。'],
  clear: ['Clear filters', '清除筛选'],
} as const satisfies Texts
