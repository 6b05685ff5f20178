import type { Texts } from '../texts/format.ts'

export const keysTexts = {
  lead: [
    'Customer master keys of this region. They encrypt data keys and small secrets; their material never leaves the service.',
    '本地域的用户主密钥，用于加密数据密钥和少量机密数据；密钥材料不会离开服务。',
  ],
  create: ['Create Key', '创建密钥'],
  search: ['Find by key ID, alias or description', '按密钥ID、别名或描述查找'],
  tag: ['Tag, as key or key=value', '标签，如 键 或 键=值'],
  all: ['All', '全部'],
  key: ['Key', '密钥'],
  level: ['Protection Level', '保护级别'],
  origin: ['Origin', '材料来源'],
  creator: ['Creator', '创建者'],
  'creator.User': ['Users', '用户'],
  'creator.Service': ['Cloud products', '云产品'],
  rotation: ['Rotation', '自动轮转'],
  created: ['Created', '创建时间'],
  'more-aliases': ['+{count} more', '另有 {count} 个'],
  'create-alias': ['Create Alias', '创建别名'],
  total: [{ one: '1 key', other: '{count} keys' }, '{count} 个密钥'],
  empty: ['There is no key in this region yet.', '本地域还没有密钥。'],
  'none-found': ['No key matches.', '没有匹配的密钥。'],
  clear: ['Clear filters', '清除筛选'],
  actions: ['Actions of {name}', '{name} 的操作'],
} as const satisfies Texts
