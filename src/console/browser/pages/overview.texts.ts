import type { Texts } from '../texts/format.ts'

export const overviewTexts = {
  lead: ['Account {account}, region {region}', '账号 {account}，地域 {region}'],
  enabled: ['Enabled keys', '启用中的密钥'],
  disabled: ['Disabled keys', '已禁用的密钥'],
  importing: ['Keys without material', '待导入的密钥'],
  deleting: ['Keys pending deletion', '待删除的密钥'],
  calls: ['Calls of the last hours', '最近调用'],
  'calls.all': ['All events', '全部事件'],
  'calls.none': ['No calls in the last day.', '最近一天没有调用。'],
  refused: ['Refused lately', '最近被拒绝的调用'],
  start: ['Start here', '从这里开始'],
  'start.text': [
    'Create a key, then encrypt something with it, here or from the command line.',
    '创建一个密钥，然后在此处或通过命令行加密数据。',
  ],
  create: ['Create Key', '创建密钥'],
} as const satisfies Texts
