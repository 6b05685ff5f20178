import type { Texts } from '../../texts/format.ts'

export const kindTexts = {
  'kind.Generic': ['Generic', '通用凭据'],
  'kind.RAMCredentials': ['RAM: AccessKey of a user', 'RAM凭据：用户的AccessKey'],
  'kind.Rds': ['RDS: password in PostgreSQL', 'RDS凭据：PostgreSQL密码'],
  user: ['RAM User', 'RAM用户'],
  instance: ['Instance', '实例'],
  accounts: ['Accounts', '账号'],
  'accounts.SingleUser': ['One account', '单账号'],
  'accounts.DoubleUsers': ['Two accounts, used alternately', '双账号轮流使用'],
  rotation: ['Automatic rotation', '自动轮转'],
  interval: ['Interval', '轮转周期'],
  'interval.help': [
    'A number with d, h, m or s, such as 30d; from 6 hours to 365 days.',
    '数字加单位 d、h、m 或 s，例如 30d；6小时至365天。',
  ],
} as const satisfies Texts
