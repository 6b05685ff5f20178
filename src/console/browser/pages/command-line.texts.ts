import type { Texts } from '../texts/format.ts'

export const commandLine = {
  title: ['Log on the command line', '登录命令行'],
  lead: [
    'The command line gets your permissions until {when}, or until you log off here.',
    '命令行将获得您的权限，直到{when}或您在此退出登录。',
  ],
  code: ['Code', '代码'],
  compare: [
    'Allow this only if you started it yourself, and your terminal shows the same code. Otherwise somebody else would act in your name.',
    '仅当登录由您本人发起，且终端显示相同的代码时才允许。否则他人将以您的身份操作。',
  ],
  check: [
    'Allow this only if you started it yourself, on the machine that is named here. Otherwise somebody else would act in your name.',
    '仅当登录由您本人在此处所示的机器上发起时才允许。否则他人将以您的身份操作。',
  ],
  name: ['Self-reported name', '自称名称'],
  address: ['Request from', '请求来源'],
  'address.own': ['This machine', '本机'],
  since: ['Since', '请求时间'],
  as: ['Logs on as', '登录身份'],
  mfa: ['Second factor', '多因素认证'],
  'mfa.yes': ['Checked', '已验证'],
  'mfa.no': ['Not checked', '未验证'],
  allow: ['Allow', '允许'],
  deny: ['Deny', '拒绝'],
  incomplete: [
    'This address is incomplete. Run strongroom login again, and open the address that it shows.',
    '此地址不完整。请重新运行 strongroom login，并打开其显示的地址。',
  ],
  done: ['The command line is logged on. You can close this page.', '命令行已登录，可以关闭本页。'],
  failed: ['The command line is not logged on. You can close this page.', '命令行未登录，可以关闭本页。'],
  fetched: [
    'Allowed. The command line is logged on within a few seconds; you can close this page.',
    '已允许。命令行将在几秒内登录，可以关闭本页。',
  ],
  typed: ['Code that the command line shows', '命令行显示的代码'],
  'typed.wrong': ['A code has eight letters, such as BCDF-GHJK.', '代码为八个字母，例如 BCDF-GHJK。'],
  waiting: [
    'Waiting for the command line. If nothing happens within ten seconds, compare the code with the one in the terminal.',
    '正在等待命令行。如果十秒内没有响应，请与终端中的代码核对。',
  ],
} as const satisfies Texts
