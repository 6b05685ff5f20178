import type { Texts } from '../../texts/format.ts'

export const keyActionTexts = {
  enable: ['Enable', '启用'],
  disable: ['Disable', '禁用'],
  schedule: ['Schedule Key Deletion', '计划删除密钥'],
  cancel: ['Cancel Key Deletion', '取消删除密钥'],
  protect: ['Enable Deletion Protection', '开启删除保护'],
  unprotect: ['Disable Deletion Protection', '关闭删除保护'],
  'is-state': ['The key is {state}.', '密钥状态为{state}。'],
  'is-protected': ['Deletion protection is on. Turn it off first.', '删除保护已开启，请先关闭。'],
  'disable.1': [
    'Encrypt, Decrypt and data keys of this key fail at once with Rejected.Disabled.',
    '使用该密钥的加密、解密和数据密钥操作将立即失败（Rejected.Disabled）。',
  ],
  'disable.sign': [
    'Signing and verifying with this key, and reading its public key, fail at once with Rejected.Disabled.',
    '使用该密钥签名、验签以及读取其公钥的操作将立即失败（Rejected.Disabled）。',
  ],
  'disable.pair': [
    'Encrypting and decrypting with this key, and reading its public key, fail at once with Rejected.Disabled.',
    '使用该密钥加密、解密以及读取其公钥的操作将立即失败（Rejected.Disabled）。',
  ],
  'disable.2': ['Automatic rotation is suspended.', '自动轮转将暂停。'],
  'disable.3': ['Nothing is lost: enable the key again at any time.', '数据不会丢失，可随时重新启用密钥。'],
  'enable.1': ['All uses of the key work again at once.', '该密钥的各项使用立即恢复。'],
  'cancel.1': ['The key is kept, and is Enabled afterwards.', '密钥将被保留并恢复为启用状态。'],
  days: ['Delete In ({min}-{max} days)', '预删除周期（{min}-{max}天）'],
  'schedule.1': ['From now on nobody can use this key.', '从现在起，任何人都无法使用该密钥。'],
  'schedule.2': [
    'On {date} the key and all of its versions are destroyed. Data encrypted under it can then never be decrypted.',
    '密钥及其所有版本将于{date}销毁。此后，由其加密的数据将永远无法解密。',
  ],
  'schedule.sign': [
    'On {date} the key and all of its versions are destroyed. Download the public keys before, if signatures must stay verifiable.',
    '密钥及其所有版本将于{date}销毁。如需继续验证已有签名，请事先下载公钥。',
  ],
  'schedule.3': [
    { one: 'Its alias goes with it: {names}.', other: 'Its aliases go with it: {names}.' },
    '其别名将一并删除：{names}。',
  ],
  'schedule.4': ['Until that day, you can choose Cancel Key Deletion.', '在此之前可以取消删除密钥。'],
  'schedule.instead': ['If you are not sure, disable the key instead.', '如不确定，请改为禁用密钥。'],
  'secrets.some': [
    {
      one: 'This key protects one secret, whose value nobody can read from now on:',
      other: 'This key protects {count} secrets, whose values nobody can read from now on:',
    },
    '此密钥保护{count}个凭据，从现在起其凭据值都无法读取：',
  ],
  'secrets.more': [{ one: 'and one more', other: 'and {count} more' }, '以及另外{count}个'],
  'secrets.unknown': ['Whether secrets depend on this key is unknown.', '无法得知是否有凭据依赖此密钥。'],
  use: ['Last calls', '最近调用'],
  'use.none': ['No successful use in the last 90 days.', '最近90天内没有成功使用记录。'],
  'use.last': ['{operation} by {user}', '{user} 调用 {operation}'],
  'use.unknown': ['The trail could not be read, so recent use is unknown.', '无法读取审计记录，最近使用情况未知。'],
  'protect.1': ['ScheduleKeyDeletion refuses the key while its protection is on.', '保护开启期间，密钥无法计划删除。'],
  'unprotect.1': ['You can then schedule the deletion of the key.', '关闭后可以计划删除密钥。'],
} as const satisfies Texts
